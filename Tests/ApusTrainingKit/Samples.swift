public import ApusData
public import ApusNN
import ApusTensor
public import ApusTraining
import Testing

/// Points around four centres, (±2, ±2), one class each: a network separates them without mistakes.
public func blobs(_ count: Int, deviation: Double = 0.5, seed: UInt64 = 1) throws -> Dataset {
    let labels = (0..<count).map { $0 % 4 }
    let places: [[Float]] = [[-2, -2], [2, -2], [-2, 2], [2, 2]]
    let centres = Tensor(labels.flatMap { places[$0] }, shape: [count, 2])
    let noise = Tensor.normal([count, 2], standardDeviation: deviation, key: RandomKey(seed: seed))
    return try Dataset(inputs: centres + noise, labels: labels)
}

extension Sequential {
    public static let small = Sequential {
        Dense(16, activation: .relu)
        Dense(4)
    }

    /// With a random layer and running values.
    public static let lively = Sequential {
        Dense(16, activation: .relu)
        BatchNorm(momentum: 0.9)
        Dropout(0.2)
        Dense(4)
    }
}

extension Dataset {
    /// All samples in one batch, in order.
    public var whole: Batch {
        get throws {
            let batches = Array(batches(of: Swift.max(1, count), epoch: 0, seed: 0, shuffled: false, ahead: 0))
            return try #require(batches.first)
        }
    }
}

extension TrainingState {
    /// All weights and slots.
    public var numbers: [[Float]] { variables.paths.map { variables[$0]!.scalars } + slots.map(\.value.scalars) }
}
