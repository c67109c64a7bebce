extension NPZFile {
    /// Writes arrays to a file as `numpy.savez` does: stored as they are, little-endian, in C order.
    ///
    /// - Throws: `FormatError` for `bfloat16`, which the format lacks; for names that are empty or there twice; and
    ///   if the file can't be written, when one that was there stays as it was.
    public static func write(_ arrays: [(name: String, array: NumericArray)], to path: String) throws(FormatError) {
        let archive = try archive(arrays, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in try archive.write(to: output) }
    }

    package static func encode(_ arrays: [(name: String, array: NumericArray)]) throws(FormatError) -> [UInt8] {
        let memory = MemorySink()
        try archive(arrays, "").write(to: memory)
        return memory.bytes
    }

    private static func archive(
        _ arrays: [(name: String, array: NumericArray)], _ path: String
    ) throws(FormatError) -> ZipWriter {
        var items: [ZipWriter.Item] = []
        for (name, array) in arrays {
            guard !name.isEmpty else {
                throw FormatError(
                    .unsupported, path: path, "an array can't have this name", expected: "names that are not empty",
                    received: "an empty one", remedy: "Give every array a name of its own.")
            }
            items.append(ZipWriter.Item(name: "\(name).npy", parts: [try NPY.header(array.type, path), array.bytes]))
        }
        return try ZipWriter(items, path: path, remedy: "Give every array a name of its own.")
    }
}
