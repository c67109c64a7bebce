extension Node {
    /// The node's definition by simpler operations, where it has one.
    ///
    /// It serves differentiation where there is no rule, and backends that have no kernel. Adding an operation can start with
    /// an expansion alone.
    package var expansion: Node? {
        switch operation {
        case .unary(let unary): return unary.expansion(of: inputs[0])
        case .channelMoments:
            let x = inputs[0].cast(to: elementType)
            let axes = Array(0..<(x.shape.rank - 1))
            let mean = x.reduce(.mean, axes)
            let variance = (x - mean).unary(.square).reduce(.mean, axes)
            let row: Shape = [1, x.shape[-1]]
            return Node(.concatenate(axis: 0), [mean.reshape(row), variance.reshape(row)])
        case .batchNorm(let epsilon):
            let normalized = Node.normalized(inputs[0], mean: inputs[3], variance: inputs[4], epsilon)
            return (normalized * inputs[1] + inputs[2]).cast(to: elementType)
        case .batchNormTraining(let epsilon):
            let moments = inputs[3]
            let normalized = Node.normalized(inputs[0], mean: moments.row(0), variance: moments.row(1), epsilon)
            return (normalized * inputs[1] + inputs[2]).cast(to: elementType)
        case .batchNormParameterGradient(let epsilon):
            let (x, g, moments) = (inputs[0], inputs[1].cast(to: elementType), inputs[2])
            let axes = Array(0..<(x.shape.rank - 1))
            let normalized = Node.normalized(x, mean: moments.row(0), variance: moments.row(1), epsilon)
            let row: Shape = [1, x.shape[-1]]
            return Node(
                .concatenate(axis: 0),
                [(g * normalized).reduce(.sum, axes).reshape(row), g.reduce(.sum, axes).reshape(row)])
        case .batchNormInputGradient(let epsilon):
            let (x, g, scale, moments, sums) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
            let share = 1 / Double(max(1, x.shape.count / max(1, x.shape[-1])))
            let normalized = Node.normalized(x, mean: moments.row(0), variance: moments.row(1), epsilon)
            let centered = g - sums.row(1) * share - normalized * (sums.row(0) * share)
            return (centered * (scale * (moments.row(1) + epsilon).unary(.reciprocalSquareRoot))).cast(to: elementType)
        case .layerNorm(let epsilon):
            let x = inputs[0]
            let axis = [x.shape.rank - 1]
            let mean = x.reduce(.mean, axis, keepingAxes: true)
            let variance = (x - mean).unary(.square).reduce(.mean, axis, keepingAxes: true)
            return Node.normalized(x, mean: mean, variance: variance, epsilon) * inputs[1] + inputs[2]
        case .softmaxCrossEntropyGradient:
            let (logits, labels, g) = (inputs[0], inputs[1], inputs[2])
            let oneHot = Node(.oneHot(classes: logits.shape[1], logits.elementType), [labels])
            return (Node(.softmax(axis: 1), [logits]) - oneHot) * g.reshape([logits.shape[0], 1])
        case .attention(let form): return ExpandedAttention(self, form).result
        case .attentionGradient(let form, let operand):
            return ExpandedAttention(self, form).gradient(to: operand, result: inputs[3], inputs[4])
        default: return nil
        }
    }

    /// (x − mean) / √(variance + ε)
    private static func normalized(_ x: Node, mean: Node, variance: Node, _ epsilon: Double) -> Node {
        (x - mean) * (variance + epsilon).unary(.reciprocalSquareRoot)
    }
}
