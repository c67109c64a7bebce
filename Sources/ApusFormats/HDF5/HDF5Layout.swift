import ApusConfiguration

/// How a data set lies in the file.
enum HDF5Layout: Sendable {
    /// In its header.
    case compact(ByteFields)
    /// In one piece; without a place nothing was ever written.
    case contiguous(Int?)
    /// In chunks of equal extents, which something lists.
    case chunked(extents: [Int], HDF5ChunkIndex)
    /// What is not read, in words.
    case other(String)

    /// What lists the chunks of a data set.
    enum HDF5ChunkIndex: Sendable {
        /// A tree, of the first version.
        case tree(Int)
        /// One chunk; its size is stored if filters ran over it.
        case single(Int, stored: Int?, mask: UInt32)
        /// All of equal size, one after the other.
        case implicit(Int)
        /// A table.
        case table(Int)
        /// None was written.
        case none
    }

    init(_ fields: ByteFields) throws(FormatError) {
        var fields = fields
        let version = try fields.uint8()
        guard (3...5).contains(version) else {
            guard version < 3 else { throw fields.failure("a data set lies in the file in an unknown way") }
            self = .other("a layout of HDF5 before 1.6")
            return
        }
        switch try fields.uint8() {
        case 0:
            let count = Int(try fields.uint16())
            self = .compact(try fields.part(count))
        case 1: self = .contiguous(try fields.address())
        case 2: self = try version == 3 ? HDF5Layout.chunks(&fields) : HDF5Layout.laterChunks(&fields)
        case 3: self = .other("a virtual data set, whose data lies in others")
        default: throw fields.failure("a data set lies in the file in an unknown way")
        }
    }

    /// The last extent is the size of an element.
    private static func chunks(_ fields: inout ByteFields) throws(FormatError) -> HDF5Layout {
        let rank = Int(try fields.uint8())
        let address = try fields.address()
        let extents = try extents(&fields, rank, width: 4)
        return .chunked(extents: extents, address.map { .tree($0) } ?? .none)
    }

    private static func laterChunks(_ fields: inout ByteFields) throws(FormatError) -> HDF5Layout {
        let flags = try fields.uint8()
        let rank = Int(try fields.uint8())
        let width = Int(try fields.uint8())
        guard (1...8).contains(width) else { throw fields.failure("the extents of chunks have an unknown size") }
        let extents = try extents(&fields, rank, width: width)
        if flags & 1 != 0 { return .other("chunks at the border without filters") }
        let index: HDF5ChunkIndex
        switch try fields.uint8() {
        case 1:
            let isFiltered = flags & 2 != 0
            let stored = isFiltered ? try fields.count(8) : nil
            let mask = isFiltered ? try fields.uint32() : 0
            index = try fields.address().map { .single($0, stored: stored, mask: mask) } ?? .none
        case 2: index = try fields.address().map { .implicit($0) } ?? .none
        case 3:
            try fields.skip(1)
            index = try fields.address().map { .table($0) } ?? .none
        case 4: return .other("chunks that an extensible array lists")
        case 5: return .other("chunks that a tree of the second version lists")
        default: throw fields.failure("chunks are listed in an unknown way")
        }
        return .chunked(extents: extents, index)
    }

    private static func extents(_ fields: inout ByteFields, _ rank: Int, width: Int) throws(FormatError) -> [Int] {
        guard (1...33).contains(rank) else { throw fields.failure("chunks have no dimensions, or too many") }
        var extents: [Int] = []
        for _ in 0..<rank {
            let extent = try fields.count(width)
            guard extent > 0 else { throw fields.failure("a chunk has an extent of 0") }
            extents.append(extent)
        }
        return extents
    }
}

/// What was done with the bytes of a chunk before they were stored.
struct HDF5Filters: Sendable {
    /// The bytes of elements stand apart: first all first ones, then all second ones.
    private(set) var shuffles = false
    /// DEFLATE, after that.
    private(set) var deflates = false
    /// Which of the filters each is, for chunks that leave some out.
    private(set) var count = 0
    /// What is not read, in words.
    private(set) var refused: String?

    private static let names = [
        3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32004: "lz4",
        32008: "bitshuffle", 32013: "zfp", 32015: "zstd",
    ]

    init() {}

    init(_ fields: ByteFields) throws(FormatError) {
        var fields = fields
        let version = try fields.uint8()
        count = Int(try fields.uint8())
        guard version == 1 || version == 2, count <= 32 else {
            throw fields.failure("filters are listed in an unknown way")
        }
        if version == 1 { try fields.skip(6) }
        for _ in 0..<count {
            let kind = Int(try fields.uint16())
            let nameCount = version == 1 || kind >= 256 ? Int(try fields.uint16()) : 0
            try fields.skip(2)
            let valueCount = Int(try fields.uint16())
            try fields.skip(version == 1 ? (nameCount + 7) & ~7 : nameCount)
            try fields.skip(4 * (valueCount + (version == 1 ? valueCount % 2 : 0)))
            switch kind {
            case 1 where !deflates: deflates = true
            case 2 where !deflates && !shuffles: shuffles = true
            case 1, 2: refused = "filters in another order than shuffle, gzip"
            default: refused = "the filter \(HDF5Filters.names[kind] ?? "number \(kind)")"
            }
        }
    }

    /// The filters that ran over a chunk with this mask: a bit for each that did not.
    func used(_ mask: UInt32) -> HDF5Filters {
        var used = self
        if shuffles { used.shuffles = mask & 1 == 0 }
        if deflates { used.deflates = mask >> UInt32(shuffles ? 1 : 0) & 1 == 0 }
        return used
    }
}
