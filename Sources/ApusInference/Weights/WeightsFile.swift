import ApusBackend
package import ApusFormats
package import ApusGraph
package import ApusTensor

/// Named arrays of a file of weights: safetensors, npz, of PyTorch or of Keras, whatever the file is called.
package enum WeightsFile {
    case safetensors(SafetensorsFile)
    case npz([String: NumericArray], names: [String])
    /// The state dict of the model, by its names there.
    case pyTorch(PyTorchFile, tensors: [String: String])
    case keras(KerasFile)

    package init(_ path: String) throws(FormatError) {
        switch try WeightsForm.of(path) {
        case .safetensors: self = .safetensors(try SafetensorsFile(path))
        case .npz:
            let file = try NPZFile(path)
            var arrays: [String: NumericArray] = [:]
            for name in file.names { arrays[name] = try file.array(name) }
            self = .npz(arrays, names: file.names)
        case .pyTorch:
            let file = try PyTorchFile(path)
            let tensors = Dictionary(
                file.stateDict.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
            self = .pyTorch(file, tensors: tensors)
        case .keras: self = .keras(try KerasFile(path))
        }
    }

    package var names: [String] {
        switch self {
        case .safetensors(let file): file.names
        case .npz(_, let names): names
        case .pyTorch(let file, _): file.stateDict.map(\.name)
        case .keras(let file): file.names
        }
    }

    /// The form of a file that Keras wrote; `nil` for others.
    package var kerasForm: KerasFile.Form? {
        if case .keras(let file) = self { file.form } else { nil }
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
        case .pyTorch(_, let tensors): tensors[name] != nil
        case .keras(let file): file.contains(name)
        }
    }

    /// The shape of an array that there is.
    package func shape(of name: String) throws(FormatError) -> Shape { try type(of: name).shape }

    private func type(of name: String) throws(FormatError) -> TensorType {
        switch self {
        case .safetensors(let file): try file.type(of: name)
        case .npz(let arrays, _): arrays[name]!.type
        case .pyTorch(let file, let tensors): try file.type(of: tensors[name]!)
        case .keras(let file): try file.type(of: name)
        }
    }

    /// The values of an array that there is, as float32.
    package func tensor(_ name: String) throws(FormatError) -> Tensor {
        let type = try type(of: name)
        let buffer = Buffer(byteCount: type.byteCount)
        switch self {
        case .safetensors(let file): try file.read(name, into: buffer.mutableBytes)
        case .npz(let arrays, _): buffer.mutableBytes.copyBytes(from: arrays[name]!.bytes)
        case .pyTorch(let file, let tensors): try file.read(tensors[name]!, into: buffer.mutableBytes)
        case .keras(let file): try file.read(name, into: buffer.mutableBytes)
        }
        return Tensor(buffer, type).cast(to: .float32)
    }
}
