/// The shape rule of every operation: the type of the result, or everything that is wrong with the inputs.
///
/// A class, so that a lazily built message may look at the inputs while problems are being collected.
final class Inference {
    let operation: Operation
    let inputs: [TensorType]
    var problems: [String] = []

    init(operation: Operation, inputs: [TensorType]) {
        self.operation = operation
        self.inputs = inputs
    }

    /// Adds a problem unless the condition holds.
    func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { problems.append(message()) }
    }

    /// The type that stands for a result that has none.
    static let unknown = TensorType([], .float32)

    func run() -> TensorType {
        let type = infer()
        expect(
            type.shape.dimensions.allSatisfy { $0 >= 0 }, "an extent can't be negative, received shape \(type.shape)")
        // Bytes are counted in Int.
        guard type.shape.count <= Int.max / 64 else {
            problems.append("a tensor of shape \(type.shape) has too many elements")
            return Self.unknown
        }
        return type
    }

    private func infer() -> TensorType {
        let expected = inputCount
        if let expected, inputs.count != expected {
            problems.append("takes \(expected) inputs but received \(inputs.count)")
            return Self.unknown
        }
        switch operation {
        case .input(_, let type), .constant(_, let type): return type
        case .iota(let axis, let type):
            checkAxis(axis, type.shape)
            return type
        case .random(let distribution, _, let type): return random(distribution, type)
        case .unary(let unary): return self.unary(unary)
        case .binary(let binary): return self.binary(binary)
        case .select: return select()
        case .clamp(let low, let high):
            expect(low.double <= high.double, "the lower bound \(low.double) is above the upper bound \(high.double)")
            expectNumber(0)
            return inputs[0]
        case .cast(let type): return TensorType(inputs[0].shape, type)
        case .stopGradient: return inputs[0]
        case .reshape, .transpose, .broadcast, .slice, .pad, .concatenate, .reverse: return movement()
        case .gather, .scatterAdd, .gatherAlong, .scatterAddAlong, .oneHot: return indexing()
        case .reduce, .argReduce, .cumulativeSum, .argsort: return reduction()
        case .matmul: return matmul()
        case .convolution, .convolutionInputGradient, .convolutionKernelGradient: return convolution()
        case .factorize(let factorization): return factorize(factorization)
        case .solve: return solve()
        case .maxPool, .maxPoolGradient, .maxPoolSelect, .averagePool, .averagePoolGradient: return pooling()
        case .channelMoments, .batchNorm, .batchNormTraining, .batchNormParameterGradient, .batchNormInputGradient,
            .layerNorm:
            return normalization()
        case .softmax, .logSoftmax, .softmaxCrossEntropy, .softmaxCrossEntropyGradient: return softmax()
        case .attention(let form), .attentionGradient(let form, _): return attention(form)
        case .scan(let body):
            problems += body.problems(inputs)
            return problems.isEmpty ? TensorType([body.elementCount], body.elementType) : Self.unknown
        }
    }

    /// The number of inputs the operation takes; `nil` if it takes any number.
    private var inputCount: Int? {
        switch operation {
        case .input, .constant, .iota: 0
        case .random, .unary, .clamp, .cast, .stopGradient, .reshape, .transpose, .broadcast, .slice, .pad, .reverse,
            .oneHot, .reduce, .argReduce, .cumulativeSum, .argsort, .maxPool, .averagePool, .averagePoolGradient,
            .channelMoments, .softmax, .logSoftmax, .factorize:
            1
        case .binary, .gather, .scatterAdd, .gatherAlong, .scatterAddAlong, .matmul, .convolution,
            .convolutionInputGradient, .convolutionKernelGradient, .maxPoolGradient, .maxPoolSelect,
            .softmaxCrossEntropy, .solve:
            2
        case .select, .batchNormParameterGradient, .layerNorm, .softmaxCrossEntropyGradient: 3
        case .attention(let form): form.mask == nil ? 3 : 4
        case .batchNormTraining: 4
        case .batchNorm, .batchNormInputGradient: 5
        case .attentionGradient(let form, _): form.mask == nil ? 5 : 6
        case .concatenate, .scan: nil
        }
    }

    // MARK: Shared checks

    func checkAxis(_ axis: Int, _ shape: Shape) {
        expect(
            (0..<shape.rank).contains(axis),
            "axis \(axis) is outside the shape \(shape), which has \(shape.rank) axes")
    }

    func checkAxes(_ axes: [Int], _ shape: Shape) {
        for axis in axes { checkAxis(axis, shape) }
        expect(Set(axes).count == axes.count, "axes \(axes) name an axis twice")
    }

    func expectFloatingPoint(_ indices: Int...) {
        for index in indices {
            expect(
                inputs[index].elementType.isFloatingPoint,
                "expected a floating-point tensor but received \(inputs[index]); convert it with cast(to: .float32)")
        }
    }

    func expectNumber(_ index: Int) {
        expect(
            inputs[index].elementType != .bool,
            "expected numbers but received \(inputs[index]); convert it with cast(to:)")
    }

    func expectInteger(_ index: Int, _ what: String) {
        expect(
            inputs[index].elementType.isInteger,
            "expected integer \(what) but received \(inputs[index]); convert it with cast(to: .int32)")
    }

    func expectSameType(_ a: Int, _ b: Int) {
        expect(
            inputs[a].elementType == inputs[b].elementType,
            "element types differ: \(inputs[a]) and \(inputs[b]); convert one with cast(to:)")
    }

    func expectShape(_ index: Int, _ shape: Shape, _ what: String) {
        expect(
            inputs[index].shape == shape,
            "expected \(what) of shape \(shape) but received \(inputs[index].shape)")
    }

    func expectRank(_ index: Int, _ rank: Int, _ what: String) -> Bool {
        let shape = inputs[index].shape
        expect(shape.rank == rank, "expected \(what) with \(rank) axes but received shape \(shape)")
        return shape.rank == rank
    }
}
