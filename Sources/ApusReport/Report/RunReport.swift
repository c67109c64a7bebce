public import ApusDoctor
public import ApusExperiments
public import ApusCharts
public import ApusData
import ApusGraph
public import ApusNN
import ApusTensor
public import ApusTraining

/// A run that one can look at: curves, results and layers as pictures, and one page that holds them all.
///
/// What is not known is left out, so that an interrupted or diverged run has a report as well.
///
/// ```swift
/// import ApusExperiments
///
/// let folder = try RunFolder(existing: "runs/lenet5-1")
/// var report = RunReport(try folder.experiment())
/// report.history = try folder.history()
/// for observation in report.observations { print(observation.title, observation.text) }
/// ```
public struct RunReport: Sendable {
    /// What was to be done.
    public var experiment: Experiment
    /// The facts of the run: when, how, why it ended.
    public var record: RunRecord?
    /// The model, layer by layer.
    public var summary: ModelSummary?
    /// What the columns of a table were taken for.
    public var columns: [TableColumn] = []
    /// What people should know of the data.
    public var notes: [String] = []
    /// What was measured, epoch by epoch.
    public var history = History()
    /// What the model does with data that it was not trained on.
    public var evaluation: Evaluation?
    /// What the evaluated data are called: `test`.
    public var evaluated = "test"
    /// What is in the layers, if the model was looked at.
    public var survey: LayerSurvey?
    /// What the doctor has found, if it was asked.
    public var diagnosis: Diagnosis?
    /// The distributions of weights, gradients and activations during the training, if the run wrote it down.
    public var snapshots: [ModelObservation] = []
    /// What steps did, if the run was watched.
    public var watched: [StepObservation] = []
    /// Images of the evaluated data and what an autoencoder makes of them.
    var reconstructions: [ImageGrid.Image] = []
    /// Samples of `evaluation`, if they are images, for each output that yields classes.
    var pictures: [Pictures] = []
    /// The samples in the plane with what the model decides there, if they have two features.
    public var plane: ScatterChart?

    /// Samples as images, with what an output says of them.
    struct Pictures: Sendable {
        /// The name of the output; empty for the only one.
        let output: String
        /// Those with the largest loss.
        let worst: [ImageGrid.Image]
        /// Some from all over the data.
        let examples: [ImageGrid.Image]
    }

    /// A report that knows the settings alone; everything else may be added.
    public init(_ experiment: Experiment) {
        self.experiment = experiment
    }

    /// Takes what is known of the data.
    mutating func describe(_ data: LoadedData) { (columns, notes) = (data.columns, data.notes) }

    /// What the numbers say.
    public var observations: [Observation] {
        (diagnosis?.observations ?? [])
            + Observations.all(history, evaluation, survey, keepsBest: experiment.keepsBest)
    }

    /// The place of the epoch with the least finite loss: of validation if there is one.
    package static func bestEpoch(_ epochs: [EpochRecord]) -> Int? {
        let losses = epochs.map { ($0.validation ?? $0.training).loss }
        return losses.indices.filter { losses[$0].isFinite }.min { losses[$0] < losses[$1] }
    }
}

extension RunReport {
    /// Looks at a trained model: the layers on one batch of `training`, the results on `test`.
    ///
    /// - Parameters:
    ///   - trainer: The trainer that holds model and weights.
    ///   - training: What the model was trained on.
    ///   - test: What it is measured on; left out where it is `nil`.
    ///   - measured: Loss and metrics on `test`, if they are known already.
    public mutating func look(
        at trainer: Trainer, training: Dataset?, test: Dataset?, measured: Measurements? = nil
    ) throws {
        guard let state = trainer.state else { return }
        let batch = training.flatMap { data in
            data.isEmpty
                ? nil
                : data.batches(of: min(128, data.count), epoch: 0, seed: trainer.seed, ahead: 0).first { _ in true }
        }
        if let batch {
            survey = try LayerSurvey(
                trainer.model, state.evaluatedVariables, objective: trainer.objective, precision: trainer.precision,
                device: trainer.device,
                frozen: state.frozenPaths(inEpoch: history.epochs.last?.epoch ?? max(1, state.epoch)),
                batch: batch, seed: trainer.seed)
        } else {
            survey = LayerSurvey(state.evaluatedVariables)
        }
        guard let test, !test.isEmpty else { return }
        let evaluation = try Evaluation(trainer, on: test, measured: measured)
        self.evaluation = evaluation
        reconstructions = try RunReport.reconstructions(trainer, test)
        pictures = evaluation.outputs.compactMap { output in
            output.classification.map { RunReport.pictures(output.name, $0, test) }
        }
        guard evaluation.outputs.count == 1, let result = evaluation.classification else { return }
        plane = try RunReport.plane(trainer, test, result.classNames)
    }

    private static func pictures(_ output: String, _ result: Evaluation.Classification, _ test: Dataset) -> Pictures {
        func name(_ label: Int) -> String {
            result.classNames.indices.contains(label) ? result.classNames[label] : "\(label)"
        }
        let worst = result.worst.filter { $0.prediction != $0.truth }.compactMap { sample in
            RunReport.image(
                test, sample.index,
                caption: "\(name(sample.truth))\n→ \(name(sample.prediction)) "
                    + "\(RunReport.percent(sample.probability))\nloss \(RunReport.short(sample.loss))")
        }
        let examples = result.examples.compactMap { sample in
            let isRight = sample.prediction == sample.truth
            return RunReport.image(
                test, sample.index,
                caption: isRight
                    ? "\(name(sample.truth))\n\(RunReport.percent(sample.probability))"
                    : "\(name(sample.truth))\n→ \(name(sample.prediction)) "
                        + RunReport.percent(sample.probability),
                frame: isRight ? nil : .category(1))
        }
        return Pictures(output: output, worst: worst, examples: examples)
    }

    /// One sample as a picture, of several inputs the first that is one; `nil` if there is none.
    package static func image(_ data: Dataset, _ index: Int, caption: String, frame: Paint? = nil) -> ImageGrid.Image? {
        data.inputNames.lazy.compactMap { image(data, $0, index, caption: caption, frame: frame) }.first
    }

    /// Height, width and channels of samples that can be shown; `nil` for others.
    static func pictureShape(of data: Dataset, _ input: String) -> [Int]? {
        var shape = data.sampleShape(of: input).dimensions
        if shape.count == 2 { shape.append(1) }
        return shape.count == 3 && min(shape[0], shape[1]) >= 4 && (shape[2] == 1 || shape[2] == 3) ? shape : nil
    }

    private static func image(_ data: Dataset, _ input: String, _ index: Int, caption: String, frame: Paint?)
        -> ImageGrid.Image?
    {
        guard let shape = pictureShape(of: data, input) else { return nil }
        let values = data.input(input, at: index).cast(to: .float32).scalars
        let finite = values.filter(\.isFinite)
        let range =
            data.inputType(of: input).elementType == .uint8
            ? Float(0)...255 : (finite.min() ?? 0)...max(finite.max() ?? 1, finite.min() ?? 0)
        return ImageGrid.Image(
            height: shape[0], width: shape[1], channels: shape[2], values: values, range: range, caption: caption,
            frame: frame)
    }

    /// Samples of two features, and the class that the model gives each place around them.
    private static func plane(_ trainer: Trainer, _ data: Dataset, _ names: [String]) throws -> ScatterChart? {
        guard data.isClassification, data.inputNames.count == 1, data.sampleShape == [2], names.count <= 20 else {
            return nil
        }
        let shown = data.prefix(2000)
        do {
            return try DecisionMap(trainer, around: shown).chart("Decisions", samples: shown)
        } catch is TrainingError {
            // Outputs that are no classes, and samples on a line, have no such picture.
            return nil
        }
    }

    static func percent(_ value: Double) -> String { NumberFormat.percent(value) }
    static func short(_ value: Double, digits: Int = 3) -> String { NumberFormat.short(value, digits: digits) }
}
