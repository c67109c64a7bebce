/// Texts of an HDF5 file, which lie in collections of the global heap.
struct HDF5Heap {
    private let reader: HDF5Reader
    /// The places of objects by the place of their collection, and their numbers.
    private var collections: [Int: [Int: Range<Int>]] = [:]
    /// What collections and texts may still take; in a sound file they don't overlap.
    private var rest: Int
    private var textRest: Int

    init(_ reader: HDF5Reader) {
        self.reader = reader
        rest = reader.source.count
        textRest = reader.source.count
    }

    /// The next texts of those fields: a length, a collection and a number each.
    mutating func texts(_ fields: inout ByteFields, count: Int) throws(FormatError) -> [String] {
        var texts: [String] = []
        for _ in 0..<count {
            let length = Int(try fields.uint32())
            let collection = try fields.address()
            let index = Int(try fields.uint32())
            guard length > 0, let collection, collection > 0 else {
                texts.append("")
                continue
            }
            if collections[collection] == nil { collections[collection] = try objects(collection) }
            guard let range = collections[collection]?[index], length <= range.count else {
                throw fields.failure("a text of the HDF5 file is not where it should be")
            }
            textRest -= length
            guard textRest >= 0 else { throw fields.failure("texts of the HDF5 file overlap") }
            let bytes = try reader.source.bytes(range.lowerBound..<range.lowerBound + length)
            texts.append(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
        return texts
    }

    private mutating func objects(_ address: Int) throws(FormatError) -> [Int: Range<Int>] {
        var header = try reader.fields(16, at: address, "the heap of texts")
        try header.expect(UInt32(letters: "GCOL"), "the heap of texts")
        try header.skip(4)
        let count = try header.count(8)
        rest -= max(count, 16)
        guard rest >= 0, count >= 16 else { throw header.failure("heaps of texts overlap") }
        var fields = try reader.fields(count - 16, at: address + 16, "the heap of texts")
        var objects: [Int: Range<Int>] = [:]
        while fields.rest >= 16 {
            let index = Int(try fields.uint16())
            try fields.skip(6)
            let size = try fields.count(8)
            // Number 0 is free space, to the end.
            if index == 0 { break }
            let start = fields.offset
            guard size <= fields.rest else { throw fields.failure("a text of the HDF5 file is not where it should be") }
            try fields.skip(min(fields.rest, (size + 7) & ~7))
            objects[index] = start..<start + size
        }
        return objects
    }
}

extension HDF5Type {
    /// Texts of a fixed size.
    func fixedTexts(_ fields: inout ByteFields, count: Int, isPaddedWithSpaces: Bool) throws(FormatError) -> [String] {
        var texts: [String] = []
        for _ in 0..<count {
            var bytes = try fields.take(byteCount).prefix { $0 != 0 }
            if isPaddedWithSpaces { while bytes.last == 0x20 { bytes.removeLast() } }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return texts
    }
}
