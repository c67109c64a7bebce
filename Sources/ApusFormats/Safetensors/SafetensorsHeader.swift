import ApusConfiguration
import ApusGraph

/// What a safetensors file says of its tensors.
struct SafetensorsHeader {
    struct Entry {
        var name: String
        var type: SafetensorsType
        var dimensions: [Int]
        /// The place of its elements, from the end of the header.
        var range: Range<Int>
    }

    /// As the format's own library has it.
    static let maximumByteCount = 100_000_000
    private static let maximumMetadataCount = 100_000

    /// In the order of their data.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]
    /// The indices of the entries in the order of their names.
    private var sortedByName: [Int] = []

    /// - Parameters:
    ///   - text: the header
    ///   - dataCount: the number of bytes after it
    init(_ text: [UInt8], dataCount: Int, path: String) throws(FormatError) {
        guard text.first == UInt8(ascii: "{") else {
            throw FormatError(
                .malformed, path: path, offset: 8, "this is not a safetensors file", expected: "an opening brace (7b)",
                received: Signature.hexadecimal(Array(text.prefix(1))), remedy: SafetensorsHeader.remedy)
        }
        var cursor = JSONCursor(text, path: path, base: 8)
        var hasMetadata = false
        try cursor.object { (name, offset, cursor) throws(FormatError) in
            if name == "__metadata__" {
                guard !hasMetadata else { throw SafetensorsHeader.duplicate(name, path, offset) }
                hasMetadata = true
                metadata = try SafetensorsHeader.metadata(&cursor, path)
            } else {
                entries.append(try SafetensorsHeader.entry(name, &cursor, path))
            }
        }
        try cursor.end()
        try sort(path)
        try checkLayout(dataCount, headerCount: 8 + text.count, path)
    }

    func entry(named name: String) -> Entry? {
        var low = 0
        var high = sortedByName.count
        while low < high {
            let middle = (low + high) / 2
            let candidate = entries[sortedByName[middle]]
            if candidate.name.utf8.elementsEqual(name.utf8) { return candidate }
            if candidate.name.utf8.lexicographicallyPrecedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private static let remedy = "Save the file again, or download it again."

    private static func metadata(
        _ cursor: inout JSONCursor, _ path: String
    ) throws(FormatError) -> [String: String] {
        var result: [String: String] = [:]
        try cursor.object { (key, offset, cursor) throws(FormatError) in
            guard result.updateValue(try cursor.string("a string"), forKey: key) == nil else {
                throw duplicate(key, path, offset)
            }
            guard result.count <= maximumMetadataCount else {
                throw FormatError(
                    .unsupported, path: path, offset: offset, "there are too many metadata entries",
                    expected: "at most \(maximumMetadataCount)", received: "more",
                    remedy: "Save the file without "
                        + "them.")
            }
        }
        return result
    }

    private static func entry(
        _ name: String, _ cursor: inout JSONCursor, _ path: String
    ) throws(FormatError) -> Entry {
        var type: SafetensorsType?
        var dimensions: [Int]?
        var offsets: [Int]?
        let start = cursor.offset
        try cursor.object { (key, offset, cursor) throws(FormatError) in
            switch key {
            case "dtype":
                guard type == nil else { throw duplicate(key, path, offset) }
                let text = try cursor.string("a type")
                type = SafetensorsType(rawValue: text)
                if type == nil {
                    throw malformed(
                        path, offset, "tensor \(name.quoted) has an unknown type", "F32, BF16, I64 or the like",
                        text.shown)
                }
            case "shape":
                guard dimensions == nil else { throw duplicate(key, path, offset) }
                dimensions = try counts(&cursor, path, atMost: Extent.maximumRank)
            case "data_offsets":
                guard offsets == nil else { throw duplicate(key, path, offset) }
                offsets = try counts(&cursor, path, atMost: 2)
            default:
                try cursor.skip()
            }
        }
        guard let type, let dimensions, let offsets else {
            let missing = type == nil ? "dtype" : dimensions == nil ? "shape" : "data_offsets"
            throw malformed(path, start, "tensor \(name.quoted) lacks \(missing)", "dtype, shape and data_offsets", nil)
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw malformed(
                path, start, "tensor \(name.quoted) has wrong data_offsets", "[begin, end]", Shape(offsets).description)
        }
        let range = offsets[0]..<offsets[1]
        guard let size = type.byteCount(dimensions) else {
            throw malformed(
                path, start, "the size of tensor \(name.quoted) is too large, or no whole number of bytes",
                "at most 2^60 - 1 bytes", "\(type.rawValue)\(Shape(dimensions))")
        }
        guard size == range.count else {
            throw malformed(
                path, start, "the data of tensor \(name.quoted) does not fit its shape",
                "\(size.counted("byte")) for \(type.rawValue)\(Shape(dimensions))", range.count.counted("byte"))
        }
        return Entry(name: name, type: type, dimensions: dimensions, range: range)
    }

    private static func counts(
        _ cursor: inout JSONCursor, _ path: String, atMost limit: Int
    ) throws(FormatError) -> [Int] {
        var result: [Int] = []
        try cursor.array { (cursor) throws(FormatError) in
            guard result.count < limit else {
                throw malformed(path, cursor.offset, "a list is too long", "at most \(limit) numbers", "more")
            }
            result.append(try cursor.count())
        }
        return result
    }

    /// Brings the entries into the order of their data, and finds duplicate names.
    private mutating func sort(_ path: String) throws(FormatError) {
        // Stable: tensors without elements keep the order of the header.
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        let entries = entries
        sortedByName = entries.indices.sorted {
            entries[$0].name.utf8.lexicographicallyPrecedes(entries[$1].name.utf8)
        }
        for (left, right) in zip(sortedByName, sortedByName.dropFirst())
        where entries[left].name.utf8.elementsEqual(entries[right].name.utf8) {
            throw SafetensorsHeader.duplicate(entries[left].name, path, 8)
        }
    }

    /// The tensors lie one after the other, from the end of the header to the end of the file.
    private func checkLayout(_ dataCount: Int, headerCount: Int, _ path: String) throws(FormatError) {
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else {
                let problem = entry.range.lowerBound < end ? "overlaps another tensor" : "is preceded by a hole"
                throw SafetensorsHeader.malformed(
                    path, headerCount, "tensor \(entry.name.quoted) \(problem)", "data from \(end) on",
                    "data from \(entry.range.lowerBound) on")
            }
            end = entry.range.upperBound
        }
        guard end == dataCount else {
            throw SafetensorsHeader.malformed(
                path, headerCount + min(end, dataCount),
                end > dataCount ? "the file ends too early" : "there are more bytes after the data",
                "\(end.counted("byte")) of data", dataCount.counted("byte"))
        }
    }

    private static func duplicate(_ name: String, _ path: String, _ offset: Int) -> FormatError {
        malformed(path, offset, "the name \(name.quoted) occurs twice", "different names", nil)
    }

    private static func malformed(
        _ path: String, _ offset: Int, _ problem: String, _ expected: String, _ received: String?
    ) -> FormatError {
        FormatError(
            .malformed, path: path, offset: offset, problem, expected: expected, received: received, remedy: remedy)
    }
}
