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

    /// What the data ask; `nil` for what the doctor does not judge: several outputs.
    init?(_ experiment: Experiment, _ data: Dataset) throws {
        guard experiment.losses == nil, data.targetNames.count <= 1 else { return nil }
        if let target = experiment.target, target.isInput {
            self = .numbers(data.sampleShape.count)
            return
        }
        guard data.hasTargets else { return nil }
        if data.isClassification {
            self = data.targetType.shape.rank == 0 ? .classes(data.classCount) : .positions(data.classCount)
            return
        }
        let width = max(1, data.targetType.shape.count)
        let rows = (0..<min(data.count, 512)).map { data.target(at: $0).scalars }
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
        case .answers, .numbers: false
        }
    }

    /// How many classes labels may name; `nil` for other targets.
    var labelCount: Int? {
        switch self {
        case .classes(let count), .positions(let count): count
        case .oneHot, .answers, .numbers: nil
        }
    }

    var isPositions: Bool { if case .positions = self { true } else { false } }

    var isNumbers: Bool { if case .numbers = self { true } else { false } }
}
