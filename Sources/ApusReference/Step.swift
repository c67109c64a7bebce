import ApusBackend
import ApusGraph

/// One node with the values of its inputs.
///
/// The families of operations are in `Step+….swift`.
struct Step {
    let node: Node
    let operands: [ReferenceValue]

    var operation: Operation { node.operation }
    var shape: Shape { node.shape }
    var elementType: ElementType { node.elementType }

    /// The elements of the node's value: the meaning of every operation.
    func result() throws -> [Double] {
        switch operation {
        case .input(let name, let type): throw ReferenceError.missingInput(name: name, type)
        case .constant(let value, let type): constant(value, type)
        case .iota(let axis, _): iota(axis)
        case .random(let distribution, let stream, _): random(distribution, stream)

        case .unary(let unary): self.unary(unary)
        case .binary(let binary): self.binary(binary)
        case .select: select()
        case .clamp(let low, let high): clamp(low, high)
        case .cast: cast()
        case .stopGradient: operands[0].values

        case .reshape: operands[0].values
        case .transpose(let permutation): transpose(permutation)
        case .broadcast: broadcast()
        case .slice(let slices): slice(slices)
        case .pad(let padding, let value): pad(padding, value)
        case .concatenate(let axis): concatenate(axis)
        case .reverse(let axes): reverse(axes)

        case .gather(let axis): try gather(axis)
        case .scatterAdd(let axis, let size): try scatterAdd(axis, size)
        case .gatherAlong(let axis): try gatherAlong(axis)
        case .scatterAddAlong(let axis, let size): try scatterAddAlong(axis, size)
        case .oneHot(let classes, _): try oneHot(classes)

        case .reduce(let reduction, let axes): reduce(reduction, axes)
        case .argReduce(let reduction, let axis): argReduce(reduction, axis)
        case .cumulativeSum(let axis, let exclusive, let reverse): cumulativeSum(axis, exclusive, reverse)
        case .argsort(let axis, let descending, let count): argsort(axis, descending, count)

        case .matmul: matmul()
        case .convolution(let geometry): convolution(geometry)
        case .convolutionInputGradient(let geometry, _): convolutionInputGradient(geometry)
        case .convolutionKernelGradient(let geometry, _): convolutionKernelGradient(geometry)

        case .factorize(let factorization): factorize(factorization)
        case .solve(let matrix): solve(matrix)

        case .maxPool(let geometry): maxPool(geometry)
        case .maxPoolGradient(let geometry): maxPoolGradient(geometry)
        case .maxPoolSelect(let geometry): maxPoolSelect(geometry)
        case .averagePool(let geometry): averagePool(geometry)
        case .averagePoolGradient(let geometry, _): averagePoolGradient(geometry)

        case .channelMoments: channelMoments()
        case .batchNorm(let epsilon): batchNorm(epsilon)
        case .batchNormTraining(let epsilon): batchNormTraining(epsilon)
        case .batchNormParameterGradient(let epsilon): batchNormParameterGradient(epsilon)
        case .batchNormInputGradient(let epsilon): batchNormInputGradient(epsilon)
        case .layerNorm(let epsilon): layerNorm(epsilon)

        case .softmax(let axis): softmax(axis)
        case .logSoftmax(let axis): logSoftmax(axis)
        case .softmaxCrossEntropy: try softmaxCrossEntropy()
        case .softmaxCrossEntropyGradient: try softmaxCrossEntropyGradient()

        case .attention(let form): attention(form)
        case .attentionGradient(let form, let operand): attentionGradient(form, operand)
        case .scan(let body): try scan(body)
        }
    }

    // MARK: Leaves

    private func constant(_ value: Scalar, _ type: TensorType) -> [Double] {
        Array(repeating: value.rounded(to: type.elementType).double, count: type.shape.count)
    }

    private func iota(_ axis: Int) -> [Double] {
        shape.allIndices.map { Double($0[axis]) }
    }
}
