import ApusConfiguration
import ApusGraph

/// A tensor of a file of `torch.save`, checked against the memory that it lies in.
struct PyTorchTensor: Sendable {
    private let name: String
    private let shape: Shape
    private let strides: [Int]
    private let elementType: PyTorchType
    private let isBigEndian: Bool
    private let source: ByteSource
    private let mapping: Mapping?
    /// From its first element to the end of its last one.
    private let range: Range<Int>
    /// That of the range, if it is all of its storage.
    private let checksum: UInt32?

    init(_ name: String, _ tensor: PickleTensor, _ memory: PyTorchMemory, path: String) throws(FormatError) {
        let type = tensor.storage.type
        func beyond() -> FormatError {
            FormatError(
                .malformed, path: path, "tensor \(name.quoted) reaches beyond its storage",
                expected: tensor.storage.count.counted("element"),
                received: "shape \(Shape(tensor.dimensions)), strides \(tensor.strides), from element \(tensor.start)",
                remedy: "Copy or download it again.")
        }
        guard let count = Extent.count(tensor.dimensions),
            Extent.byteCount(tensor.dimensions, bytesPerElement: 16) != nil
        else { throw Extent.oversized(tensor.dimensions, path: path, offset: nil) }
        guard let part = memory.parts[tensor.storage.key] else { throw beyond() }
        // Elements from the first to behind the last.
        var length = count > 0 ? 1 : 0
        if count > 0 {
            for (size, stride) in zip(tensor.dimensions, tensor.strides) {
                let (step, overflow) = stride.multipliedReportingOverflow(by: size - 1)
                let (sum, overflows) = length.addingReportingOverflow(step)
                guard !overflow, !overflows else { throw beyond() }
                length = sum
            }
        }
        // A part of a storage that is one in the file begins somewhere in it.
        let stored = part.range.count / type.byteCount
        let (start, overflow) = tensor.start.addingReportingOverflow(tensor.storage.start)
        guard tensor.storage.count <= stored, !overflow, tensor.start <= tensor.storage.count,
            length <= tensor.storage.count - tensor.start, start <= stored, length <= stored - start
        else { throw beyond() }
        let first = part.range.lowerBound + start * type.byteCount
        self.name = name
        shape = Shape(tensor.dimensions)
        strides = tensor.strides
        elementType = type
        isBigEndian = memory.isBigEndian
        source = part.source
        mapping = part.mapping
        range = first..<first + length * type.byteCount
        checksum = range == part.range ? part.checksum : nil
    }

    func type(_ path: String) throws(FormatError) -> TensorType { TensorType(shape, try encoding(path).elementType) }

    func array(_ path: String) throws(FormatError) -> NumericArray {
        guard isRowMajor else { return try gathered(path) }
        let encoding = try encoding(path)
        let bytes = try source.bytes(range)
        try check(bytes, path)
        return try StoredElements.array(
            bytes, shape, encoding, path: path, offset: range.lowerBound)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, _ path: String) throws(FormatError) {
        guard isRowMajor else {
            try type(path).checkMemory(buffer, for: name, path: path)
            return buffer.copyBytes(from: try gathered(path).bytes)
        }
        try elements(path).read(into: buffer)
    }

    func withBytes<Result>(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        guard isRowMajor else { return try gathered(path).bytes.withUnsafeBytes(body) }
        return try elements(path).withBytes(body)
    }

    /// Those of a tensor that lies in row-major order.
    private func elements(_ path: String) throws(FormatError) -> StoredElements {
        StoredElements(
            name: name, shape: shape, encoding: try encoding(path), source: source, mapping: mapping, range: range)
    }

    private func encoding(_ path: String) throws(FormatError) -> ElementEncoding {
        guard let encoding = elementType.encoding(isBigEndian: isBigEndian) else {
            throw FormatError(
                .unsupported, path: path, "tensor \(name.quoted) has a type that is not supported",
                expected: "float16, float32, float64, bfloat16, whole numbers or bool", received: elementType.rawValue,
                remedy: "Convert it before it is saved, for example by tensor.float().")
        }
        return encoding
    }

    private func check(_ bytes: [UInt8], _ path: String) throws(FormatError) {
        guard let checksum else { return }
        let received = bytes.withUnsafeBytes { $0.crc32(continuing: 0) }
        guard received == checksum else {
            throw FormatError(
                .malformed, path: path, offset: range.lowerBound,
                "the data of tensor \(name.quoted) is damaged: its checksum is wrong",
                expected: String(checksum, radix: 16), received: String(received, radix: 16),
                remedy: "Copy or download it again.")
        }
    }

    // MARK: Other orders

    private var isRowMajor: Bool {
        if shape.count == 0 { return true }
        var expected = 1
        for (size, stride) in zip(shape.dimensions, strides).reversed() where size > 1 {
            if stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// The elements of a transposed or repeated tensor in row-major order.
    private func gathered(_ path: String) throws(FormatError) -> NumericArray {
        let (encoding, width) = (try encoding(path), elementType.byteCount)
        let count = shape.count * width
        // Repeated along an axis, a few bytes can be a tensor of any size.
        let limit = max(1 << 22, range.count.multipliedReportingOverflow(by: 100).partialValue)
        guard count <= limit else {
            throw FormatError(
                .unsupported, path: path, "tensor \(name.quoted) repeats its elements far more often than is likely",
                expected: "at most \(limit.counted("byte"))", received: "\(count.counted("byte")) for shape \(shape)",
                remedy: "Save tensor.contiguous() in its place.")
        }
        let stored = try source.bytes(range)
        try check(stored, path)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            stored.withUnsafeBytes { gather($0, width, into: UnsafeMutableRawBufferPointer(buffer)) }
            initialized = count
        }
        return try StoredElements.array(bytes, shape, encoding, path: path, offset: range.lowerBound)
    }

    private func gather(_ source: UnsafeRawBufferPointer, _ width: Int, into target: UnsafeMutableRawBufferPointer) {
        guard let from = source.baseAddress, let to = target.baseAddress, !shape.dimensions.isEmpty else { return }
        let (dimensions, last) = (shape.dimensions, shape.rank - 1)
        var index = Array(repeating: 0, count: dimensions.count)
        var (place, written) = (0, 0)
        while true {
            for element in 0..<dimensions[last] {
                (to + written).copyMemory(from: from + (place + element * strides[last]) * width, byteCount: width)
                written += width
            }
            var axis = last - 1
            while axis >= 0 {
                index[axis] += 1
                place += strides[axis]
                if index[axis] < dimensions[axis] { break }
                place -= dimensions[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
