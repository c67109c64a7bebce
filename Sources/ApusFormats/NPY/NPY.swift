import ApusGraph

/// NumPy's format of one array in a file, versions 1 to 3.
///
/// Types `b1`, `u1`, `i4`, `i8`, `f4`, `f8` are read as they are, `i1`, `i2` and `u2` as `int32`, `u4` and `u8` as `int64`, `f2` as
/// `float32`; others (complex numbers, texts, structures, Python objects) are refused. Both byte orders, C and Fortran order.
///
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NPY {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads an array.
    ///
    /// - Throws: if the file is missing, damaged or of a type that is not supported; sizes are checked before memory is
    ///   taken.
    public static func read(_ path: String) throws(FormatError) -> NumericArray {
        try read(ByteSource(path: path, content: "an .npy file"))
    }

    package static func read(_ source: ByteSource) throws(FormatError) -> NumericArray {
        try read(PlainStream(source))
    }

    static func read(_ stream: any ByteStream) throws(FormatError) -> NumericArray {
        let start = try stream.next(upTo: 8)
        guard start.starts(with: magic.prefix(start.count)), !start.isEmpty else {
            throw FormatError(
                .malformed, path: stream.path, offset: 0, "this is not an .npy file",
                expected: "\(Signature.hexadecimal(magic)) at the start", received: Signature.describe(start),
                remedy: "Check the path, or save the array again with numpy.save.")
        }
        guard start.count == 8 else {
            throw FormatError(
                .malformed, path: stream.path, offset: start.count, "the file ends too early",
                expected: "8 bytes of magic and version", received: start.count.counted("byte"),
                remedy: "Copy or download it again.")
        }
        guard (1...3).contains(start[6]), start[7] == 0 else {
            throw FormatError(
                .unsupported, path: stream.path, offset: 6, "the version of the format is not supported",
                expected: "1.0, 2.0 or 3.0", received: "\(start[6]).\(start[7])",
                remedy: "Save the array again with numpy.save.")
        }
        let length = try stream.next(start[6] == 1 ? 2 : 4, of: "header length").reversed().reduce(0) {
            $0 << 8 | Int($1)
        }
        let limit = min(stream.count ?? stream.limit, NPYHeader.maximumByteCount)
        guard length <= limit else {
            throw FormatError(
                .malformed, path: stream.path, offset: 8, "the header is too long",
                expected: "at most \(limit) bytes", received: length.counted("byte"),
                remedy: "Save the array again with numpy.save.")
        }
        let base = stream.position
        let header = try NPYHeader(stream.next(length, of: "header"), path: stream.path, base: base)
        return try stream.readArray(header.dimensions, header.encoding, isFortran: header.isFortran, headerOffset: base)
    }

    /// Writes an array: version 1.0, little-endian, C order.
    ///
    /// - Throws: for `bfloat16`, which the format lacks, and if the file can't be written.
    public static func write(_ array: NumericArray, to path: String) throws(FormatError) {
        let header = try header(array.type, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in
            try output.append(contentsOf: header)
            try output.append(contentsOf: array.bytes)
        }
    }

    package static func encode(_ array: NumericArray) throws(FormatError) -> [UInt8] {
        try header(array.type, "") + array.bytes
    }

    /// Magic, version, length and dictionary, padded so that the data starts at a multiple of 64.
    static func header(_ type: TensorType, _ path: String) throws(FormatError) -> [UInt8] {
        guard let code = code(type.elementType) else {
            throw FormatError(
                .unsupported, path: path, ".npy files have no \(type.elementType) elements",
                expected: "another type", received: "\(type)",
                remedy: "Convert the array to float32, or save it as safetensors.")
        }
        let dimensions = type.shape.dimensions
        let shape =
            dimensions.count == 1 ? "(\(dimensions[0]),)" : "(\(dimensions.map(String.init).joined(separator: ", ")))"
        var text = Array("{'descr': '\(code)', 'fortran_order': False, 'shape': \(shape), }".utf8)
        text += Array(repeating: UInt8(ascii: " "), count: 63 - (10 + text.count) % 64) + [UInt8(ascii: "\n")]
        return magic + [1, 0, UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)] + text
    }

    private static func code(_ type: ElementType) -> String? {
        switch type {
        case .bool: "|b1"
        case .uint8: "|u1"
        case .int32: "<i4"
        case .int64: "<i8"
        case .float32: "<f4"
        case .float64: "<f8"
        case .bfloat16: nil
        }
    }
}
