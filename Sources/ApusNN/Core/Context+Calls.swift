import ApusGraph
package import ApusTensor

extension Context {
    /// Calls a model: errors name it, its configuration and input are checked, and the call is noted.
    func call(_ model: some Model, _ inputs: Values) -> Values {
        let (path, isFree) = place(of: model)
        let scope = TraceScope.current + ["\(path.isEmpty ? model.kind : path) (\(model.label))"]
        let outputs = TraceScope.$current.withValue(scope) {
            isFree
                ? trace.outputs(of: model, inputs, at: path, mask: mask)
                : Values(
                    failing: trace.misuse(
                        "there is a layer at the path \(path) already; give this one a context of its own, "
                            + "context[\"name\"], or share the weights on purpose with context.shared(\"name\")",
                        model.kind))
        }
        trace.contents.records.append(
            LayerRecord(
                path: path, layer: model, inputs: inputs, mask: mask, depth: trace.open.count + 1, outputs: outputs))
        return outputs
    }

    /// Where a layer is that is called in this context, and whether it may be there.
    private func place(of layer: some Model) -> (path: String, isFree: Bool) {
        switch use {
        case .own(let call):
            let index = trace.open[call].innerCalls
            trace.open[call].innerCalls += 1
            // The only layer inside another one is at the path of that one.
            guard trace.open[call].numbersInner || index > 0 else { return (path, true) }
            let place = joined("\(index).\(layer.kind)")
            return (place, trace.contents.layerPaths.insert(place).inserted)
        case .nameless: return (path, true)
        case .single: return (path, trace.contents.layerPaths.insert(path).inserted)
        case .shared:
            trace.contents.release(path)
            trace.contents.layerPaths.insert(path)
            return (path, true)
        }
    }
}

extension Trace {
    /// The outputs of a model at a path, with all problems of its configuration and its inputs.
    fileprivate func outputs(of model: some Model, _ inputs: Values, at path: String, mask: Tensor?) -> Values {
        if let layer = model as? any CheckedLayer {
            let x = inputs.only
            var check = Check(layer.kind, x)
            layer.check(&check, x)
            guard check.passed else { return Values(failing: check.failure) }
            // One that holds no others calls none: it need not be traced again, and nothing is copied for that.
            if !(layer is any Container) { return run(model, inputs, at: path, mask, numbersInner: false).outputs }
        } else if !(model is any Container), inputs.leaves.contains(where: { !$0.problems.isEmpty }) {
            return Values(failing: Check.failure(inputs))
        }
        let before = contents
        let (outputs, call) = run(model, inputs, at: path, mask, numbersInner: false)
        guard call.innerCalls > 1 else { return outputs }
        // Several layers were called without a name, which is known only now: once more from the start, with numbers.
        contents = before
        return run(model, inputs, at: path, mask, numbersInner: true).outputs
    }

    private func run(
        _ model: some Model, _ inputs: Values, at path: String, _ mask: Tensor?, numbersInner: Bool
    ) -> (outputs: Values, call: OpenCall) {
        open.append(OpenCall(kind: model.kind, numbersInner: numbersInner))
        let context = Context(path: path, trace: self, use: .own(call: open.count - 1), mask: mask)
        let outputs = model.outputs(for: inputs, in: context)
        let call = open.removeLast()
        guard !call.problems.isEmpty else { return (outputs, call) }
        return (Values(failing: Check.failure(inputs, call.problems)), call)
    }
}

/// A call of a layer that has not ended.
struct OpenCall {
    let kind: String
    /// Whether layers that are called without a name get numbers.
    let numbersInner: Bool
    /// How many layers were called without a name.
    var innerCalls = 0
    /// What the layer has found wrong.
    var problems: [Node] = []
}

/// One call of a model during a trace.
package struct LayerRecord {
    package let path: String
    package let layer: any Model
    package let inputs: Values
    /// Which entries of sequences count where the layer is; `nil` if all do.
    package let mask: Tensor?
    /// How many models are around this one, itself included.
    package let depth: Int
    package let outputs: Values

    /// The one input, or the first.
    package var input: Tensor { inputs.first }
    /// The one output, or the first.
    package var output: Tensor { outputs.first }
}
