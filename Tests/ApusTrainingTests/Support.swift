import ApusData
import ApusNN
import ApusTensor
import ApusTraining
import Foundation
import Testing

/// Points around four centres, (±2, ±2), one class each: a network separates them without mistakes.
func blobs(_ count: Int, deviation: Double = 0.5, seed: UInt64 = 1) throws -> Dataset {
    let labels = (0..<count).map { $0 % 4 }
    let places: [[Float]] = [[-2, -2], [2, -2], [-2, 2], [2, 2]]
    let centres = Tensor(labels.flatMap { places[$0] }, shape: [count, 2])
    let noise = Tensor.normal([count, 2], standardDeviation: deviation, key: RandomKey(seed: seed))
    return try Dataset(inputs: centres + noise, labels: labels)
}

extension Sequential {
    static let small = Sequential {
        Dense(16, activation: .relu)
        Dense(4)
    }

    /// With a random layer and running values.
    static let lively = Sequential {
        Dense(16, activation: .relu)
        BatchNorm(momentum: 0.9)
        Dropout(0.2)
        Dense(4)
    }
}

extension Dataset {
    /// All samples in one batch, in order.
    var whole: Batch {
        get throws {
            let batches = Array(batches(of: Swift.max(1, count), epoch: 0, seed: 0, shuffled: false, ahead: 0))
            return try #require(batches.first)
        }
    }
}

extension TrainingState {
    /// All weights and slots.
    var numbers: [[Float]] { variables.paths.map { variables[$0]!.scalars } + slots.map(\.value.scalars) }
}

/// The message of the error that a function throws.
func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}

/// A folder that exists while a function runs.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}
