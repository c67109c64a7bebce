import ApusData
import ApusExperiments
import ApusNN

/// An experiment that is examined, with its data and its question.
struct Patient: Sendable {
    let experiment: Experiment
    let tree: ExperimentTree
    let data: LoadedData
    let task: Task
    /// The layers of a network of the zoo, which settings reach only where they are written out; `nil` for other networks.
    let namedLayers: SettingValue?
    /// The classes of the training part, by number of samples; empty for other tasks.
    let classCounts: [Int]

    init(_ experiment: Experiment, _ data: LoadedData) throws {
        self.experiment = experiment
        self.data = data
        var layered = experiment
        switch experiment.model {
        case .name, .text:
            if let layers = try? experiment.network(for: data.training) as? Sequential {
                layered.model = .layers(layers)
            }
        case .layers, .graph: break
        }
        tree = try ExperimentTree(layered)
        namedLayers = layered.model == experiment.model ? nil : tree["model"]
        guard let task = Task(experiment, data.training) else {
            throw DoctorError("the data have no targets that the outputs of the network could be compared with")
        }
        self.task = task
        classCounts = if case .classes = task { data.training.classCounts } else { [] }
    }

    /// Whether answers are compared over classes and not over samples: the rarest class has less than a third of its share.
    var isUnbalanced: Bool {
        let counts = classCounts.filter { $0 > 0 }
        guard let least = counts.min(), counts.count > 1 else { return false }
        return Double(least) * 3 * Double(counts.count) < Double(counts.reduce(0, +))
    }

    /// How good a score is, between chance and 1.
    func quality(_ score: Score) -> Double { isUnbalanced ? score.balanced : score.value }

    /// What a network reaches that has learned nothing.
    func chance(_ score: Score) -> Double {
        guard !task.isNumbers else { return 0 }
        return isUnbalanced ? 1 / Double(max(2, classCounts.filter { $0 > 0 }.count)) : score.chance
    }

    /// Fewer training samples than this may be too few.
    static let fewSamples = 300

    /// Steps of an epoch.
    var stepsPerEpoch: Int { max(1, (data.training.count + experiment.batchSize - 1) / experiment.batchSize) }
}
