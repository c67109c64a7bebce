import ApusConfiguration

extension HDF5File {
    /// Writes arrays to an HDF5 file; slashes in their names make groups.
    ///
    /// ```swift
    /// let bias = try NumericArray(shape: [2], elements: [0.5, -1] as [Float])
    /// try HDF5File.write(
    ///     [("dense/bias:0", bias)], attributes: ["dense": [("weight_names", .texts(["bias:0"]))]], to: "weights.h5")
    /// ```
    ///
    /// Data sets are stored in one piece, little-endian. The file is whole or not there at all, and h5py reads it.
    ///
    /// - Parameters:
    ///   - arrays: The data sets by their paths, in the order in which they lie in the file.
    ///   - attributes: Attributes of groups and data sets by their paths; that of the root is empty. A group that is named here is
    ///     written even if it is empty.
    ///   - path: The file.
    /// - Throws: `FormatError` for `bfloat16`, which h5py does not read; for names that are empty or there twice; and if the file
    ///   can't be written.
    public static func write(
        _ arrays: [(name: String, array: NumericArray)], attributes: [String: [(name: String, value: HDF5Value)]] = [:],
        to path: String
    ) throws(FormatError) {
        let writer = try HDF5Writer(arrays, attributes, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in try writer.write(to: output) }
    }

    package static func encode(
        _ arrays: [(name: String, array: NumericArray)], attributes: [String: [(name: String, value: HDF5Value)]] = [:]
    ) throws(FormatError) -> [UInt8] {
        let memory = MemorySink()
        try HDF5Writer(arrays, attributes, "").write(to: memory)
        return memory.bytes
    }
}
