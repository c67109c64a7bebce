import ApusData
import ApusTensor

/// A data set whose samples can be told apart: sample i is the two bytes of i.
func numbered(_ labels: [Int], classNames: [String]? = nil) throws -> Dataset {
    let bytes = labels.indices.flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }
    return try Dataset(inputs: Tensor(bytes, shape: [labels.count, 2, 1]), labels: labels, classNames: classNames)
}

/// `count` samples of ten classes.
func numbered(_ count: Int) throws -> Dataset {
    try numbered((0..<count).map { $0 % 10 }, classNames: (0..<10).map { "\($0)" })
}

/// Whether lists are as long, and no element is further away than a tolerance.
func isClose(_ received: [Float], _ expected: [Float], _ tolerance: Float) -> Bool {
    received.count == expected.count && zip(received, expected).allSatisfy { abs($0 - $1) <= tolerance }
}

extension Dataset {
    /// The numbers of the samples, in order.
    var numbers: [Int] { (0..<count).map { features(at: $0).number } }
}

extension Batch {
    /// The numbers of the samples, in order.
    var numbers: [Int] { inputs.only.numbers }
}

extension Tensor {
    var number: Int { numbers[0] }

    var numbers: [Int] {
        let bytes = scalars(as: Int.self)
        return stride(from: 0, to: bytes.count, by: 2).map { bytes[$0] * 256 + bytes[$0 + 1] }
    }
}
