import ApusGraph
import ApusNN

/// Why a layer of PyTorch does not compute what one of Apus does.
package struct PyTorchProblem: Hashable, Sendable {
    package let text: String
    /// What to do.
    package let remedy: String
    /// What PyTorch would call the arrays, as paths: a file that has one is of such a layer.
    let keys: [String]
    /// Whether the weights have no names at all in PyTorch.
    package let isOfAllFiles: Bool
}

extension PyTorchForm {
    /// Why no layer of PyTorch computes what the variable's layer does; `nil` if one does.
    package var problem: PyTorchProblem? {
        switch place {
        case .recurrent(let place): recurrentProblem(place)
        case .attention(let place): attentionProblem(place)
        case .block, nil: nil
        }
    }

    private func recurrentProblem(_ place: RecurrentPlace) -> PyTorchProblem? {
        let layer = "the \(place.kind) \(place.layer)"
        let other = ["lstm": "nn.LSTM", "gru": "nn.GRU"][place.kind] ?? "nn.RNN"
        func problem(_ text: String, _ remedy: String) -> PyTorchProblem {
            PyTorchProblem(text: "\(layer) \(text)", remedy: remedy, keys: parts.map(\.key), isOfAllFiles: true)
        }
        if place.resetsBefore {
            return problem(
                "resets the state before the product, and PyTorch's \(other) after it",
                "Make the layer with resetsAfter: true; weights learned with false can't be turned into such.")
        }
        if place.isReversed {
            return problem(
                "begins with the last step, and PyTorch's \(other) with the first",
                "Let the layer be the second direction of a Bidirectional, or reverse sequences before a layer with isReversed: false."
            )
        }
        let isPlain = place.kind == SimpleRNN.kind
        guard !place.functions.isEmpty, !(isPlain && place.functions == [.relu]) else { return nil }
        let usual = isPlain ? "tanh or relu" : "tanh and sigmoid"
        return problem(
            "applies \(place.functions.map { "\($0)" }.joined(separator: " and ")), and PyTorch's \(other) \(usual)",
            "Make the layer with \(usual).")
    }

    private func attentionProblem(_ place: AttentionPlace) -> PyTorchProblem? {
        guard !place.isUsual else { return nil }
        let text: String
        if place.isRotary {
            text = "turns queries and keys by their positions, and PyTorch's nn.MultiheadAttention does not"
        } else if place.heads != place.keyValueHeads {
            text =
                "has \(place.keyValueHeads) heads of keys and values for \(place.heads) of queries, and PyTorch's "
                + "nn.MultiheadAttention as many"
        } else {
            text =
                "has \(place.heads) heads of \(place.size) for \(place.channels[0]) channels, and PyTorch's "
                + "nn.MultiheadAttention divides the channels"
        }
        let owner = PyTorchForm.owner(of: place)
        let keys = ["in_proj_weight", "q_proj_weight"].map {
            PyTorchForm.joined(owner, $0).replacing(".", with: "/")
        }
        return PyTorchProblem(
            text: "the attention \(place.path) \(text)",
            remedy: "Make the layer without positions, keyValueHeads and keySize, or take other weights.", keys: keys,
            isOfAllFiles: false)
    }
}
