import ApusCPU
import ApusFormats
public import ApusNN
import ApusTensor

extension Variables {
    /// Writes all variables to a safetensors file, whole or not at all.
    ///
    /// - Throws: `FormatError` if the disk refuses; a file that was there stays as it was.
    public func save(_ path: String, metadata: [String: String] = [:]) throws {
        let values = paths.map { self[$0]! }
        try evaluate(values)
        try SafetensorsFile.write(
            zip(paths, values).map { ($0, $1.node.type) }, metadata: metadata, to: path
        ) { (index, output) throws(FormatError) in
            try output.append(values[index].elements().bytes)
        }
    }

    /// Takes the values of all variables from a safetensors file, or from a checkpoint, which holds the optimizer's slots as well.
    ///
    /// - Parameter usesAverages: Whether the averages of a checkpoint that keeps them take the place of the values.
    /// - Throws: `FormatError` for a damaged file; `TrainingError` that lists every variable that is missing, left over, or of
    ///   another shape. Nothing changes then.
    public mutating func load(_ path: String, usesAverages: Bool = false) throws {
        let file = try SafetensorsFile(path)
        var problems: [String] = []
        for name in paths {
            guard file.contains(name) else {
                problems.append("\(name) is missing")
                continue
            }
            let type = try file.type(of: name)
            let expected = variable(name)!.description.shape
            if type.shape != expected {
                problems.append("\(name) has shape \(type.shape), the model expects \(expected)")
            }
        }
        // A checkpoint's slots lie below the variables' names.
        let isCheckpoint = file.metadata["format"] == "apus-state"
        let known = Set(paths)
        problems += file.names.filter { name in
            !known.contains(name) && !(isCheckpoint && known.contains { name.hasPrefix($0 + "/") })
        }.map { "\($0) is not a variable of the model" }
        guard problems.isEmpty else {
            throw TrainingError(
                "the weights in \(path) do not belong to this model: \(problems.joined(separator: "; "))",
                kind: .malformed)
        }
        for name in paths {
            let average = "\(name)/\(Optimizer.averageSlot.name)"
            let source = usesAverages && isCheckpoint && file.contains(average) ? average : name
            let type = try file.type(of: source)
            let buffer = Buffer(byteCount: type.byteCount)
            try file.read(source, into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: type.byteCount))
            try setValue(name, Tensor(buffer, type).cast(to: .float32))
        }
    }
}
