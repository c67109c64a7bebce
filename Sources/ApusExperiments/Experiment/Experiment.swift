public import ApusBackend
import ApusConfigurationFiles
public import ApusConfiguration
public import ApusData
public import ApusNN
public import ApusOptimizers
public import ApusTensor
public import ApusTraining

/// A training as data: model, data, loss, optimizer, seed. The same experiment gives the same weights, bit for bit.
///
/// ```swift
/// let experiment = Experiment(
///     name: "moons", data: DataSource(source: .generated(.moons(noise: 0.2))),
///     model: .layers(Sequential { Dense(16, activation: .relu); Dense(2) }), batchSize: 32, epochs: 20)
/// print(try experiment.yaml())   // as a file, which `apus train FILE` runs
/// ```
public struct Experiment: Configurable {
    /// What the run folder is called; no slashes.
    public var name: String
    /// The seed of all randomness but that of `data.seed`.
    public var seed: UInt64
    /// The samples, and what is held back of them.
    public var data: DataSource
    /// A name of the zoo, layers, or parts by name.
    public var model: ModelSource
    /// The weights that training starts from, in place of drawn ones.
    public var initialization: Initialization?
    /// The loss that training minimizes, of a model of one output.
    public var loss: Loss
    /// What that output is compared with; `nil`: the target of the data.
    public var target: Objective.Target?
    /// The losses of a model of several outputs, in place of `loss`.
    public var losses: [String: Loss]?
    /// What those outputs are compared with that have another name than their target.
    public var targets: [String: Objective.Target]?
    /// What is measured besides.
    public var metrics: OutputMetrics
    /// How gradients change the variables.
    public var optimizer: Optimizer
    /// How the learning rate changes.
    public var schedule: Schedule
    /// Samples a step, from 1.
    public var batchSize: Int
    /// How often each sample is seen, from 1.
    public var epochs: Int
    /// The element type of convolutions, matrix products and what follows them.
    public var precision: NumericPrecision
    /// Whether normalizations and activations are kept for the backward pass, or computed again in it.
    public var memory: MemoryUse
    /// Whether what frozen layers yield is computed once and kept in a `FeatureCache`.
    public var cacheFeatures: Bool
    /// Where everything is computed.
    public var device: Device
    /// What happens besides training.
    public var callbacks: [Callback]
    /// Whether `apus train` watches the training, and examines the experiment after it.
    public var doctor: Bool

    /// An experiment with the usual settings where none are given.
    public init(
        name: String, seed: UInt64 = 7, data: DataSource = DataSource(), model: ModelSource,
        initialization: Initialization? = nil, loss: Loss = .softmaxCrossEntropy, target: Objective.Target? = nil,
        losses: [String: Loss]? = nil,
        targets: [String: Objective.Target]? = nil, metrics: OutputMetrics = [.accuracy],
        optimizer: Optimizer = .adam(learningRate: 0.003),
        schedule: Schedule = .cosine(warmupSteps: 200, warmupShare: 0.1),
        batchSize: Int = 128, epochs: Int = 10, precision: NumericPrecision = .float32, memory: MemoryUse = .standard,
        cacheFeatures: Bool = false, device: Device = .cpu, callbacks: [Callback] = [],
        doctor: Bool = false
    ) {
        self.name = name
        self.seed = seed
        self.data = data
        self.model = model
        self.initialization = initialization
        self.loss = loss
        self.target = target
        self.losses = losses
        self.targets = targets
        self.metrics = metrics
        self.optimizer = optimizer
        self.schedule = schedule
        self.batchSize = batchSize
        self.epochs = epochs
        self.precision = precision
        self.memory = memory
        self.cacheFeatures = cacheFeatures
        self.device = device
        self.callbacks = callbacks
        self.doctor = doctor
    }

    public static let schema = Schema(
        Experiment(name: "", model: .name("")),
        .optional("name", \.name, help: "What the run folder is called; the file’s name if it is left out"),
        .optional("seed", \.seed, help: "Of all randomness"),
        .optional("data", \.data, help: "The samples, and what is held back of them"),
        .required("model", \.model, help: "A name of the zoo, a list of layers, or parts by name"),
        .optional(
            "init", \.initialization,
            help:
                "Weights to start from: a file, the folder of a run, or a name such as `mobilenetV2-imagenet`; drawn ones if `nil`"
        ),
        .optional("loss", \.loss, help: "The loss that training minimizes, of a model of one output"),
        .optional(
            "target", \.target,
            help: "What that output is compared with: `input` for an autoencoder; `nil`: the target of the data"),
        .optional("losses", \.losses, help: "The losses of a model of several outputs by name, in place of `loss`"),
        .optional(
            "targets", \.targets,
            help:
                "What those outputs are compared with that have another name than their target: a name, or `{input: NAME}`"
        ),
        .optional(
            "metrics", \.metrics,
            help:
                "What is measured besides: a list for the outputs that yield classes, or a list for each output by name"
        ),
        .optional(
            "optimizer", \.optimizer,
            help: "How gradients change the variables; `adam` alone has its own learning rate"),
        .optional("schedule", \.schedule, help: "How the learning rate changes"),
        .optional("batchSize", \.batchSize, help: "Samples a step"),
        .optional("epochs", \.epochs, help: "How often each sample is seen"),
        .optional(
            "precision", \.precision,
            help:
                "The element type of convolutions, matrix products and what follows them: `float32` or `mixedBFloat16`"
        ),
        .optional(
            "memory", \.memory,
            help: "`saving` computes normalizations and activations again in the backward pass"),
        .optional(
            "cacheFeatures", \.cacheFeatures,
            help:
                "Whether what frozen layers yield is computed once, kept on the disk and trained on: the same bits in less time"
        ),
        .optional(
            "device", \.device,
            help: "Where everything is computed: `cpu`, or `reference` to check a training slowly in Float64"),
        .optional("callbacks", \.callbacks, help: "What happens besides training"),
        .optional(
            "doctor", \.doctor,
            help:
                "Whether the doctor watches the training, and then finds out by experiment what is wrong, if anything is"
        ))

    /// Writes every key, defaults included: the file says everything.
    public func encode(to encoder: any Encoder) throws { try Experiment.schema.writeAll(self, to: encoder) }

    /// The experiment as a YAML file.
    public func yaml() throws -> String { try YAMLText.of(self) }

    /// Reads an experiment from a YAML or JSON text.
    ///
    /// - Throws: `ConfigurationError` that names the line and what is wrong there.
    public init(yaml text: String, path: String) throws {
        self = try ExperimentFile(yaml: text, path: path).experiment()
    }

    /// What training minimizes, and what is measured besides.
    public var objective: Objective {
        guard let losses else {
            return Objective(loss: loss, target: target ?? .named(""), metrics: metrics.metrics)
        }
        return Objective(losses: losses, targets: targets ?? [:], metrics: metrics)
    }

    /// What is out of range, and where.
    var problems: [FileProblem] {
        var problems: [FileProblem] = []
        func expect(_ isRight: Bool, _ path: String, _ range: String, _ value: Any) {
            if !isRight {
                problems.append(
                    FileProblem(path.split(separator: ".").map(String.init), "expected \(range) but found \(value)"))
            }
        }
        expect(!name.isEmpty && !name.contains("/"), "name", "a name without slashes", name.quoted)
        expect(
            name == name.shown || name.contains("/"), "name", "a name of at most 80 letters without control characters",
            name.quoted)
        expect(epochs > 0, "epochs", "a whole number from 1", epochs)
        expect(epochs <= 1 << 30, "epochs", "a whole number up to \(1 << 30)", epochs)
        expect(batchSize > 0, "batchSize", "a whole number from 1", batchSize)
        let metrics = objective.metrics
        expect(metrics.count <= 256, "metrics", "at most 256 metrics", "\(metrics.count)")
        if let problem = data.source.reader.settingProblem {
            problems.append(FileProblem(["data", "source", data.source.name], problem))
        }
        if let table = data.source.reader as? CSVSource, table.target == nil, table.targets?.isEmpty ?? true,
            objective.terms.contains(where: { !$0.target.isInput })
        {
            problems.append(
                FileProblem(
                    ["data", "source", "csv"], "the table needs the column to predict: target, or targets by name"))
        }
        if let texts = data.source.reader as? TextSource, texts.folder == nil, texts.target == nil,
            objective.terms.contains(where: { !$0.target.isInput })
        {
            problems.append(
                FileProblem(
                    ["data", "source", "text"],
                    "the texts need the column to predict: file, column and target; or a folder of classes"))
        }
        let fraction = data.validation.fraction
        expect((0..<1).contains(fraction), "data.validation.fraction", "a number in 0..<1", fraction)
        if let problem = objective.terms.lazy.compactMap(\.metrics.nameProblem).first {
            problems.append(FileProblem(["metrics"], problem))
        }
        if losses != nil, let problem = objective.problem { problems.append(FileProblem(["losses"], problem)) }
        do { try optimizer.validate() } catch { problems.append(FileProblem(["optimizer"], error.description)) }
        do { try schedule.validate() } catch { problems.append(FileProblem(["schedule"], error.description)) }
        return problems
    }
    /// What is unfrozen only after the last epoch, and where. A trial of a search may have fewer epochs than its experiment.
    var lateUnfreezing: [FileProblem] {
        guard case .patterns(let steps) = optimizer.unfreezing,
            let late = steps.firstIndex(where: { $0.epoch > epochs })
        else { return [] }
        let (step, count) = (steps[late], epochs == 1 ? "there is one epoch" : "there are \(epochs) epochs")
        return [
            FileProblem(
                ["optimizer", "unfreezing", "patterns", "\(late)"],
                "\(step.pattern.shown) is unfrozen in epoch \(step.epoch), but \(count); give more, or unfreeze it earlier"
            )
        ]
    }
}
