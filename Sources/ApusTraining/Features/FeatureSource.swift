import ApusBackend
import ApusConfiguration
import ApusData
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor

/// Samples of which features are made, in batches of one size.
struct FeatureSource {
    let layers: FeatureProgram.Layers
    let dataset: Dataset
    let batchSize: Int
    /// The hash of all that the rows depend on; `nil` if the samples have nothing that tells them from others.
    let key: UInt64?
    private let program: FeatureProgram

    init(_ layers: FeatureProgram.Layers, _ dataset: Dataset, batchSize: Int) throws {
        self.layers = layers
        self.dataset = dataset
        self.batchSize = batchSize
        let batches = dataset.batches(of: batchSize, epoch: 0, seed: 0, shuffled: false, ahead: 0)
        let first = batches.first { _ in true }
        try batches.checkFailure()
        guard let first else { throw TrainingError("there is nothing to compute features of: the data set is empty") }
        program = try FeatureProgram(layers, like: first)
        var hash = XXH3()
        Array("apus \(ApusVersion.current) \(layers.mode) \(dataset.count)".utf8).withUnsafeBytes {
            hash.add($0)
        }
        program.add(to: &hash)
        key = dataset.addInputs(to: &hash) ? hash.value : nil
    }

    /// What the layers behind receive: its element type, and its shape for one sample.
    var row: TensorType { program.row }

    /// Hands over the rows of all samples in their order.
    func forEachRows(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try forEachRows(of: dataset, body)
    }

    /// Rows that are computed for some of the samples alone, in memory.
    func rows(of samples: Dataset) throws -> any RowReader {
        var bytes: [UInt8] = []
        try forEachRows(of: samples) { bytes.append(contentsOf: $0) }
        return MemoryRows(bytes: bytes, rowByteCount: row.byteCount)
    }

    private func forEachRows(of samples: Dataset, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try FeatureProgram.forEachRows(layers, of: samples, batchSize: batchSize, body)
    }
}

/// Features of samples: rows of one source, or of two, one behind the other.
///
/// A kernel is chosen by the size of the batch, and others sum in another order. Where that shows, samples have a row for whole batches
/// and one for the last batch of an epoch, which has fewer samples.
struct FeatureSet {
    let sources: [FeatureSource]
    /// The bytes of rows that stay in memory.
    private static let memoryLimit = 1 << 29

    var dataset: Dataset { sources[0].dataset }
    var row: TensorType { sources[0].row }

    /// Samples with features in place of what they are made of.
    ///
    /// - Parameters:
    ///   - readers: The rows of each source.
    ///   - samples: Those that the rows belong to, in their order.
    func replacing(_ view: Dataset, by readers: [any RowReader], of samples: Dataset, isStored: Bool) -> Dataset {
        let shape = sources.count == 1 ? row.shape : Shape([sources.count] + row.shape.dimensions)
        return view.replacingInput(
            by: JoinedRows(readers: readers, rowByteCount: row.byteCount), of: samples,
            TensorType(shape, row.elementType), memoryLimit: isStored ? FeatureSet.memoryLimit : 0)
    }

    /// Samples with features that are computed for them alone, in batches of the same size but in another order.
    func computing(_ view: Dataset, inOrderOf samples: Dataset) throws -> Dataset {
        replacing(view, by: try sources.map { try $0.rows(of: samples) }, of: samples, isStored: false)
    }
}

/// Rows in memory.
struct MemoryRows: RowReader {
    let bytes: [UInt8]
    let rowByteCount: Int

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        bytes.withUnsafeBytes {
            target.copyMemory(from: $0.baseAddress! + row * rowByteCount, byteCount: rowByteCount)
        }
    }

    func signature(of row: Int) -> [UInt8] { Array("\(row)".utf8) }
}

/// The rows of several readers, one behind the other.
private struct JoinedRows: RowReader {
    let readers: [any RowReader]
    let rowByteCount: Int

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        for (place, reader) in readers.enumerated() { try reader.read(row, into: target + place * rowByteCount) }
    }

    func signature(of row: Int) -> [UInt8] { readers.flatMap { $0.signature(of: row) } }
}
