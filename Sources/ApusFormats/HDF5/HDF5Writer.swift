import ApusConfiguration
import ApusGraph

/// Lays an HDF5 file out: superblock 0, headers of the first version with links in them, heaps of texts, elements.
struct HDF5Writer {
    /// A group, or a data set if it has an array.
    private struct Item {
        var array: NumericArray?
        var attributes: [(name: String, value: HDF5Value)] = []
        /// The names of its members, and their numbers.
        var members: [(name: String, item: Int)] = []
    }

    private static let superblockCount = 96

    /// The root comes first, each group before its members.
    private var items: [Item] = [Item()]
    private let path: String

    init(
        _ arrays: [(name: String, array: NumericArray)], _ attributes: [String: [(name: String, value: HDF5Value)]],
        _ path: String
    ) throws(FormatError) {
        self.path = path
        // The groups and data sets by their paths.
        var places = ["": 0]
        for (name, array) in arrays { try add(name, array, &places) }
        for (name, values) in attributes.sorted(by: { $0.key < $1.key }) {
            if places[name] == nil { try add(name, nil, &places) }
            items[places[name]!].attributes = values
        }
    }

    private mutating func add(
        _ name: String, _ array: NumericArray?, _ places: inout [String: Int]
    ) throws(FormatError) {
        var (group, prefix) = (0, "")
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for (index, part) in parts.enumerated() {
            prefix += prefix.isEmpty ? part : "/\(part)"
            let isLast = index == parts.count - 1
            let known = places[prefix]
            guard !part.isEmpty, part != ".", part.utf8.count < 60_000, !part.utf8.contains(0),
                items[group].array == nil, known == nil || !isLast
            else {
                throw FormatError(
                    .mismatch, path: path, "an array can't have this name",
                    expected: "different names with no empty parts",
                    received: name.quoted, remedy: "Give every array a name of its own.")
            }
            if let known {
                group = known
            } else {
                places[prefix] = items.count
                items[group].members.append((part, items.count))
                group = items.count
                items.append(Item(array: isLast ? array : nil))
            }
        }
    }

    /// Headers come first, whose sizes don't depend on places; then heaps of texts; then elements.
    func write(to output: any ByteSink) throws(FormatError) {
        var (headers, position) = ([Int](), HDF5Writer.superblockCount)
        for item in items {
            headers.append(position)
            position += try header(item, headers: nil, heap: 0, data: 0).count
        }
        let heaps = items.map { item in item.attributes.map { HDF5Writer.heap($0.value.heapTexts) } }
        let heapCount = heaps.joined().reduce(0) { $0 + $1.count }
        let padding = HDF5Writer.filled(position + heapCount) - position - heapCount
        var data = position + heapCount + padding
        var bodies: [UInt8] = []
        for (item, heaps) in zip(items, heaps) {
            bodies += try header(item, headers: headers, heap: position, data: data)
            position += heaps.reduce(0) { $0 + $1.count }
            data += HDF5Writer.filled(item.array?.bytes.count ?? 0)
        }
        try output.append(contentsOf: superblock(end: data))
        try output.append(contentsOf: bodies)
        for heap in heaps.joined() { try output.append(contentsOf: heap) }
        try output.append(contentsOf: Array(repeating: 0, count: padding))
        for case let array? in items.map(\.array) {
            try output.append(contentsOf: array.bytes)
            try output.append(
                contentsOf: Array(repeating: 0, count: HDF5Writer.filled(array.bytes.count) - array.bytes.count))
        }
    }

    /// The next place at which elements begin.
    private static func filled(_ count: Int) -> Int { (count + 63) & ~63 }

    private func superblock(end: Int) -> [UInt8] {
        HDF5Reader.signature + [0, 0, 0, 0, 0, 8, 8, 0] + numbers(2, 4, 16) + numbers(4, 0) + numbers(8, 0, -1, end, -1)
            + numbers(8, 0, HDF5Writer.superblockCount) + numbers(4, 0, 0) + numbers(8, 0, 0)
    }

    // MARK: Headers

    /// - Parameters:
    ///   - headers: The places of all headers; `nil` while only sizes count.
    ///   - heap: Where the heap of the first attribute with texts is.
    ///   - data: Where the elements are.
    private func header(_ item: Item, headers: [Int]?, heap: Int, data: Int) throws(FormatError) -> [UInt8] {
        var messages: [UInt8] = []
        var count = 0
        func add(_ kind: HDF5Object.Kind, _ bytes: [UInt8]) throws(FormatError) {
            let size = (bytes.count + 7) & ~7
            guard size < 0x1_0000 else {
                throw FormatError(
                    .unsupported, path: path, "an attribute or name is too long for an HDF5 file",
                    expected: "less than 65536 bytes; of a list of texts, 4000 texts", received: size.counted("byte"),
                    remedy: "Write it in several parts.")
            }
            messages += numbers(2, Int(kind.rawValue), size) + [0, 0, 0, 0] + bytes
            messages += Array(repeating: 0, count: size - bytes.count)
            count += 1
        }
        if let array = item.array {
            guard let type = HDF5Type.encoded(array.elementType) else {
                throw FormatError(
                    .unsupported, path: path, "bfloat16 is no type of h5py", expected: "another type",
                    remedy: "Convert it to float32.")
            }
            try add(.dataspace, HDF5Space.encoded(array.shape.dimensions))
            try add(.datatype, type)
            try add(.fill, [2, 2, 2, 1] + numbers(4, 0))
            try add(.layout, [3, 1] + numbers(8, array.bytes.isEmpty ? -1 : data, array.bytes.count))
        } else {
            try add(.linkInfo, [0, 0] + numbers(8, -1, -1))
            // Without it nothing can be added to the group later.
            try add(.groupInfo, [0, 0])
            for (name, member) in item.members {
                try add(
                    .link, [1, 0x11, 1] + numbers(2, name.utf8.count) + name.utf8 + numbers(8, headers?[member] ?? 0))
            }
        }
        var place = heap
        for (name, value) in item.attributes {
            try add(.attribute, attribute(name, value, heap: place))
            place += HDF5Writer.heap(value.heapTexts).count
        }
        guard count < 0x1_0000 else {
            throw FormatError(
                .unsupported, path: path, "a group has too many members for an HDF5 file", expected: "less than 65000",
                received: "\(count)", remedy: "Put them into several groups.")
        }
        return [1, 0] + numbers(2, count) + numbers(4, 1, messages.count, 0) + messages
    }

    private func attribute(_ name: String, _ value: HDF5Value, heap: Int) throws(FormatError) -> [UInt8] {
        let (type, space, data): ([UInt8]?, [UInt8], [UInt8])
        switch value {
        case .text(let text):
            (type, space) = (HDF5Type.encodedText, HDF5Space.encoded([]))
            data = HDF5Writer.references([text], heap: heap)
        case .texts(let texts):
            (type, space) = (HDF5Type.encodedText, HDF5Space.encoded([texts.count]))
            data = HDF5Writer.references(texts, heap: heap)
        case .array(let array):
            (type, space) = (HDF5Type.encoded(array.elementType), HDF5Space.encoded(array.shape.dimensions))
            data = array.bytes
        }
        guard let type, !name.isEmpty, name.utf8.count < 60_000, !name.utf8.contains(0) else {
            throw FormatError(
                .unsupported, path: path, "an attribute can't be written", expected: "a name, and no bfloat16",
                received: name.quoted, remedy: "Give it a name, and convert it to float32.")
        }
        return [3, 0] + numbers(2, name.utf8.count + 1, type.count, space.count) + [1] + name.utf8 + [0] + type + space
            + data
    }

    // MARK: Texts

    /// A collection of the global heap; none without texts.
    private static func heap(_ texts: [String]) -> [UInt8] {
        guard texts.contains(where: { !$0.isEmpty }) else { return [] }
        var objects: [UInt8] = []
        for (index, text) in texts.enumerated() where !text.isEmpty {
            objects += numbers(2, index + 1, 1) + numbers(4, 0) + numbers(8, text.utf8.count) + text.utf8
            objects += Array(repeating: 0, count: (8 - text.utf8.count % 8) % 8)
        }
        // The rest is an object of number 0, which has a head of its own.
        let size = max(4096, (16 + objects.count + 15) & ~15 + 16)
        let rest = size - 16 - objects.count
        return Array("GCOL".utf8) + [1, 0, 0, 0] + numbers(8, size) + objects + numbers(8, 0, rest)
            + Array(repeating: 0, count: rest - 16)
    }

    private static func references(_ texts: [String], heap: Int) -> [UInt8] {
        texts.enumerated().flatMap { index, text in
            text.isEmpty
                ? numbers(4, 0) + numbers(8, 0) + numbers(4, 0)
                : numbers(4, text.utf8.count) + numbers(8, heap) + numbers(4, index + 1)
        }
    }
}

extension HDF5Value {
    /// What of it goes to the heap.
    fileprivate var heapTexts: [String] {
        switch self {
        case .text(let text): [text]
        case .texts(let texts): texts
        case .array: []
        }
    }
}

extension HDF5Space {
    fileprivate static func encoded(_ dimensions: [Int]) -> [UInt8] {
        [1, UInt8(dimensions.count), 0, 0, 0, 0, 0, 0] + dimensions.flatMap { numbers(8, $0) }
    }
}

extension HDF5Type {
    /// Texts of any length, in UTF-8.
    fileprivate static let encodedText: [UInt8] =
        [0x19, 1, 1, 0] + numbers(4, 16) + [0x13, 0x10, 0, 0] + numbers(4, 1)

    fileprivate static func encoded(_ type: ElementType) -> [UInt8]? {
        func whole(_ size: Int, isSigned: Bool) -> [UInt8] {
            [0x10, isSigned ? 8 : 0, 0, 0] + numbers(4, size) + numbers(2, 0, 8 * size)
        }
        /// Sign, exponent and fraction from the highest bit down.
        func float(_ size: Int, exponent: Int, bias: Int) -> [UInt8] {
            let fraction = 8 * size - 1 - exponent
            return [0x11, 0x20, UInt8(8 * size - 1), 0] + numbers(4, size) + numbers(2, 0, 8 * size)
                + numbers(1, fraction, exponent, 0, fraction) + numbers(4, bias)
        }
        switch type {
        case .bool:
            return [0x18, 2, 0, 0] + numbers(4, 1) + whole(1, isSigned: true) + Array("FALSE\0\0\0TRUE\0\0\0\0".utf8)
                + [0, 1]
        case .uint8: return whole(1, isSigned: false)
        case .int32: return whole(4, isSigned: true)
        case .int64: return whole(8, isSigned: true)
        case .bfloat16: return nil
        case .float32: return float(4, exponent: 8, bias: 127)
        case .float64: return float(8, exponent: 11, bias: 1023)
        }
    }
}
