import ApusBackend
package import ApusFormats
package import ApusGraph
package import ApusTensor

/// Named arrays of a safetensors or npz file.
package enum WeightsFile {
    case safetensors(SafetensorsFile)
    case npz([String: NumericArray], names: [String])

    package init(_ path: String) throws(FormatError) {
        guard path.lowercased().hasSuffix(".npz") else {
            self = .safetensors(try SafetensorsFile(path))
            return
        }
        let file = try NPZFile(path)
        var arrays: [String: NumericArray] = [:]
        for name in file.names { arrays[name] = try file.array(name) }
        self = .npz(arrays, names: file.names)
    }

    package var names: [String] {
        switch self {
        case .safetensors(let file): file.names
        case .npz(_, let names): names
        }
    }

    /// Whether it is what an optimizer keeps of a variable: in checkpoints it lies below the variable's name.
    package func isSlot(_ name: String) -> Bool {
        guard case .safetensors(let file) = self, file.metadata["format"] == "apus-state",
            let slash = name.lastIndex(of: "/")
        else { return false }
        return file.contains(String(name[..<slash]))
    }

    package func contains(_ name: String) -> Bool {
        switch self {
        case .safetensors(let file): file.contains(name)
        case .npz(let arrays, _): arrays[name] != nil
        }
    }

    /// The shape of an array that there is.
    package func shape(of name: String) throws(FormatError) -> Shape {
        switch self {
        case .safetensors(let file): try file.type(of: name).shape
        case .npz(let arrays, _): arrays[name]!.shape
        }
    }

    /// The values of an array that there is, as float32.
    package func tensor(_ name: String) throws(FormatError) -> Tensor {
        switch self {
        case .safetensors(let file):
            let type = try file.type(of: name)
            let buffer = Buffer(byteCount: type.byteCount)
            try file.read(name, into: buffer.mutableBytes)
            return Tensor(buffer, type).cast(to: .float32)
        case .npz(let arrays, _):
            let array = arrays[name]!
            let buffer = Buffer(byteCount: array.type.byteCount)
            buffer.mutableBytes.copyBytes(from: array.bytes)
            return Tensor(buffer, array.type).cast(to: .float32)
        }
    }
}
