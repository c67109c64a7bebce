import ApusGraph
import ApusNN
import ApusTensor

/// Recurrent layers and attention in PyTorch's state dictionaries.
///
/// `nn.LSTM`, `nn.GRU` and `nn.RNN` name layers and directions at the end, `lstm.weight_ih_l1_reverse`, and have two offsets, of
/// which ours is the sum; the gates of `nn.GRU` are in the order r, z, n. `nn.MultiheadAttention` has the kernels of queries, keys
/// and values one below the other, `in_proj_weight`, where all read as many channels. `nn.TransformerEncoderLayer` calls attention
/// `self_attn` and dense layers `linear1` and `linear2`.
extension PyTorchForm {
    /// The arrays that hold a variable; `nil` where it is called by its path.
    ///
    /// - Parameter word: PyTorch's word for the variable in its layer.
    static func parts(_ path: String, _ place: VariablePlace, _ inner: Shape, _ word: String) -> [PyTorchPart]? {
        switch place {
        case .recurrent(let place): return recurrent(place, inner)
        case .attention(let place): return place.isUsual ? [attention(place, inner)] : nil
        case .block(let block):
            let layer = path.dropFirst(block.isEmpty ? 0 : block.count + 1).split(separator: "/").first ?? ""
            let name = ["dense1": "linear1", "dense2": "linear2"][layer] ?? String(layer)
            let shape = inner.rank == 2 ? Shape([inner[1], inner[0]]) : inner
            return [PyTorchPart(name: joined(dotted(block), "\(name).\(word)"), shape: shape)]
        }
    }

    static func dotted(_ path: String) -> String { path.replacing("/", with: ".") }

    private static func recurrent(_ place: RecurrentPlace, _ inner: Shape) -> [PyTorchPart] {
        let words: [String]
        switch place.part {
        case "kernel": words = ["weight_ih"]
        case "recurrentKernel": words = ["weight_hh"]
        case "recurrentBias": words = ["bias_hh"]
        // The other one is a variable of its own.
        default: words = place.kind == GRU.kind && !place.resetsBefore ? ["bias_ih"] : ["bias_ih", "bias_hh"]
        }
        let owner = dotted(place.stack?.path ?? place.layer)
        let end = "_l\(place.stack?.number ?? 0)\(place.isBackward ? "_reverse" : "")"
        let shape = Shape(inner.dimensions.reversed())
        return words.map { PyTorchPart(name: joined(owner, $0 + end), shape: shape) }
    }

    private static func attention(_ place: AttentionPlace, _ inner: Shape) -> PyTorchPart {
        let owner = owner(of: place)
        let channels = place.channels[0]
        guard let number = ["query", "key", "value"].firstIndex(of: place.map) else {
            return PyTorchPart(
                name: joined(owner, "out_proj.\(inner.rank == 2 ? "weight" : "bias")"),
                shape: Shape(inner.dimensions.reversed()))
        }
        let rows = (number * channels)..<((number + 1) * channels)
        if inner.rank == 1 {
            return PyTorchPart(name: joined(owner, "in_proj_bias"), shape: [3 * channels], rows: rows)
        }
        guard place.channels.allSatisfy({ $0 == channels }) else {
            return PyTorchPart(
                name: joined(owner, "\(place.map.prefix(1))_proj_weight"), shape: Shape([inner[1], inner[0]]))
        }
        return PyTorchPart(name: joined(owner, "in_proj_weight"), shape: [3 * channels, channels], rows: rows)
    }

    /// What PyTorch calls attention.
    static func owner(of place: AttentionPlace) -> String {
        place.block.map { joined(dotted($0), "self_attn") } ?? dotted(place.path)
    }

    // MARK: Values

    /// A variable of a recurrent layer from the arrays whose sum it is.
    func value(_ arrays: [Tensor], _ place: RecurrentPlace) -> Tensor {
        let sum = arrays.dropFirst().reduce(arrays[0]) { $0 + $1 }
        return inOrder(sum, place).transposed(Array((0..<inner.rank).reversed()))
    }

    /// The arrays whose sum a variable of a recurrent layer is: all but the first are 0.
    func arrays(_ x: Tensor, _ place: RecurrentPlace) -> [Tensor] {
        let first = inOrder(x.transposed(Array((0..<inner.rank).reversed())), place)
        return [first] + parts.dropFirst().map { .zeros($0.shape) }
    }

    /// The rows of the gates z, r, n from those of r, z, n, and the other way round.
    private func inOrder(_ x: Tensor, _ place: RecurrentPlace) -> Tensor {
        guard place.kind == GRU.kind else { return x }
        let n = place.units
        return .concatenated([x[n..<(2 * n)], x[0..<n], x[(2 * n)..<(3 * n)]], axis: 0)
    }
}
