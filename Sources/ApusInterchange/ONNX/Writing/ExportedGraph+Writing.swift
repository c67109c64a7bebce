package import ApusFormats
import ApusGraph
import ApusTensor
import Foundation
import SwiftProtobuf

extension ExportedGraph {
    /// The bytes of numbers that fit one file: messages end at 2 GiB.
    package static let inlineLimit = 2_000_000_000
    /// Numbers of fewer bytes stay in the file of the graph.
    private static let smallest = 1024
    /// Where pieces of the file of numbers begin.
    private static let alignment = 4096

    /// Writes the graph to a file, whole or not at all.
    ///
    /// Numbers of more than `limit` bytes lie in a file of their own beside it, named by the file and what is in it: a file that was
    /// there stays valid until it is replaced.
    ///
    /// - Parameters:
    ///   - path: Where the file is written.
    ///   - description: What it says besides.
    ///   - final: Where it will be in the end, by default here; it names the file beside it.
    ///   - limit: The bytes of numbers that fit into the file itself.
    ///   - calls: What the system does.
    /// - Throws: `FormatError` if the disk refuses.
    package func write(
        to path: String, _ description: Description, standingFor final: String? = nil,
        limit: Int = ExportedGraph.inlineLimit, calls: FileCalls = .system
    ) throws(FormatError) {
        let total = initializers.reduce(0) { $0 + $1.tensor.elements().bytes.count }
        guard total > limit else {
            return try ExportedGraph.write(message(description) { _ in nil }, to: path, calls)
        }
        let large = initializers.indices.filter {
            initializers[$0].tensor.elements().bytes.count >= ExportedGraph.smallest
        }
        var hash = XXH3()
        for index in large { hash.add(initializers[index].tensor.elements().bytes) }
        let digits = XXH3.text(hash.value).dropFirst(XXH3.prefix.count)
        let data = "\(final ?? path)-\(digits).data"
        var places: [Int: Place] = [:]
        var end = 0
        for index in large {
            let count = initializers[index].tensor.elements().bytes.count
            places[index] = Place(file: (data as NSString).lastPathComponent, offset: end, count: count)
            end = (end + count + ExportedGraph.alignment - 1) / ExportedGraph.alignment * ExportedGraph.alignment
        }
        let wasThere = FileManager.default.fileExists(atPath: data)
        try AtomicFile.write(to: data, calls: calls) { (output) throws(FormatError) in
            for index in large {
                try output.append(contentsOf: Array(repeating: 0, count: places[index]!.offset - output.count))
                try output.append(initializers[index].tensor.elements().bytes)
            }
        }
        do throws(FormatError) {
            try ExportedGraph.write(message(description) { places[$0] }, to: path, calls)
        } catch {
            if !wasThere { try? FileManager.default.removeItem(atPath: data) }
            throw error
        }
    }

    private static func write(
        _ message: Onnx_ModelProto, to path: String, _ calls: FileCalls
    ) throws(FormatError) {
        let bytes: [UInt8]
        do { bytes = try message.serializedBytes() } catch {
            throw FormatError(
                .unsupported, path: path, "the model does not fit the format", received: "\(error)",
                remedy: "Write fewer weights, for instance a part of the model.")
        }
        try AtomicFile.write(to: path, calls: calls) { (output) throws(FormatError) in
            try output.append(contentsOf: bytes)
        }
    }
}
