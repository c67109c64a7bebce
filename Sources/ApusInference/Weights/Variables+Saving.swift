package import ApusFormats
public import ApusNN
package import ApusTensor

extension Variables {
    /// Writes all variables to a safetensors file, or to an npz file if the path ends so, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The file: safetensors, or npz if it ends so.
    ///   - metadata: Texts for a safetensors file; npz files have none.
    /// - Throws: `FormatError` if the disk refuses; a file that was there stays as it was.
    public func write(to path: String, metadata: [String: String] = [:]) throws {
        try path.lowercased().hasSuffix(".npz")
            ? write(npz: path) : write(safetensors: path, metadata: metadata)
    }

    /// Writes all variables to an npz file, whatever its name is.
    package func write(npz path: String) throws {
        try evaluate(paths.map { self[$0]! })
        try NPZFile.write(paths.map { ($0, try NumericArray(self[$0]!)) }, to: path)
    }

    /// Writes all variables to a safetensors file, whatever its name is.
    package func write(safetensors path: String, metadata: [String: String] = [:]) throws {
        let values = paths.map { self[$0]! }
        try evaluate(values)
        try SafetensorsFile.write(
            zip(paths, values).map { ($0, $1.node.type) }, metadata: metadata, to: path
        ) { (index, output) throws(FormatError) in
            try output.append(values[index].elements().bytes)
        }
    }
}

extension NumericArray {
    /// The numbers of a tensor.
    package init(_ tensor: Tensor) throws {
        let value = try tensor.evaluated()
        try self.init(
            shape: value.shape, elementType: value.elementType, bytes: Array(value.elements().bytes))
    }
}
