import ApusBackend
import CKernels
import ApusGraph
import ApusTensor

/// One value for every sample, such as its image or its label: rows of equal type.
struct Column: Sendable {
    /// The rows, one after the other in memory; empty where a reader makes them.
    let buffer: Buffer
    /// The type of one row.
    let row: TensorType
    /// Makes the rows when they are asked for; `nil` if they are in memory.
    let cache: RowCache?
    /// Where this column begins in a row of the cache, which may hold several columns.
    let offset: Int

    init(buffer: Buffer, row: TensorType) {
        self.buffer = buffer
        self.row = row
        cache = nil
        offset = 0
    }

    /// A column whose rows are made when they are asked for.
    ///
    /// - Parameter limit: the bytes of rows that stay in memory
    init(_ reader: any RowReader, row: TensorType, limit: Int) {
        self.init(RowCache(reader, rowByteCount: row.byteCount, limit: limit), row: row, offset: 0)
    }

    /// A column that is a part of the rows of a cache.
    init(_ cache: RowCache, row: TensorType, offset: Int) {
        buffer = Buffer(byteCount: 0)
        self.row = row
        self.cache = cache
        self.offset = offset
    }

    var isInMemory: Bool { cache == nil }
    var rowByteCount: Int { row.byteCount }
    private var part: Range<Int> { offset..<offset + rowByteCount }

    /// The type of some rows together: `[count] + row`.
    func type(count: Int) -> TensorType {
        TensorType(Shape([count] + row.shape.dimensions), row.elementType)
    }

    /// Where the bytes of one row are: in memory, or in `scratch`, into which they are read.
    ///
    /// - Parameter scratch: memory of `rowByteCount` bytes; not needed for rows in memory
    /// - Throws: what the reader throws; never for rows in memory.
    func pointer(_ index: Int, scratch: UnsafeMutableRawPointer?) throws -> UnsafeRawPointer {
        guard let cache, let scratch else { return UnsafeRawPointer(buffer.start + index * rowByteCount) }
        try cache.read(index, part, into: scratch)
        return UnsafeRawPointer(scratch)
    }

    /// The bytes of one row that is in memory.
    func bytesInMemory(_ index: Int) -> UnsafeRawBufferPointer {
        demand(isInMemory, "the rows of this column are read when they are needed")
        return UnsafeRawBufferPointer(start: buffer.start + index * rowByteCount, count: rowByteCount)
    }

    /// Memory for `pointer(_:scratch:)`, if it is needed.
    func makeScratch() -> Buffer? { isInMemory ? nil : Buffer(byteCount: rowByteCount) }

    /// Asks for a row that is needed soon; the first pages of one that is large.
    @inline(__always) func prefetch(_ index: Int) {
        guard cache == nil else { return }
        apus_prefetch(buffer.start + index * rowByteCount, min(rowByteCount, 4096))
    }

    /// Copies rows one behind the other.
    ///
    /// - Parameter target: memory of `rows.count * rowByteCount` bytes that nobody else uses
    func gather(_ rows: ArraySlice<Int>, into target: Buffer) throws {
        let width = rowByteCount
        precondition(target.byteCount >= rows.count * width)
        if let cache {
            for (place, row) in rows.enumerated() { try cache.read(row, part, into: target.start + place * width) }
            return
        }
        rows.withUnsafeBufferPointer { rows in
            if width == 4 {
                // Labels: a call a row would cost more than the copy.
                let from = buffer.start.assumingMemoryBound(to: UInt32.self)
                let to = target.start.assumingMemoryBound(to: UInt32.self)
                for index in rows.indices { to[index] = from[rows[index]] }
            } else {
                var to = target.start
                for (place, row) in rows.enumerated() {
                    // Rows are all over the memory.
                    if place + 2 < rows.count { prefetch(rows[place + 2]) }
                    to.copyMemory(from: buffer.start + row * width, byteCount: width)
                    to += width
                }
            }
        }
    }

    /// One row as a tensor.
    func read(_ index: Int) throws -> Tensor {
        let copy = Buffer(byteCount: rowByteCount)
        let source = try pointer(index, scratch: copy.start)
        if isInMemory { copy.start.copyMemory(from: source, byteCount: rowByteCount) }
        return Tensor(copy, row)
    }

    /// One row as a tensor; one that can't be read makes a tensor that carries the error.
    func tensor(_ index: Int) -> Tensor {
        do { return try read(index) } catch { return Tensor(unreadable: error) }
    }
}

extension Tensor {
    /// What stands for a sample that can't be read: a tensor that carries the error.
    init(unreadable error: any Error) {
        self.init(Node(problem: "\(error)", operation: "a sample"))
    }
}
