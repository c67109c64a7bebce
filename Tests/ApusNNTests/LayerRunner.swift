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
        let x = Tensor(input.node)
        let traced = TracedModel(layer, Values(x), mode: mode, key: Tensor([1, 2]), variables: variables)
        try traced.validate()
        let y = traced.records.last!.output
        let paths = variables.keys.sorted()
        let value = r.map { (y * $0).sum() } ?? y.sum()
        // Whole numbers have no gradient.
        let hasGradient = x.elementType.isFloatingPoint
        let gradients = gradient(of: value, withRespectTo: (hasGradient ? [x] : []) + paths.map { variables[$0]! })
        updates = traced.updates
        try evaluate([y] + gradients + updates.values)
        output = y
        inputGradient = hasGradient ? gradients[0] : .zeros(x.shape)
        self.gradients = Dictionary(uniqueKeysWithValues: zip(paths, gradients.dropFirst(hasGradient ? 1 : 0)))
    }
}

/// Runs a function in the context of a model.
func inContext(_ body: (Context) -> Void) {
    _ = TracedModel(mode: .training, key: RandomKey(seed: 1)) { context in
        body(context)
        return Values()
    }
}
