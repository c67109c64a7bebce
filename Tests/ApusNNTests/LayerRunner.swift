import ApusGraph
import ApusNN
import ApusTensor

/// What a layer yields for given weights: the output, gradients of sum(output · r), and the states' new values.
struct LayerRun {
    let output: Tensor
    let inputGradient: Tensor
    let gradients: [String: Tensor]
    let updates: [String: Tensor]

    init(
        _ layer: some Layer, _ input: Tensor, _ variables: [String: Tensor] = [:], r: Tensor? = nil,
        mode: Mode = .training
    ) throws {
        let trace = Trace(mode: mode, key: Tensor([1, 2]), values: variables)
        let x = Tensor(input.node)
        let y = layer(x, in: trace.context)
        let problems = trace.problems(y)
        guard problems.isEmpty else { throw GraphError(problems) }
        let paths = variables.keys.sorted()
        let value = r.map { (y * $0).sum() } ?? y.sum()
        let gradients = gradient(of: value, withRespectTo: [x] + paths.map { variables[$0]! })
        updates = trace.updates
        try evaluate([y] + gradients + updates.values)
        output = y
        inputGradient = gradients[0]
        self.gradients = Dictionary(uniqueKeysWithValues: zip(paths, gradients.dropFirst()))
    }
}

extension Context {
    /// A context to call layers in by hand.
    static func tracing(_ mode: Mode = .training, values: [String: Tensor] = [:]) -> (Context, Trace) {
        let trace = Trace(mode: mode, key: Tensor([1, 2]), values: values)
        return (trace.context, trace)
    }
}
