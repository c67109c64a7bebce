package import ApusGraph
package import ApusNN
package import ApusTensor

/// How variables are called in files of Keras 3, and how their elements lie.
///
/// Keras calls layers by their kind and how many of it came before, `conv2d`, `conv2d_1`, and numbers the weights of a layer:
/// `layers/conv2d_1/vars/0`. Kernels lie as here, but for those of depthwise convolutions, [H, W, C, multiplier]. Recurrent layers
/// keep theirs in a cell, `layers/lstm/cell/vars/0`, attention in its four layers, with an axis for heads:
/// `layers/multi_head_attention/query_dense/vars/0`. The two offsets of a gated recurrent unit are the rows of one array.
package struct KerasForm: Hashable, Sendable {
    /// The path of the variable.
    package let path: String
    /// The layer's name: `conv2d_1`.
    package let layer: String
    /// What within the layer keeps it: `forward_layer/cell`; empty for the layer itself.
    let inside: String
    /// Which weight of its keeper it is.
    package let number: Int
    /// Which array of the layer it is in, of all.
    let place: Int
    /// The shape of the array in Keras.
    package let shape: Shape
    /// The row of the array that the variable is; all if `nil`.
    let row: Int?
    /// The shape that the variable has in Apus.
    private let inner: Shape

    /// The name of the array in a file.
    package var name: String { "layers/\(layer)/\(inside.isEmpty ? "" : "\(inside)/")vars/\(number)" }

    /// Whether an array of a file can be the variable.
    package func fits(_ other: Shape) -> Bool {
        if other == shape { return true }
        return inside.isEmpty && other.rank == shape.rank && other.count == shape.count
            && shape[shape.rank - 2] == 1 && other.dimensions.dropLast(2) == shape.dimensions.dropLast(2)
    }

    /// The variable's value from Keras's array.
    package func value(_ x: Tensor) -> Tensor { (row.map { x[$0] } ?? x).reshaped(to: inner) }

    /// Keras's array from the values of the variables that it holds.
    package static func array(_ values: [(form: KerasForm, value: Tensor)]) -> Tensor {
        let parts = values.sorted { $0.form.row ?? 0 < $1.form.row ?? 0 }
        let shape = parts[0].form.shape
        guard parts.count > 1 else { return parts[0].value.reshaped(to: shape) }
        return .concatenated(parts.map { $0.value.expandingShape(at: 0) }, axis: 0)
    }

    /// The forms of variables in their order.
    package static func all(_ variables: Variables) -> [KerasForm] {
        var counts: [String: Int] = [:]
        var layers: [String: KerasLayer] = [:]
        return variables.paths.map { path in
            let description = variables.variable(path)!.description
            let keeper = KerasKeeper(path, description)
            if layers[keeper.layer] == nil {
                let count = counts[keeper.kind, default: 0]
                counts[keeper.kind] = count + 1
                layers[keeper.layer] = KerasLayer(name: count == 0 ? keeper.kind : "\(keeper.kind)_\(count)")
            }
            let (number, place) = layers[keeper.layer]!.next(keeper)
            return KerasForm(
                path: path, layer: layers[keeper.layer]!.name, inside: keeper.inside, number: number, place: place,
                shape: keeper.shape, row: keeper.row, inner: description.shape)
        }
    }
}

/// The arrays of a layer that were counted so far.
private struct KerasLayer {
    let name: String
    private var count = 0
    private var inside: [String: Int] = [:]

    init(name: String) { self.name = name }

    /// The number of an array at its keeper, and in the layer; another row of one has those of the one before.
    mutating func next(_ keeper: KerasKeeper) -> (number: Int, place: Int) {
        if keeper.row ?? 0 == 0 {
            inside[keeper.inside, default: 0] += 1
            count += 1
        }
        return (inside[keeper.inside, default: 1] - 1, count - 1)
    }
}

/// Which layer of Keras has a variable, and what within it keeps it.
private struct KerasKeeper {
    /// The path of the layer in Apus.
    let layer: String
    let kind: String
    let inside: String
    /// The shape of the array in Keras.
    let shape: Shape
    let row: Int?

    init(_ path: String, _ description: VariableDescription) {
        let inner = description.shape
        switch description.place {
        case .recurrent(let place):
            layer = place.layer
            kind = place.isBidirectional ? "bidirectional" : KerasKeeper.word(place.kind)
            let direction = place.isBackward ? "backward_layer/" : "forward_layer/"
            inside = "\(place.isBidirectional ? direction : "")cell"
            let isPair = place.kind == GRU.kind && !place.resetsBefore && inner.rank == 1
            shape = isPair ? Shape([2] + inner.dimensions) : inner
            row = isPair ? (place.part == "bias" ? 0 : 1) : nil
        case .attention(let place) where !place.isRotary:
            layer = place.path
            let isGrouped = place.keyValueHeads != place.heads
            kind = isGrouped ? "grouped_query_attention" : "multi_head_attention"
            inside = "\(isGrouped ? "_" : "")\(place.map)_dense"
            let heads = ["key", "value"].contains(place.map) ? place.keyValueHeads : place.heads
            let divided = [heads, place.size]
            shape =
                switch (place.map == "output", inner.rank) {
                case (true, 2): Shape(divided + [inner[1]])
                case (true, _): inner
                case (false, 2): Shape([inner[0]] + divided)
                case (false, _): Shape(divided)
                }
            row = nil
        case .attention, .block, nil:
            layer = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            kind = KerasKeeper.word(description.layerKind)
            (inside, shape, row) = ("", inner, nil)
        }
    }

    /// Keras's name of a kind of layers: that of its class in small letters.
    private static func word(_ kind: String) -> String {
        words[kind] ?? kind.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
    }

    private static let words = [
        "conv1D": "conv1d", "conv2D": "conv2d", "conv1DTranspose": "conv1d_transpose",
        "conv2DTranspose": "conv2d_transpose", "depthwiseConv1D": "depthwise_conv1d",
        "depthwiseConv2D": "depthwise_conv2d", "separableConv1D": "separable_conv1d",
        "separableConv2D": "separable_conv2d", "batchNorm": "batch_normalization", "layerNorm": "layer_normalization",
        "groupNorm": "group_normalization", "instanceNorm": "group_normalization", "rmsNorm": "rms_normalization",
        "prelu": "p_re_lu", "simpleRNN": "simple_rnn",
    ]
}
