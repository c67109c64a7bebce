package import ApusGraph
package import ApusNN
package import ApusTensor

/// How variables are called in files of Keras 3, and how their elements lie.
///
/// Keras calls layers by their kind and how many of it came before, `conv2d`, `conv2d_1`, and numbers the weights of a layer:
/// `layers/conv2d_1/vars/0`. Kernels lie as here, but for those of depthwise convolutions, [H, W, C, multiplier].
package struct KerasForm: Hashable, Sendable {
    /// The path of the variable.
    package let path: String
    /// The layer's name: `conv2d_1`.
    package let layer: String
    /// Which weight of the layer it is.
    package let number: Int
    /// The shape that the variable has in Apus.
    package let shape: Shape

    /// Its name in a file.
    package var name: String { "layers/\(layer)/vars/\(number)" }

    /// Whether an array of a file can be the variable.
    package func fits(_ other: Shape) -> Bool {
        if other == shape { return true }
        return other.rank == shape.rank && other.count == shape.count
            && shape[shape.rank - 2] == 1 && other.dimensions.dropLast(2) == shape.dimensions.dropLast(2)
    }

    /// The variable's value from Keras's.
    package func value(_ x: Tensor) -> Tensor { x.reshaped(to: shape) }

    /// The forms of variables in their order.
    package static func all(_ variables: Variables) -> [KerasForm] {
        var counts: [String: Int] = [:]
        var owners: [String: (layer: String, weights: Int)] = [:]
        return variables.paths.map { path in
            let description = variables.variable(path)!.description
            let owner = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            if owners[owner] == nil {
                let kind = word(description.layerKind)
                let count = counts[kind, default: 0]
                counts[kind] = count + 1
                owners[owner] = (count == 0 ? kind : "\(kind)_\(count)", 0)
            }
            defer { owners[owner]!.weights += 1 }
            return KerasForm(
                path: path, layer: owners[owner]!.layer, number: owners[owner]!.weights, shape: description.shape)
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
        "prelu": "p_re_lu",
    ]
}

/// The layers of a file of Keras, and which of a model's variables their weights are.
struct KerasMatching {
    /// The variables by the names of their arrays.
    private(set) var forms: [String: KerasForm] = [:]

    /// - Parameters:
    ///   - names: The arrays: `layers/conv2d_1/vars/0`, `conv2d_1/conv2d_1/kernel:0`.
    ///   - isOrdered: Whether they are in the order of the model's layers.
    init(_ names: [String], isOrdered: Bool, shape: (String) throws -> Shape, of variables: Variables) rethrows {
        let all = KerasForm.all(variables)
        let ordered = Dictionary(zip(names, all).map { ($0, $1) }) { first, _ in first }
        let fitsInOrder = try names.count >= all.count && zip(names, all).allSatisfy { $1.fits(try shape($0)) }
        if fitsInOrder, isOrdered {
            forms = ordered
            return
        }
        // By kinds where layers have the names that Keras gives them.
        let byName = Dictionary(all.map { ("\($0.layer)/\($0.number)", $0) }) { first, _ in first }
        let ranks = KerasMatching.ranks(names)
        var counts: [String: Int] = [:]
        var known: [String: KerasForm] = [:]
        for name in names {
            guard let layer = ranks[KerasMatching.layer(of: name)] else { continue }
            known[name] = byName["\(layer)/\(counts[layer, default: 0])"]
            counts[layer, default: 0] += 1
        }
        let fits = try !known.isEmpty && known.allSatisfy { name, form in form.fits(try shape(name)) }
        forms = fitsInOrder && !fits ? ordered : known
    }

    /// What each layer of the file would be called in a fresh session: `dense_7` and `dense_8` are `dense` and `dense_1`.
    private static func ranks(_ names: [String]) -> [String: String] {
        var numbers: [String: Set<Int>] = [:]
        func parts(_ layer: String) -> (kind: String, number: Int) {
            guard let bar = layer.lastIndex(of: "_"), let number = Int(layer[layer.index(after: bar)...]) else {
                return (layer, 0)
            }
            return (String(layer[..<bar]), number)
        }
        let layers = Set(names.map(layer(of:)))
        for layer in layers { numbers[parts(layer).kind, default: []].insert(parts(layer).number) }
        let places = numbers.mapValues { $0.sorted() }
        return Dictionary(
            uniqueKeysWithValues: layers.map { layer in
                let (kind, number) = parts(layer)
                let place = places[kind]!.firstIndex(of: number)!
                return (layer, place == 0 ? kind : "\(kind)_\(place)")
            })
    }

    /// The layer of an array: what stands between `layers/` and `/vars/`, or the first word.
    private static func layer(of name: String) -> String {
        let parts = name.split(separator: "/").map(String.init)
        guard let vars = parts.firstIndex(of: "vars") else { return parts.first ?? "" }
        return parts[..<vars].drop { $0 == "layers" }.joined(separator: "/")
    }
}
