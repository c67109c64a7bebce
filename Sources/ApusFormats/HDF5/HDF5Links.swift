import ApusConfiguration

/// What a group names.
enum HDF5Link: Sendable {
    case object(Int)
    /// Another name in this file.
    case soft
    /// A name in another file.
    case external
}

/// The names of a group, of the older form (a tree over tables of symbols) and of the newer (messages in the header).
struct HDF5Links {
    private(set) var links: [(name: String, link: HDF5Link)] = []
    private let reader: HDF5Reader
    private let name: String
    /// The names of the older form.
    private var heap: [UInt8] = []
    private var heapStart = 0
    /// What names and nodes may still take; in a sound file they don't overlap.
    private var rest: Int
    private var nodes: Set<Int> = []

    /// - Parameter name: That of the group, for messages.
    init(_ object: HDF5Object, _ reader: HDF5Reader, name: String) throws(FormatError) {
        self.reader = reader
        self.name = name
        rest = reader.source.count
        if let message = object.first(.symbols) {
            var fields = message.fields
            guard let tree = try fields.address(), let heap = try fields.address() else {
                throw fields.failure("a group has no table of its members")
            }
            try readHeap(heap)
            try readTree(tree, level: nil)
        }
        for message in object.messages {
            if message.kind == .linkInfo { try checkInfo(message.fields) }
            if message.kind == .link { try readLink(message.fields) }
        }
    }

    private mutating func readHeap(_ address: Int) throws(FormatError) {
        var fields = try reader.fields(32, at: address, "the names of a group")
        try fields.expect(UInt32(letters: "HEAP"), "the names of a group")
        try fields.skip(4)
        let count = try fields.count(8)
        try fields.skip(8)
        guard let start = try fields.address() else { throw fields.failure("a group has no names") }
        var content = try reader.fields(count, at: start, "the names of a group")
        heap = try content.take(count)
        heapStart = start
    }

    /// - Parameter level: That which the node must have.
    private mutating func readTree(_ address: Int, level: Int?) throws(FormatError) {
        guard nodes.insert(address).inserted else {
            throw reader.failure("the tree of a group leads back to itself", at: address)
        }
        var fields = try reader.fields(24, at: address, "the tree of a group")
        try fields.expect(UInt32(letters: "TREE"), "the tree of a group")
        let (kind, found) = (try fields.uint8(), Int(try fields.uint8()))
        guard kind == 0, found == level ?? found, found < 32 else {
            throw fields.failure("the tree of a group is damaged")
        }
        let count = Int(try fields.uint16())
        var entries = try reader.fields(8 + 16 * count, at: address + 24, "the tree of a group")
        for _ in 0..<count {
            try entries.skip(8)
            guard let child = try entries.address() else { throw entries.failure("the tree of a group is damaged") }
            if found > 0 {
                try readTree(child, level: found - 1)
            } else {
                try readSymbols(child)
            }
        }
    }

    private mutating func readSymbols(_ address: Int) throws(FormatError) {
        guard nodes.insert(address).inserted else {
            throw reader.failure("the tree of a group leads back to itself", at: address)
        }
        var fields = try reader.fields(8, at: address, "a table of names")
        try fields.expect(UInt32(letters: "SNOD"), "a table of names")
        try fields.skip(2)
        let count = Int(try fields.uint16())
        var entries = try reader.fields(40 * count, at: address + 8, "a table of names")
        for _ in 0..<count {
            let name = try name(at: entries.count(8), entries)
            let object = try entries.address()
            let cache = try entries.uint32()
            try entries.skip(20)
            if cache == 2 {
                links.append((name, .soft))
            } else if let object {
                links.append((name, .object(object)))
            }
        }
    }

    private mutating func name(at offset: Int, _ fields: ByteFields) throws(FormatError) -> String {
        guard offset < heap.count, let end = heap[offset...].firstIndex(of: 0) else {
            throw fields.failure("a name lies outside the names of its group")
        }
        rest -= end - offset
        guard rest >= 0 else { throw fields.failure("names of a group overlap") }
        return String(decoding: heap[offset..<end], as: UTF8.self)
    }

    /// Groups of many members have them in a heap of the newer form.
    private func checkInfo(_ fields: ByteFields) throws(FormatError) {
        var fields = fields
        try fields.skip(1)
        try fields.skip(try fields.uint8() & 1 != 0 ? 8 : 0)
        guard try fields.address() == nil else {
            throw reader.unsupported(name, "keeps its members in a fractal heap, which is not read")
        }
    }

    private mutating func readLink(_ fields: ByteFields) throws(FormatError) {
        var fields = fields
        guard try fields.uint8() == 1 else { throw fields.failure("a link has an unknown version") }
        let flags = try fields.uint8()
        let kind = flags & 8 != 0 ? try fields.uint8() : 0
        try fields.skip((flags & 4 != 0 ? 8 : 0) + (flags & 16 != 0 ? 1 : 0))
        let count = try fields.count(1 << Int(flags & 3))
        let name = String(decoding: try fields.take(count), as: UTF8.self)
        switch kind {
        case 0:
            guard let object = try fields.address() else { throw fields.failure("a link leads nowhere") }
            links.append((name, .object(object)))
        case 1: links.append((name, .soft))
        default: links.append((name, .external))
        }
    }
}
