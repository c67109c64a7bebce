import ApusConfiguration

extension KerasFile {
    /// Writes a `.weights.h5` file of Keras 3, for `model.load_weights(path)`.
    ///
    /// ```swift
    /// let kernel = try NumericArray(shape: [2, 1], elements: [0.5, -1] as [Float])
    /// try KerasFile.writeWeights(
    ///     [("layers/dense/vars/0", kernel)], layers: ["layers/dense": "dense"], to: "model.weights.h5")
    /// ```
    ///
    /// - Parameters:
    ///   - arrays: The weights by the names that Keras gives them: the place of the layer, `vars`, a number.
    ///   - layers: The names of layers by their places, also of those without weights.
    ///   - path: The file, which Keras wants to end in `.weights.h5`.
    /// - Throws: for names that are empty or there twice, for `bfloat16`, and if the file can't be written.
    public static func writeWeights(
        _ arrays: [(name: String, array: NumericArray)], layers: [String: String] = [:], to path: String
    ) throws(FormatError) {
        try HDF5File.write(arrays, attributes: attributes(arrays, layers), to: path)
    }

    /// Writes a `.keras` file, for `keras.saving.load_model(path)`.
    ///
    /// ```swift
    /// let source = try KerasFile("model.keras")
    /// let arrays = try source.names.map { ($0, try source.array($0)) }
    /// try KerasFile.write(arrays, configuration: source.configuration!, metadata: source.metadata!, to: "copy.keras")
    /// ```
    ///
    /// - Parameters:
    ///   - arrays: The weights by the names that Keras gives them.
    ///   - layers: The names of layers by their places, also of those without weights.
    ///   - configuration: The model, as Keras writes it, in JSON.
    ///   - metadata: The version of Keras and the date, in JSON.
    ///   - path: The file.
    /// - Throws: for names that are empty or there twice, for `bfloat16`, and if the file can't be written.
    public static func write(
        _ arrays: [(name: String, array: NumericArray)], layers: [String: String] = [:], configuration: String,
        metadata: String, to path: String
    ) throws(FormatError) {
        let memory = MemorySink()
        try HDF5Writer(arrays, attributes(arrays, layers), path).write(to: memory)
        let archive = try ZipWriter(
            [
                ZipWriter.Item(name: "metadata.json", parts: [Array(metadata.utf8)]),
                ZipWriter.Item(name: "config.json", parts: [Array(configuration.utf8)]),
                ZipWriter.Item(name: "model.weights.h5", parts: [memory.bytes]),
            ], path: path, remedy: "Give every array a name of its own.")
        try AtomicFile.write(to: path) { (output) throws(FormatError) in try archive.write(to: output) }
    }

    /// Every layer has a group `vars`, the model too, which may have a name.
    private static func attributes(
        _ arrays: [(name: String, array: NumericArray)], _ layers: [String: String]
    ) -> [String: [(name: String, value: HDF5Value)]] {
        var attributes: [String: [(name: String, value: HDF5Value)]] = ["vars": []]
        for (place, name) in layers {
            attributes[place.isEmpty ? "vars" : "\(place)/vars"] = [("name", .text(name))]
        }
        return attributes
    }
}
