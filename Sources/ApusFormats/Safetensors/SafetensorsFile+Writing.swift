import ApusConfiguration
package import ApusGraph

extension SafetensorsFile {
    /// Writes arrays, in the given order.
    ///
    /// The file is whole or not there at all (see `AtomicFile`). The same content gives the same bytes.
    ///
    /// - Throws: if two names are the same, and if the file can't be written.
    public static func write(
        _ arrays: [(name: String, array: NumericArray)], metadata: [String: String] = [:], to path: String
    ) throws(FormatError) {
        try write(arrays.map { ($0.name, $0.array.type) }, metadata: metadata, to: path) {
            (index, output) throws(FormatError) in
            try output.append(contentsOf: arrays[index].array.bytes)
        }
    }

    /// Writes arrays whose bytes are given one array at a time, so that they need not be copied first.
    ///
    /// - Parameter body: appends the elements (little-endian, row-major) of the array with the given index
    /// - Throws: if two names are the same, if `body` gives too few or too many bytes, what it throws, and if the file
    ///   can't be written.
    package static func write(
        _ contents: [(name: String, type: TensorType)], metadata: [String: String] = [:], to path: String,
        _ body: (_ index: Int, _ output: FileOutput) throws(FormatError) -> Void
    ) throws(FormatError) {
        let header = try header(contents, metadata, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in
            try output.append(contentsOf: header)
            for (index, content) in contents.enumerated() {
                let start = output.count
                try body(index, output)
                let count = output.count - start
                guard count == content.type.byteCount else {
                    throw FormatError(
                        .mismatch, path: path, "the bytes of tensor \(content.name.quoted) do not fit its shape",
                        expected: "\(content.type.byteCount.counted("byte")) for \(content.type)",
                        received: count.counted("byte"), remedy: "Append all bytes of the array, and no others.")
                }
            }
        }
    }

    package static func encode(
        _ arrays: [(name: String, array: NumericArray)], metadata: [String: String] = [:]
    ) throws(FormatError) -> [UInt8] {
        try header(arrays.map { ($0.name, $0.array.type) }, metadata, "") + arrays.flatMap(\.array.bytes)
    }

    /// The length and the header, padded by spaces so that the data starts at a multiple of 8.
    private static func header(
        _ contents: [(name: String, type: TensorType)], _ metadata: [String: String], _ path: String
    ) throws(FormatError) -> [UInt8] {
        var members: [(String, JSONText)] = []
        var seen: Set<[UInt8]> = [Array("__metadata__".utf8)]
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
            members.append(("__metadata__", .object(pairs.map { ($0.key, .text($0.value)) })))
        }
        var offset = 0
        for (name, type) in contents {
            guard seen.insert(Array(name.utf8)).inserted else {
                throw FormatError(
                    .mismatch, path: path, "the name \(name.quoted) can't be used for a tensor",
                    expected: "different names, other than __metadata__", remedy: "Rename the tensor.")
            }
            let dimensions = type.shape.dimensions
            guard type.shape.rank <= Extent.maximumRank else {
                throw Extent.tooManyDimensions(type.shape.rank, path: path, offset: nil)
            }
            guard let size = SafetensorsType(type.elementType).byteCount(dimensions),
                case let (end, overflow) = offset.addingReportingOverflow(size), !overflow
            else {
                throw Extent.oversized(dimensions, path: path, offset: nil)
            }
            func list(_ numbers: [Int]) -> JSONText { .list(numbers.map { .raw("\($0)") }) }
            members.append(
                (
                    name,
                    .object([
                        ("dtype", .text(SafetensorsType(type.elementType).rawValue)), ("shape", list(dimensions)),
                        ("data_offsets", list([offset, end])),
                    ])
                ))
            offset = end
        }
        var text = Array(JSONText.object(members).compact.utf8)
        text += Array(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        guard text.count <= SafetensorsHeader.maximumByteCount else {
            throw FormatError(
                .unsupported, path: path, "the header becomes too long",
                expected: "at most \(SafetensorsHeader.maximumByteCount) bytes", received: "\(text.count) bytes",
                remedy: "Save fewer tensors, or less metadata, in one file.")
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }
}
