import ApusFormats
public import ApusNN
import ApusTensor

extension Variables {
    /// Writes all variables to a safetensors file, or to an npz file if the path ends so, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The file: safetensors, or npz if it ends so.
    ///   - metadata: Texts for a safetensors file; npz files have none.
    /// - Throws: `FormatError` if the disk refuses; a file that was there stays as it was.
    public func write(to path: String, metadata: [String: String] = [:]) throws {
        guard path.lowercased().hasSuffix(".npz") else { return try write(safetensors: path, metadata: metadata) }
        let values = paths.map { self[$0]! }
        try evaluate(values)
        try NPZFile.write(
            zip(paths, values).map { name, value in
                let bytes = Array(value.elements().bytes)
                return (name, try NumericArray(shape: value.shape, elementType: value.elementType, bytes: bytes))
            }, to: path)
    }

    /// Writes all variables to a safetensors file, whatever its name is.
    func write(safetensors path: String, metadata: [String: String]) throws {
        let values = paths.map { self[$0]! }
        try evaluate(values)
        try SafetensorsFile.write(
            zip(paths, values).map { ($0, $1.node.type) }, metadata: metadata, to: path
        ) { (index, output) throws(FormatError) in
            try output.append(values[index].elements().bytes)
        }
    }
}
