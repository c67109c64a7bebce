import ApusConfiguration
import ApusGraph

/// The value of an attribute of an HDF5 file.
///
/// ```swift
/// let file = try HDF5File("model.h5")
/// if case .text(let configuration) = try file.root.attribute("model_config") { print(configuration) }
/// ```
public enum HDF5Value: Hashable, Sendable {
    /// One text.
    case text(String)
    /// A list of texts; those of more dimensions are row-major.
    case texts([String])
    /// Numbers or bools, of any shape.
    case array(NumericArray)
}

/// The attributes of a group or data set.
struct HDF5Attributes: Sendable {
    private let reader: HDF5Reader
    private var entries: [(name: String, fields: ByteFields)] = []
    /// Whether there are more, in a heap that is not read.
    private let owner: String

    init(_ object: HDF5Object, _ reader: HDF5Reader, name: String) throws(FormatError) {
        self.reader = reader
        owner = name
        for message in object.messages where message.kind == .attribute {
            var fields = message.fields
            let version = try fields.uint8()
            guard (1...3).contains(version) else { throw fields.failure("an attribute has an unknown version") }
            try fields.skip(1)
            let count = Int(try fields.uint16())
            try fields.skip(version == 3 ? 5 : 4)
            let name = try fields.take(count).prefix { $0 != 0 }
            entries.append((String(decoding: name, as: UTF8.self), message.fields))
        }
        if let message = object.first(.attributeInfo) {
            var fields = message.fields
            try fields.skip(1)
            try fields.skip(try fields.uint8() & 1 != 0 ? 2 : 0)
            guard try fields.address() == nil else {
                throw reader.unsupported(owner, "keeps its attributes in a fractal heap, which is not read")
            }
        }
    }

    var names: [String] { entries.map(\.name) }

    func value(_ name: String) throws(FormatError) -> HDF5Value? {
        guard var fields = entries.first(where: { $0.name == name })?.fields else { return nil }
        let version = try fields.uint8()
        let flags = version == 1 ? 0 : try fields.uint8()
        if version == 1 { try fields.skip(1) }
        var sizes: [Int] = []
        for _ in 0..<3 { sizes.append(Int(try fields.uint16())) }
        if version == 3 { try fields.skip(1) }
        // Only the first version fills its parts up.
        func padded(_ size: Int) -> Int { version == 1 ? (size + 7) & ~7 : size }
        try fields.skip(padded(sizes[0]))
        var typeFields = try fields.part(min(fields.rest, padded(sizes[1])))
        let space = try HDF5Space(try fields.part(min(fields.rest, padded(sizes[2]))))
        guard flags & 3 == 0 else { throw refused(name, "a type with a name of its own in the file") }
        let type = try HDF5Type(&typeFields, depth: 0)
        guard let size = Extent.byteCount(space.dimensions, bytesPerElement: type.byteCount),
            let count = Extent.count(space.dimensions), size <= fields.rest
        else { throw fields.failure("attribute \(name.quoted) is longer than its place") }
        let texts: [String]
        switch type.kind {
        case .number(let encoding):
            let offset = fields.offset
            return .array(
                try StoredElements.array(
                    fields.take(size), Shape(space.dimensions), encoding, path: reader.path, offset: offset))
        case .text(let isPaddedWithSpaces):
            texts = try type.fixedTexts(&fields, count: count, isPaddedWithSpaces: isPaddedWithSpaces)
        case .variableText:
            var heap = HDF5Heap(reader)
            texts = try heap.texts(&fields, count: count)
        case .other(let what): throw refused(name, what)
        }
        return space.dimensions.isEmpty && texts.count == 1 ? .text(texts[0]) : .texts(texts)
    }

    private func refused(_ name: String, _ what: String) -> FormatError {
        FormatError(
            .unsupported, path: reader.path, "attribute \(name.quoted) of \(owner.quoted) has a type that is not read",
            expected: "numbers, bools or texts", received: what, remedy: HDF5Reader.advice)
    }
}
