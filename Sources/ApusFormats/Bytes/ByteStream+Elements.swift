import ApusGraph

extension ByteStream {
    /// Reads the elements of an array to the end of the stream.
    ///
    /// - Parameters:
    ///   - dimensions: as a header announces them; nothing is known of them yet
    ///   - isFortran: whether the first axis varies fastest in the stream, instead of the last
    func readArray(
        _ dimensions: [Int], _ encoding: ElementEncoding, isFortran: Bool = false, headerOffset: Int
    ) throws(FormatError) -> NumericArray {
        let type = encoding.elementType
        guard let decoded = Extent.byteCount(dimensions, bytesPerElement: type.byteCount),
            let stored = Extent.byteCount(dimensions, bytesPerElement: encoding.storedByteCount)
        else {
            throw Extent.oversized(dimensions, path: path, offset: headerOffset)
        }
        let shape = Shape(dimensions)
        try expect(stored: stored, decoded: decoded, for: TensorType(shape, type))
        let start = position
        let placement = isFortran ? FortranOrder(dimensions) : nil
        var failure: FormatError?
        let bytes = [UInt8](unsafeUninitializedCapacity: decoded) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)[..<decoded].rebased
            do throws(FormatError) {
                if encoding.widens || placement != nil {
                    try fillByChunks(target, stored: stored, encoding, placement)
                } else {
                    try fill(target)
                    encoding.decodeInPlace(target)
                }
                initialized = decoded
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try expectEnd()
        try encoding.check(bytes, path: path, offset: start)
        return try NumericArray(shape: shape, elementType: type, bytes: bytes, path: path, offset: start)
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        let length = try read(buffer)
        guard length == buffer.count else {
            throw FormatError(
                .malformed, path: path, offset: position, "the data ends too early",
                expected: "\(buffer.count - length) more bytes", remedy: "Copy or download it again.")
        }
    }

    /// Reads, converts and places the elements in pieces, so that memory is needed for the result only.
    private func fillByChunks(
        _ target: UnsafeMutableRawBufferPointer, stored: Int, _ encoding: ElementEncoding, _ order: FortranOrder?
    ) throws(FormatError) {
        let width = encoding.storedByteCount
        let targetWidth = encoding.elementType.byteCount
        let chunk = min(stored, 1 << 16)
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 8)
        let converted = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk / width * targetWidth, alignment: 8)
        defer {
            raw.deallocate()
            converted.deallocate()
        }
        var order = order
        var done = 0
        while done < stored {
            let length = min(chunk, stored - done)
            let part = raw[..<length].rebased
            try fill(part)
            let offset = done / width * targetWidth
            let count = length / width * targetWidth
            if order == nil {
                encoding.decode(UnsafeRawBufferPointer(part), into: target[offset..<offset + count].rebased)
            } else {
                encoding.decode(UnsafeRawBufferPointer(part), into: converted)
                order?.place(UnsafeRawBufferPointer(converted[..<count].rebased), width: targetWidth, into: target)
            }
            done += length
        }
    }
}

/// A walk over an array whose first axis varies fastest (column-major, as in Fortran).
struct FortranOrder {
    private let dimensions: [Int]
    private let strides: [Int]
    private var index: [Int]
    private var offset = 0

    /// `nil` if both orders are the same.
    init?(_ dimensions: [Int]) {
        // Axes of extent 1 change nothing.
        let kept = dimensions.indices.filter { dimensions[$0] > 1 }
        guard kept.count > 1, !dimensions.contains(0) else { return nil }
        self.dimensions = kept.map { dimensions[$0] }
        strides = Shape(self.dimensions).strides
        index = Array(repeating: 0, count: kept.count)
    }

    /// Copies the next elements to their places in row-major order.
    mutating func place(_ source: UnsafeRawBufferPointer, width: Int, into target: UnsafeMutableRawBufferPointer) {
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for element in 0..<source.count / width {
            (to + offset * width).copyMemory(from: from + element * width, byteCount: width)
            advance()
        }
    }

    private mutating func advance() {
        for axis in dimensions.indices {
            index[axis] += 1
            offset += strides[axis]
            if index[axis] < dimensions[axis] { return }
            offset -= dimensions[axis] * strides[axis]
            index[axis] = 0
        }
    }
}
