public import ApusTensor

extension Model {
    /// Where each attention of the model looks: softmax(q kᵀ / √size + mask) by the path of its layer, [N, heads, T, S].
    ///
    /// Row t holds the shares with which position t gathers the values of the positions s; each row sums to 1, or to 0 where
    /// everything is hidden. Weights are those of a prediction, so nothing is dropped.
    ///
    /// ```swift
    /// let net = Sequential { Embedding(vocabulary: 9, 8); TransformerBlock(heads: 2) }
    /// let weights = try net.initialized(input: [5], seed: 1)
    /// let looks = net.attentionWeights(for: Values(Tensor([[1, 2, 3, 4, 5]])), weights)
    /// print(looks.names, looks["1.transformerBlock/attention"].shape)   // [1, 2, 5, 5]
    /// ```
    ///
    /// - Parameters:
    ///   - inputs: By name, each [N, ...]; with the shapes for which the variables were made.
    ///   - variables: The weights of the model, as `initialized` or training gave them.
    /// - Returns: One tensor for each layer of attention, in the order of their calls; tensors that carry the error where the model
    ///   does not fit inputs and variables. Nothing where the model has no attention; of a shared layer the last call.
    public func attentionWeights(for inputs: Values, _ variables: Variables) -> Values {
        let (traced, failure) = TracedModel.predicting(self, inputs, variables)
        if let failure { return Values(failing: failure) }
        var looks = Values()
        for record in traced.records {
            guard let heads = record.layer as? HeadsAttention else { continue }
            let place = record.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            looks[place.joined(separator: "/")] = heads.weights(for: record.inputs)
        }
        return looks
    }
}

extension Layer {
    /// Where each attention of the layer looks at x, [N, heads, T, S] by path: `net.attentionWeights(for: x, weights)`.
    public func attentionWeights(for x: Tensor, _ variables: Variables) -> Values {
        attentionWeights(for: Values(x), variables)
    }
}
