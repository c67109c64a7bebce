import ApusGraph

extension IDX {
    /// Writes an array.
    ///
    /// - Parameter compressed: whether to compress the file by gzip
    /// - Throws: for element types that the format lacks (`bool`, `bfloat16`, `int64`), for scalars, for dimensions of
    ///   2³² and more, and if the file can't be written.
    public static func write(
        _ array: NumericArray, to path: String, compressed: Bool = false
    ) throws(FormatError) {
        let header = try header(array, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in
            try write(array, header, to: output, compressed: compressed)
        }
    }

    package static func encode(_ array: NumericArray, compressed: Bool = false) throws(FormatError) -> [UInt8] {
        let sink = MemorySink()
        try write(array, header(array, ""), to: sink, compressed: compressed)
        return sink.bytes
    }

    private static func write(
        _ array: NumericArray, _ header: (bytes: [UInt8], encoding: ElementEncoding), to sink: any ByteSink,
        compressed: Bool
    ) throws(FormatError) {
        let deflating = compressed ? try DeflatingSink(sink, format: .gzip) : nil
        let target = deflating ?? sink
        try target.append(contentsOf: header.bytes)
        try target.append(array, as: header.encoding)
        try deflating?.finish()
    }

    private static func header(
        _ array: NumericArray, _ path: String
    ) throws(FormatError) -> (bytes: [UInt8], encoding: ElementEncoding) {
        guard let code = code(array.elementType), let encoding = ElementEncoding(array.elementType, isBigEndian: true)
        else {
            throw FormatError(
                .unsupported, path: path, "IDX files have no \(array.elementType) elements",
                expected: "uint8, int32, float32 or float64", received: "\(array)",
                remedy: "Convert the array, or save it as safetensors.")
        }
        guard array.shape.rank > 0, array.shape.dimensions.allSatisfy({ UInt32(exactly: $0) != nil }) else {
            throw FormatError(
                .unsupported, path: path, "IDX files can't hold this shape",
                expected: "at least one dimension, each less than 2^32", received: "\(array)",
                remedy: "Reshape the array, or save it as safetensors.")
        }
        var bytes: [UInt8] = [0, 0, code, UInt8(array.shape.rank)]
        for dimension in array.shape.dimensions {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: dimension >> shift)) }
        }
        return (bytes, encoding)
    }

    private static func code(_ type: ElementType) -> UInt8? {
        switch type {
        case .uint8: 0x08
        case .int32: 0x0c
        case .float32: 0x0d
        case .float64: 0x0e
        case .bool, .bfloat16, .int64: nil
        }
    }
}
