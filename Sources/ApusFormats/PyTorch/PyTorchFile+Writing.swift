import ApusConfiguration

extension PyTorchFile {
    /// Writes arrays as the state dict that `torch.load(path, weights_only=True)` reads, in the given order.
    ///
    /// ```swift
    /// let steps = try NumericArray(shape: [], elements: [128] as [Int64])
    /// try PyTorchFile.write([("bn1.num_batches_tracked", steps)], to: "model.pth")
    /// ```
    ///
    /// The file is whole or not there at all. The same content gives the same bytes.
    ///
    /// - Throws: if two names are the same, and if the file can't be written.
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
        var known: Set<[UInt8]> = []
        for (name, _) in arrays where !known.insert(Array(name.utf8)).inserted {
            throw FormatError(
                .mismatch, path: path, "two tensors have the name \(name.quoted)", expected: "different names",
                remedy: "Rename one of them.")
        }
        let pickle = PickleWriter.stateDict(arrays.map { ($0.name, $0.array.type) })
        var items = [
            ZipWriter.Item(name: "archive/data.pkl", parts: [pickle]),
            ZipWriter.Item(name: "archive/byteorder", parts: [Array("little".utf8)]),
        ]
        for (index, item) in arrays.enumerated() {
            items.append(ZipWriter.Item(name: "archive/data/\(index)", parts: [item.array.bytes], alignment: 64))
        }
        items.append(ZipWriter.Item(name: "archive/version", parts: [Array("3\n".utf8)]))
        return try ZipWriter(items, path: path, remedy: "Give every tensor a name of its own.")
    }
}
