import ApusConfiguration

/// The chunks of a data set: where they are, and how they become its elements.
struct HDF5Chunks {
    struct Chunk {
        /// Its first element in the data set.
        let origin: [Int]
        let address: Int
        let stored: Int
        let filters: HDF5Filters
    }

    private(set) var chunks: [Chunk] = []
    private let reader: HDF5Reader
    private let dimensions: [Int]
    /// The extents of each chunk.
    private let extents: [Int]
    private let width: Int
    private let filters: HDF5Filters
    private let name: String
    private var nodes: Set<Int> = []
    /// The size of a chunk before filters.
    private let byteCount: Int

    init(
        _ reader: HDF5Reader, _ index: HDF5Layout.HDF5ChunkIndex, extents: [Int], dimensions: [Int], width: Int,
        _ filters: HDF5Filters, name: String
    ) throws(FormatError) {
        self.reader = reader
        self.dimensions = dimensions
        self.width = width
        self.filters = filters
        self.name = name
        self.extents = Array(extents.dropLast())
        guard self.extents.count == dimensions.count, !dimensions.isEmpty, extents.last == width,
            let byteCount = Extent.byteCount(self.extents, bytesPerElement: width)
        else { throw reader.failure("the chunks of \(name.quoted) do not fit it") }
        self.byteCount = byteCount
        switch index {
        case .none: break
        case .tree(let address): try readTree(address, level: nil)
        case .single(let address, let stored, let mask):
            try add(Array(repeating: 0, count: dimensions.count), address, stored ?? byteCount, mask)
        case .implicit(let address): try readImplicit(address)
        case .table(let address): try readTable(address)
        }
    }

    /// What the file holds of the data set.
    var stored: Int { chunks.reduce(0) { $0 + $1.stored } }

    private mutating func add(
        _ origin: [Int], _ address: Int, _ stored: Int, _ mask: UInt32
    ) throws(FormatError) {
        let filters = filters.used(mask)
        guard zip(origin, dimensions).allSatisfy({ $0 < $1 }), zip(origin, extents).allSatisfy({ $0 % $1 == 0 }),
            address <= reader.source.count, stored >= 0, stored <= reader.source.count - address,
            filters.deflates || stored == byteCount
        else { throw reader.failure("a chunk of \(name.quoted) lies outside of it or of the file", at: address) }
        chunks.append(Chunk(origin: origin, address: address, stored: stored, filters: filters))
    }

    // MARK: Lists of chunks

    private mutating func readTree(_ address: Int, level: Int?) throws(FormatError) {
        guard nodes.insert(address).inserted else {
            throw reader.failure("the tree of the chunks of \(name.quoted) leads back to itself", at: address)
        }
        var fields = try reader.fields(24, at: address, "the tree of chunks")
        try fields.expect(UInt32(letters: "TREE"), "the tree of chunks")
        let (kind, found) = (try fields.uint8(), Int(try fields.uint8()))
        guard kind == 1, found == level ?? found, found < 32 else {
            throw fields.failure("the tree of the chunks of \(name.quoted) is damaged")
        }
        let count = Int(try fields.uint16())
        let keyCount = 8 + 8 * (dimensions.count + 1)
        var entries = try reader.fields((keyCount + 8) * count, at: address + 24, "the tree of chunks")
        for _ in 0..<count {
            let stored = Int(try entries.uint32())
            let mask = try entries.uint32()
            var origin: [Int] = []
            for _ in dimensions { origin.append(try entries.count(8)) }
            try entries.skip(8)
            guard let child = try entries.address() else { throw entries.failure("a chunk has no place") }
            if found > 0 {
                try readTree(child, level: found - 1)
            } else {
                try add(origin, child, stored, mask)
            }
        }
    }

    private func grid() throws(FormatError) -> (extents: [Int], count: Int) {
        let extents = zip(dimensions, extents).map { $0 / $1 + ($0 % $1 == 0 ? 0 : 1) }
        guard let count = Extent.count(extents) else {
            throw Extent.oversized(dimensions, path: reader.path, offset: nil)
        }
        return (extents, count)
    }

    /// The first element of the chunk with a number, in row-major order.
    private func origin(_ number: Int, _ grid: [Int]) -> [Int] {
        var (rest, origin) = (number, dimensions)
        for axis in dimensions.indices.reversed() {
            origin[axis] = rest % grid[axis] * extents[axis]
            rest /= grid[axis]
        }
        return origin
    }

    private mutating func readImplicit(_ address: Int) throws(FormatError) {
        let (grid, count) = try grid()
        guard byteCount > 0, address <= reader.source.count, count <= (reader.source.count - address) / byteCount else {
            throw reader.failure("the chunks of \(name.quoted) lie outside of the file", at: address)
        }
        for number in 0..<count { try add(origin(number, grid), address + number * byteCount, byteCount, 0) }
    }

    private mutating func readTable(_ address: Int) throws(FormatError) {
        let (grid, count) = try grid()
        var header = try reader.fields(28, at: address, "the table of chunks")
        try header.expect(UInt32(letters: "FAHD"), "the table of chunks")
        try header.skip(1)
        let isFiltered = try header.uint8() == 1
        let (size, pageBits) = (Int(try header.uint8()), Int(try header.uint8()))
        guard try header.count(8) == count, isFiltered ? (13...20).contains(size) : size == 8 else {
            throw header.failure("the table of the chunks of \(name.quoted) is damaged")
        }
        guard pageBits < 32, count <= 1 << pageBits else {
            throw reader.unsupported(name, "has chunks in a table of several pages, which is not read")
        }
        guard let block = try header.address() else { return }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow else { throw header.failure("the table of the chunks of \(name.quoted) is damaged") }
        var mark = try reader.fields(4, at: block, "the table of chunks")
        try mark.expect(UInt32(letters: "FADB"), "the table of chunks")
        var entries = try reader.fields(bytes, at: block + 14, "the table of chunks")
        for number in 0..<count {
            let place = try entries.address()
            let stored = isFiltered ? try entries.count(size - 12) : byteCount
            let mask = isFiltered ? try entries.uint32() : 0
            if let place { try add(origin(number, grid), place, stored, mask) }
        }
    }

    // MARK: Elements

    /// Writes the elements of all chunks to their places in row-major order.
    func place(into target: UnsafeMutableRawBufferPointer) throws(FormatError) {
        for chunk in chunks {
            let bytes = try bytes(of: chunk)
            bytes.withUnsafeBytes { place($0, chunk, into: target) }
        }
    }

    private func bytes(of chunk: Chunk) throws(FormatError) -> [UInt8] {
        let range = chunk.address..<chunk.address + chunk.stored
        guard chunk.filters.deflates else { return try reader.source.bytes(range) }
        guard byteCount <= max(1 << 16, HDF5Dataset.limit(stored: chunk.stored)) else {
            throw HDF5Dataset.tooLarge(name, byteCount, stored: chunk.stored, reader)
        }
        let stream = try InflatingStream(
            reader.source, range, format: .zlib, count: byteCount, path: "\(reader.path)/\(name)")
        let bytes = try stream.next(byteCount, of: "a chunk")
        try stream.expectEnd()
        return bytes
    }

    /// Goes through the rows of a chunk along the last axis; what reaches beyond the data set is left out.
    private func place(
        _ source: UnsafeRawBufferPointer, _ chunk: Chunk, into target: UnsafeMutableRawBufferPointer
    ) {
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let last = dimensions.count - 1
        let counts = dimensions.indices.map { min(extents[$0], dimensions[$0] - chunk.origin[$0]) }
        let elements = byteCount / width
        var index = Array(repeating: 0, count: dimensions.count)
        while true {
            var (inChunk, inData) = (0, 0)
            for axis in dimensions.indices {
                inChunk = inChunk * extents[axis] + index[axis]
                inData = inData * dimensions[axis] + chunk.origin[axis] + index[axis]
            }
            if chunk.filters.shuffles {
                for element in 0..<counts[last] {
                    for byte in 0..<width {
                        target[(inData + element) * width + byte] = source[byte * elements + inChunk + element]
                    }
                }
            } else {
                (to + inData * width).copyMemory(from: from + inChunk * width, byteCount: counts[last] * width)
            }
            var axis = last - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < counts[axis] { break }
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
