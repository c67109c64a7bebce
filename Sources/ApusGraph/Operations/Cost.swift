/// What a node costs by its definition, whatever kernel computes it.
public struct Cost: Hashable, Sendable {
    /// Floating-point operations; a multiplication and an addition are two.
    public var flops: Int
    /// Bytes read and written, each operand once.
    public var bytes: Int

    public init(flops: Int, bytes: Int) {
        self.flops = flops
        self.bytes = bytes
    }

    /// The cost of both.
    public static func + (a: Cost, b: Cost) -> Cost { Cost(flops: a.flops +| b.flops, bytes: a.bytes +| b.bytes) }
    /// The cost of nothing.
    public static let zero = Cost(flops: 0, bytes: 0)
}

extension Node {
    /// What the node costs; inputs, reshapes and `stopGradient` move no bytes.
    package var cost: Cost {
        Cost(flops: flops, bytes: isMaterialized ? inputs.reduce(type.byteCount) { $0 +| $1.type.byteCount } : 0)
    }

    /// Whether computing the node touches memory at all.
    private var isMaterialized: Bool {
        switch operation {
        case .input, .reshape, .stopGradient: false
        default: true
        }
    }

    /// The queries' features and the values' of attention.
    private var size: Int { inputs[0].shape[3] }
    private var depth: Int { inputs[2].shape[3] }

    /// How many keys all queries of attention see together.
    private func pairs(_ form: AttentionForm) -> Int {
        inputs[0].shape[0] *| inputs[0].shape[2]
            *| form.pairs(queries: inputs[0].shape[1], keys: inputs[1].shape[1])
    }

    private var flops: Int {
        let count = shape.count
        switch operation {
        case .input, .constant, .iota, .cast, .stopGradient, .reshape, .transpose, .broadcast, .slice, .pad,
            .concatenate,
            .reverse, .gather, .gatherAlong, .oneHot, .select, .maxPoolSelect:
            return 0
        case .unary, .binary: return count
        case .clamp: return 2 *| count
        // Ten rounds of Philox are about ten operations an element.
        case .random: return 10 *| count
        case .scatterAdd, .scatterAddAlong, .reduce, .argReduce, .cumulativeSum, .maxPoolGradient:
            return inputs[0].shape.count
        case .argsort:
            let elements = inputs[0].shape.count
            return elements *| (Int.bitWidth - max(1, elements).leadingZeroBitCount)
        case .matmul: return 2 *| count *| inputs[0].shape[-1]
        case .convolution:
            return 2 *| count *| inputs[1].shape.dimensions.dropLast().product
        case .convolutionInputGradient:
            return 2 *| inputs[0].shape.count *| inputs[1].shape.dimensions.dropLast().product
        case .convolutionKernelGradient:
            return 2 *| inputs[1].shape.count *| shape.dimensions.dropLast().product
        case .factorize(let factorization): return factorization.flops(inputs[0].shape)
        case .solve(let matrix):
            let n = shape[-2]
            return 2 *| count *| n +| (matrix == .general ? 2 *| inputs[0].shape.count *| n / 3 : 0)
        case .maxPool(let geometry), .averagePool(let geometry):
            return count *| geometry.window.height *| geometry.window.width
        case .averagePoolGradient(let geometry, _):
            return inputs[0].shape.count *| geometry.window.height *| geometry.window.width
        case .channelMoments: return 4 *| inputs[0].shape.count
        case .batchNorm, .batchNormTraining: return 2 *| count
        case .batchNormParameterGradient: return 4 *| inputs[0].shape.count
        case .batchNormInputGradient: return 5 *| count
        case .layerNorm: return 8 *| count
        case .softmax, .logSoftmax, .softmaxCrossEntropyGradient: return 5 *| count
        case .softmaxCrossEntropy: return 5 *| inputs[0].shape.count
        case .attention(let form): return pairs(form) *| (2 *| (size + depth) +| 5)
        // What all three need counts for the queries.
        case .attentionGradient(let form, .queries): return pairs(form) *| (2 *| (2 *| size + depth) +| 8)
        case .attentionGradient(let form, .keys): return pairs(form) *| 2 *| size
        case .attentionGradient(let form, .values): return pairs(form) *| 2 *| depth
        case .scan(let body): return body.length *| body.graph.nodes.reduce(0) { $0 +| $1.flops }
        }
    }
}
