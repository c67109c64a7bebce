import ApusGraph
package import ApusTensor

extension Context {
    /// Calls a layer: errors name it, its configuration and input are checked, and the call is noted.
    func call(_ layer: some Layer, _ x: Tensor) -> Tensor {
        let (path, isFree) = place(of: layer)
        let scope = TraceScope.current + ["\(path.isEmpty ? layer.kind : path) (\(layer.label))"]
        let output = TraceScope.$current.withValue(scope) {
            isFree
                ? trace.output(of: layer, x, at: path)
                : trace.misuse(
                    "there is a layer at the path \(path) already; give this one a context of its own, "
                        + "context[\"name\"], or share the weights on purpose with context.shared(\"name\")", layer.kind
                )
        }
        trace.contents.records.append(
            LayerRecord(path: path, layer: layer, input: x, depth: trace.open.count + 1, output: output))
        return output
    }

    /// Where a layer is that is called in this context, and whether it may be there.
    private func place(of layer: some Layer) -> (path: String, isFree: Bool) {
        switch use {
        case .own(let call):
            let index = trace.open[call].innerCalls
            trace.open[call].innerCalls += 1
            // The only layer inside another one is at the path of that one.
            guard trace.open[call].numbersInner || index > 0 else { return (path, true) }
            let place = joined("\(index).\(layer.kind)")
            return (place, trace.contents.layerPaths.insert(place).inserted)
        case .single: return (path, trace.contents.layerPaths.insert(path).inserted)
        case .shared:
            trace.contents.release(path)
            trace.contents.layerPaths.insert(path)
            return (path, true)
        }
    }
}

extension Trace {
    /// The output of a layer at a path, with all problems of its configuration and its input.
    fileprivate func output(of layer: some Layer, _ x: Tensor, at path: String) -> Tensor {
        if let layer = layer as? any CheckedLayer {
            var check = Check(layer.kind, x)
            layer.check(&check, x)
            guard check.passed else { return check.failure }
            // One that holds no others calls none: it need not be traced again, and nothing is copied for that.
            if !(layer is any Container) { return run(layer, x, at: path, numbersInner: false).output }
        } else if !(layer is any Container), !x.problems.isEmpty {
            return x
        }
        let before = contents
        let (output, call) = run(layer, x, at: path, numbersInner: false)
        guard call.innerCalls > 1 else { return output }
        // Several layers were called without a name, which is known only now: once more from the start, with numbers.
        contents = before
        return run(layer, x, at: path, numbersInner: true).output
    }

    private func run(
        _ layer: some Layer, _ x: Tensor, at path: String, numbersInner: Bool
    ) -> (output: Tensor, call: OpenCall) {
        open.append(OpenCall(kind: layer.kind, numbersInner: numbersInner))
        let context = Context(path: path, trace: self, use: .own(call: open.count - 1))
        let output = layer.output(for: x, in: context)
        let call = open.removeLast()
        return (call.problems.isEmpty ? output : Check.failure(x, call.problems), call)
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

/// One call of a layer during a trace.
package struct LayerRecord {
    package let path: String
    package let layer: any Layer
    package let input: Tensor
    /// How many layers are around this one, itself included.
    package let depth: Int
    package let output: Tensor
}
