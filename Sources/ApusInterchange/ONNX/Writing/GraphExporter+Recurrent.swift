import ApusGraph
import ApusNN
import ApusTensor

/// A call of a recurrent layer at inference.
struct RecurrentCall {
    let layer: any RecurrentLayer
    /// The path of the layer's variables.
    let path: String
    /// The sequence [N, T, C].
    let x: Node

    /// The calls of a traced model by what they yield; not those that leave steps out.
    static func calls(_ records: [LayerRecord]) -> [Node: RecurrentCall] {
        var calls: [Node: RecurrentCall] = [:]
        for record in records where record.mask == nil && !record.inputs.contains("mask") {
            guard let layer = record.layer as? any RecurrentLayer else { continue }
            calls[record.output.node] = RecurrentCall(layer: layer, path: record.path, x: record.input.node)
        }
        return calls
    }
}

/// What `LSTM`, `GRU` and `RNN` of ONNX take in place of a recurrent layer.
private struct RecurrentOperator {
    let type: String
    /// The place in Apus of each gate of ONNX: i, o, f, c of i, f, c, o.
    let gates: [Int]
    /// The functions by ONNX's names.
    let functions: [String]
    let usualFunctions: [String]
    var attributes: [String: ExportedGraph.Attribute] = [:]

    /// The operator of a layer; `nil` where there is none that computes the same.
    init?(_ layer: any RecurrentLayer) {
        let own: [Activation]
        switch layer {
        case let layer as LSTM:
            (type, gates) = ("LSTM", [0, 3, 1, 2])
            own = [layer.recurrentActivation, layer.activation, layer.activation]
            usualFunctions = ["Sigmoid", "Tanh", "Tanh"]
        case let layer as GRU:
            (type, gates) = ("GRU", [0, 1, 2])
            own = [layer.recurrentActivation, layer.activation]
            usualFunctions = ["Sigmoid", "Tanh"]
            if layer.resetsAfter { attributes["linear_before_reset"] = .integer(1) }
        case let layer as SimpleRNN:
            (type, gates) = ("RNN", [0])
            own = [layer.activation]
            usualFunctions = ["Tanh"]
        default: return nil
        }
        let names: [Activation: String] = [.tanh: "Tanh", .sigmoid: "Sigmoid", .relu: "Relu"]
        functions = own.compactMap { names[$0] }
        guard functions.count == own.count else { return nil }
        attributes["hidden_size"] = .integer(layer.units)
        if layer.isReversed { attributes["direction"] = .text("reverse") }
        if functions != usualFunctions { attributes["activations"] = .texts(functions) }
    }

    /// A kernel [C, gates · units] as [1, gates · units, C], or offsets [gates · units] as [1, gates · units].
    func weights(_ x: Tensor, units: Int) -> Tensor {
        let rows = x.rank == 2 ? x.transposed() : x
        let parts = gates.map { rows[($0 * units)..<(($0 + 1) * units)] }
        return (parts.count == 1 ? rows : .concatenated(parts, axis: 0)).expandingShape(at: 0)
    }
}

// Recurrent layers, of which ONNX has the usual ones as operators. The steps that they are written out in are left without a reader.

extension GraphExporter {
    /// The call of a recurrent layer that yields a node, if ONNX has an operator for it.
    func recurrentCall(_ node: Node) -> RecurrentCall? {
        guard let call = trace.recurrentCalls[node], RecurrentOperator(call.layer) != nil, !isConstant(call.x),
            call.x.elementType == .float32, node.elementType == .float32,
            variable("kernel", call) != nil, variable("recurrentKernel", call) != nil
        else { return nil }
        return call
    }

    private func variable(_ name: String, _ call: RecurrentCall) -> Tensor? {
        trace.variableNodes[call.path.isEmpty ? name : "\(call.path)/\(name)"].map { Tensor($0) }
    }

    /// What a recurrent layer yields; `nil` where its steps must be written out.
    func recurrent(_ node: Node) throws -> ExportedValue? {
        guard let call = recurrentCall(node), let own = RecurrentOperator(call.layer),
            let kernel = variable("kernel", call), let recurrentKernel = variable("recurrentKernel", call)
        else { return nil }
        let units = call.layer.units
        func stored(_ name: String, _ value: Tensor) throws -> String {
            let path = call.path.isEmpty ? name : "\(call.path.withDots).\(name)"
            return self.stored(try value.evaluated(), path)
        }
        var inputs = [
            "", try stored("kernel", own.weights(kernel, units: units)),
            try stored("recurrentKernel", own.weights(recurrentKernel, units: units)),
        ]
        if let bias = variable("bias", call) {
            let first = own.weights(bias, units: units)
            let second = variable("recurrentBias", call).map { own.weights($0, units: units) } ?? first * 0
            inputs.append(try stored("bias", .concatenated([first, second], axis: 1)))
        }
        let value = try value(of: call.x)
        let natural = value.layout.natural
        inputs[0] = name(value, [natural[1], natural[0], natural[2]])
        let results = add(own.type, inputs, own.attributes, results: 2)
        var layout = AxisLayout(trace.shape(node))
        if call.layer.returnsSequences {
            // [T, 1, N, units]
            let axes = layout.natural
            layout.axes = [axes[1], axes[0], axes[2]]
            return ExportedValue(source: .named(add("Squeeze", [results[0], numbers([1])])), layout: layout)
        }
        // [1, N, units]
        return ExportedValue(source: .named(add("Squeeze", [results[1], numbers([0])])), layout: layout)
    }
}
