import ApusGraph

/// Writes the pickle of a state dict as `torch.save` does, for `torch.load(path, weights_only=True)`.
struct PickleWriter {
    private var bytes: [UInt8] = [0x80, 2]

    /// The pickle of tensors, each the whole of a storage: `0`, `1`, ….
    static func stateDict(_ contents: [(name: String, type: TensorType)]) -> [UInt8] {
        var writer = PickleWriter()
        writer.dictionary()
        writer.code("(")
        for (index, content) in contents.enumerated() {
            writer.text(content.name)
            writer.tensor(content.type, storage: index)
        }
        writer.code("u.")
        return writer.bytes
    }

    private mutating func code(_ codes: String) { bytes += codes.utf8 }

    private mutating func dictionary() {
        code("ccollections\nOrderedDict\n)R")
    }

    private mutating func text(_ text: String) {
        code("X")
        bytes += numbers(4, text.utf8.count) + text.utf8
    }

    private mutating func number(_ number: Int) {
        switch number {
        case 0..<0x100: bytes += [UInt8(ascii: "K"), UInt8(number)]
        case 0..<0x1_0000: bytes += [UInt8(ascii: "M")] + numbers(2, number)
        case 0..<0x8000_0000: bytes += [UInt8(ascii: "J")] + numbers(4, number)
        default: bytes += [0x8a, 8] + numbers(8, number)
        }
    }

    private mutating func tuple(_ numbers: [Int]) {
        code("(")
        for number in numbers { self.number(number) }
        code("t")
    }

    /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`
    private mutating func tensor(_ type: TensorType, storage: Int) {
        code("ctorch._utils\n_rebuild_tensor_v2\n((")
        text("storage")
        code("ctorch\n\(PyTorchType.storageName(type.elementType))\n")
        text("\(storage)")
        text("cpu")
        number(type.shape.count)
        code("tQ")
        number(0)
        tuple(type.shape.dimensions)
        tuple(type.shape.strides)
        bytes.append(0x89)
        dictionary()
        code("tR")
    }
}
