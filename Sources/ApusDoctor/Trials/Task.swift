import ApusData
import ApusExperiments
import ApusNN
import ApusTensor

/// What the outputs of a network are compared with: the question that data and experiment ask, whatever its loss is.
enum Task: Hashable, Sendable {
    /// One of so many classes, as labels.
    case classes(Int)
    /// One of so many classes at each position of a sample, as labels: the next token, the tag of a word.
    case positions(Int)
    /// So many answers of yes or no, as numbers 0 and 1.
    case answers(Int)
    /// One of so many classes, as rows with a single 1.
    case oneHot(Int)
    /// So many numbers.
    case numbers(Int)

    /// Several outputs, each with its own question, in the order of the terms of the objective.
    indirect case several([Task])

    /// What the data ask; `nil` where an output is compared with what they do not have.
    init?(_ experiment: Experiment, _ data: Dataset) {
        let terms = experiment.objective.terms
        let tasks = terms.compactMap { Task($0.target, data) }
        guard tasks.count == terms.count, let first = tasks.first else { return nil }
        self = tasks.count == 1 ? first : .several(tasks)
    }

    private init?(_ target: Objective.Target, _ data: Dataset) {
        let names = target.isInput ? data.inputNames : data.targetNames
        let name = target.name(among: names)
        guard names.contains(name), target.isInput || data.hasTargets else { return nil }
        if target.isInput {
            self = .numbers(data.sampleShape(of: name).count)
            return
        }
        let shape = data.targetType(of: name).shape
        if data.isClassification(of: name) {
            let count = data.classNames(of: name).count
            self = shape.rank == 0 ? .classes(count) : .positions(count)
            return
        }
        let width = max(1, shape.count)
        let rows = (0..<min(data.count, 512)).map { data.target(name, at: $0).scalars }
        guard rows.joined().allSatisfy({ $0 == 0 || $0 == 1 }) else {
            self = .numbers(width)
            return
        }
        self = width > 1 && rows.allSatisfy { $0.reduce(0, +) == 1 } ? .oneHot(width) : .answers(width)
    }

    /// Whether one class is the answer, and not several answers or numbers.
    var isClasses: Bool {
        switch self {
        case .classes, .oneHot, .positions: true
        case .answers, .numbers, .several: false
        }
    }

    /// How many classes labels may name; `nil` for other targets.
    var labelCount: Int? {
        switch self {
        case .classes(let count), .positions(let count): count
        case .oneHot, .answers, .numbers, .several: nil
        }
    }

    /// The question of each output.
    var parts: [Task] { if case .several(let tasks) = self { tasks } else { [self] } }

    /// Whether a sample has one answer: neither one at each position nor one of each output.
    var hasOneAnswer: Bool {
        switch self {
        case .classes, .oneHot, .answers, .numbers: true
        case .positions, .several: false
        }
    }

    var isPositions: Bool { if case .positions = self { true } else { false } }

    var isNumbers: Bool { if case .numbers = self { true } else { false } }
}
