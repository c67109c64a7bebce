import ApusGraph
import ApusTensor

extension GraphExporter {
    /// The value of a node, whose inputs have been visited.
    func exported(_ node: Node) throws -> ExportedValue {
        if let known = try recognized(node) { return known }
        switch node.operation {
        case .input, .constant, .broadcast, .iota: return try stretched(node)
        case .random:
            throw trace.unsupported(
                node, "it draws random numbers at inference, which no file can repeat",
                remedy: "Draw only where context.mode is .training.")
        case .unary(let unary): return try self.unary(unary, node)
        case .binary(let binary): return try self.binary(binary, node)
        case .select: return try elementwise("Where", node.inputs)
        case .clamp(let low, let high): return try clamp(low, high, node)
        case .cast(let type): return try cast(type, node)
        case .stopGradient: return try value(of: node.inputs[0])
        case .reshape: return try reshape(node)
        case .transpose: return moved(node, try value(of: node.inputs[0]))!
        case .slice(let slices): return try slice(slices, node)
        case .pad(let padding, let value): return try pad(padding, value, node)
        case .concatenate(let axis): return try concatenate(axis, node)
        case .reverse(let axes): return try reverse(axes, node)
        case .gather(let axis): return try gather(axis, node)
        case .gatherAlong(let axis): return try gatherAlong(axis, node)
        case .oneHot(let classes, let type): return try oneHot(classes, type, node)
        case .reduce(let reduction, let axes): return try reduce(reduction, axes, node)
        case .argReduce(let reduction, let axis): return try argReduce(reduction, axis, node)
        case .cumulativeSum(let axis, let exclusive, let reverse):
            return try cumulativeSum(axis, exclusive: exclusive, reverse: reverse, node)
        case .argsort(let axis, let descending, let count):
            return try argsort(axis, descending: descending, count: count, node)
        case .matmul: return try product(node)
        case .factorize(.determinant): return try determinant(node)
        case .convolution(let geometry): return try convolution(geometry, node)
        case .convolutionInputGradient(let geometry, let image):
            return try transposedConvolution(geometry, image, node)
        case .maxPool(let geometry): return try pooling("MaxPool", geometry, node)
        case .averagePool(let geometry): return try pooling("AveragePool", geometry, node)
        case .batchNorm(let epsilon): return try batchNorm(epsilon, node)
        case .layerNorm(let epsilon): return try layerNorm(epsilon, node)
        case .softmax(let axis): return try softmax("Softmax", axis, node)
        case .logSoftmax(let axis): return try softmax("LogSoftmax", axis, node)
        case .scatterAdd, .scatterAddAlong, .convolutionKernelGradient, .maxPoolGradient, .maxPoolSelect,
            .averagePoolGradient, .channelMoments, .batchNormTraining, .batchNormParameterGradient,
            .batchNormInputGradient, .softmaxCrossEntropy, .softmaxCrossEntropyGradient, .attention, .attentionGradient,
            .scan, .factorize, .solve:
            throw trace.unsupported(
                node, "there is no counterpart of \(node.operation.name)",
                remedy: "Compute it outside of the model, or by other operations.")
        }
    }
}
