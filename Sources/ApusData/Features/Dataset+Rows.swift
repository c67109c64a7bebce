import ApusBackend
import ApusFormats
import ApusGraph
import ApusTensor

// All samples at once as rows of numbers, and what is computed of them.

extension Dataset {
    /// All samples of the only input, scaled and flattened: float32 [N, features].
    func scaledRows() throws -> Tensor {
        guard count > 0, inputColumns.count == 1 else {
            throw DatasetError(
                .impossible, "the samples are not rows of features", expected: "samples of one input",
                received: "\(count) samples of \(inputColumns.count) inputs",
                remedy: "Take a data set that has some, of one input.")
        }
        let batches = batches(of: count, epoch: 0, seed: 0, shuffled: false, ahead: 0)
        var rows: Tensor?
        for batch in batches {
            rows = try batch.preprocessing(batch.inputs).only.reshaped(to: [count, -1]).evaluated()
        }
        try batches.checkFailure()
        guard let rows else { preconditionFailure("a data set with samples has a batch") }
        return rows
    }

    /// The same samples in memory with what a function makes of all of them, [N, features] → [N, …], in place of the input.
    func replacingFeatures(_ function: (Tensor) throws -> Tensor) throws -> Dataset {
        let features = try function(try scaledRows()).cast(to: .float32).evaluated()
        let row = TensorType(Shape(Array(features.shape.dimensions.dropFirst())), .float32)
        return try replacingInput(
            by: TensorRows(values: features.scalars, count: row.shape.count), of: self, row, memoryLimit: 0
        ).inMemory()
    }
}

/// The rows of a tensor.
private struct TensorRows: RowReader {
    let values: [Float]
    let count: Int

    func read(_ row: Int, into target: UnsafeMutableRawPointer) {
        values.withUnsafeBytes {
            target.copyMemory(from: $0.baseAddress! + 4 * row * count, byteCount: 4 * count)
        }
    }

    func signature(of row: Int) -> [UInt8] {
        values[(row * count)..<((row + 1) * count)].withUnsafeBytes { Array($0) }
    }
}
