import ApusGraph
import ApusTensor

/// Where a variable of a recurrent layer or of attention stands, so far as its name in files of other frameworks depends on it.
package enum VariablePlace: Hashable, Sendable {
    case recurrent(RecurrentPlace)
    case attention(AttentionPlace)
    /// Another layer of a transformer block; the path of the block is given.
    case block(String)
}

/// Where a variable of a recurrent layer stands.
package struct RecurrentPlace: Hashable, Sendable {
    /// The kind of the recurrent layer: `lstm`.
    package let kind: String
    /// The size of the state.
    package let units: Int
    /// The path of the recurrent layer, or of the one in both directions that it belongs to.
    package let layer: String
    /// The path of the list of which this is a layer, all others of which are like it, and its number there.
    package let stack: Stack?
    /// Whether it is one of two directions.
    package let isBidirectional: Bool
    /// Whether it is the direction that begins with the last step, of two.
    package let isBackward: Bool
    /// Whether the layer goes in one direction, from the last step to the first.
    package let isReversed: Bool
    /// What the variable is called in the layer: `kernel`, `recurrentKernel`, `bias` or `recurrentBias`.
    package let part: String
    /// The functions of the layer where they are not those that it has by default.
    package let functions: [Activation]
    /// Whether it is a gated recurrent unit that resets before the product.
    package let resetsBefore: Bool

    /// A place in a list of recurrent layers.
    package struct Stack: Hashable, Sendable {
        package let path: String
        package let number: Int
    }
}

/// Where a variable of attention stands.
package struct AttentionPlace: Hashable, Sendable {
    /// The path of the attention.
    package let path: String
    /// Which of the four maps it belongs to: `query`, `key`, `value` or `output`.
    package let map: String
    /// The number of heads of the queries.
    package let heads: Int
    /// The number of heads of keys and values.
    package let keyValueHeads: Int
    /// The size of a head.
    package let size: Int
    /// The channels of queries, keys and values.
    package let channels: [Int]
    /// Whether queries and keys are turned by their positions.
    package let isRotary: Bool
    /// The path of the transformer block around it.
    package let block: String?

    /// Whether every head has its part of the channels and keys and values of its own, as attention was first.
    package var isUsual: Bool { !isRotary && heads == keyValueHeads && heads *| size == channels[0] }
}

/// The layers of a traced model by their paths, to find where variables stand.
struct PlacesOfVariables {
    private var layers: [String: LayerRecord] = [:]

    init(_ records: [LayerRecord]) {
        // Of several at one path, the one within the others.
        for record in records where layers[record.path] == nil { layers[record.path] = record }
    }

    /// The kind of the layer whose variable it is; empty outside of layers.
    func kind(_ path: String) -> String { layers[PlacesOfVariables.owner(path)]?.layer.kind ?? "" }

    /// Where a variable stands; `nil` in all other layers.
    func place(_ path: String) -> VariablePlace? {
        let owner = PlacesOfVariables.owner(path)
        if let layer = layers[owner]?.layer as? any GatedLayer { return recurrent(path, layer, at: owner) }
        let around = PlacesOfVariables.owner(owner)
        guard around != owner, let record = layers[around] else { return nil }
        if let attention = record.layer as? MultiHeadAttention {
            return .attention(place(attention, record, map: PlacesOfVariables.name(owner)))
        }
        guard record.layer is TransformerBlock, let inner = layers["\(around)/attention"],
            let attention = inner.layer as? MultiHeadAttention, place(attention, inner, map: "query").isUsual
        else { return nil }
        return .block(around)
    }

    private func place(_ attention: MultiHeadAttention, _ record: LayerRecord, map: String) -> AttentionPlace {
        let queries = record.inputs.contains("queries") ? record.inputs["queries"] : record.input
        let keys = record.inputs.contains("keys") ? record.inputs["keys"] : queries
        let values = record.inputs.contains("values") ? record.inputs["values"] : keys
        let around = PlacesOfVariables.owner(record.path)
        let isInBlock = around != record.path && layers[around]?.layer is TransformerBlock
        return AttentionPlace(
            path: record.path, map: map, heads: attention.heads,
            keyValueHeads: attention.keyValueHeads ?? attention.heads,
            size: attention.keySize ?? queries.shape[-1] / attention.heads,
            channels: [queries, keys, values].map { $0.shape[-1] }, isRotary: attention.positions != .none,
            block: isInBlock ? around : nil)
    }

    private func recurrent(_ path: String, _ layer: some GatedLayer, at owner: String) -> VariablePlace {
        let around = PlacesOfVariables.owner(owner)
        let both = around == owner ? nil : layers[around]?.layer as? Bidirectional
        let outer = both == nil ? owner : around
        let gru = layer as? GRU
        return .recurrent(
            RecurrentPlace(
                kind: layer.kind, units: layer.units, layer: outer, stack: stack(around: outer),
                isBidirectional: both != nil, isBackward: both != nil && PlacesOfVariables.name(owner) == "backward",
                isReversed: (both?.layer.layer as? any RecurrentLayer)?.isReversed ?? layer.isReversed,
                part: PlacesOfVariables.name(path), functions: layer.ownFunctions,
                resetsBefore: gru.map { !$0.resetsAfter } ?? false))
    }

    /// The list around a layer, if all of its layers are recurrent and alike but for dropouts between them.
    private func stack(around path: String) -> RecurrentPlace.Stack? {
        let around = PlacesOfVariables.owner(path)
        guard !path.isEmpty, let list = layers[around]?.layer as? Sequential else { return nil }
        var forms: Set<String> = []
        var number: Int?
        var count = 0
        for (place, layer) in list.layers.enumerated() {
            let layer = (layer as? Named)?.layer ?? layer
            if layer is Dropout { continue }
            guard let form = PlacesOfVariables.form(layer) else { return nil }
            forms.insert(form)
            if list.name(at: place) == PlacesOfVariables.name(path) { number = count }
            count += 1
        }
        guard forms.count == 1, let number else { return nil }
        return RecurrentPlace.Stack(path: around, number: number)
    }

    /// What layers of one list have in common; `nil` for those that are not recurrent.
    private static func form(_ layer: any Layer) -> String? {
        if let both = layer as? Bidirectional {
            return both.merge == .concatenate ? form(both.layer.layer).map { "both \($0)" } : nil
        }
        guard let layer = layer as? any GatedLayer else { return nil }
        return "\(layer.kind) \(layer.units) \(layer.useBias) \(layer.isReversed)"
    }

    private static func owner(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
    private static func name(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}

extension GatedLayer {
    /// The functions of the layer where they are not those that it has by default.
    fileprivate var ownFunctions: [Activation] {
        switch self {
        case let layer as LSTM:
            layer.activation == .tanh && layer.recurrentActivation == .sigmoid
                ? [] : [layer.activation, layer.recurrentActivation]
        case let layer as GRU:
            layer.activation == .tanh && layer.recurrentActivation == .sigmoid
                ? [] : [layer.activation, layer.recurrentActivation]
        case let layer as SimpleRNN: layer.activation == .tanh ? [] : [layer.activation]
        default: []
        }
    }
}
