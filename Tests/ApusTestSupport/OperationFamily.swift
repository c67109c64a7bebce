package import ApusGraph

/// The cases of `Operation`, without their attributes.
///
/// `init(_:)` does not compile when an operation is added; with the new case here, the table needs a row for it.
package enum OperationFamily: String, Sendable, Hashable, CaseIterable {
    case input, constant, iota, random, unary, binary, select, clamp, cast, stopGradient, reshape, transpose
    case broadcast, slice, pad, concatenate, reverse, gather, scatterAdd, gatherAlong, scatterAddAlong, oneHot
    case reduce, argReduce, cumulativeSum, argsort, matmul, convolution, convolutionInputGradient
    case convolutionKernelGradient, factorize, solve, maxPool, maxPoolGradient, maxPoolSelect, averagePool,
        averagePoolGradient
    case channelMoments, batchNorm, batchNormTraining, batchNormParameterGradient, batchNormInputGradient
    case layerNorm, softmax, logSoftmax, softmaxCrossEntropy, softmaxCrossEntropyGradient
    case attention, attentionGradient, scan

    package init(_ operation: Operation) {
        self =
            switch operation {
            case .input: .input
            case .constant: .constant
            case .iota: .iota
            case .random: .random
            case .unary: .unary
            case .binary: .binary
            case .select: .select
            case .clamp: .clamp
            case .cast: .cast
            case .stopGradient: .stopGradient
            case .reshape: .reshape
            case .transpose: .transpose
            case .broadcast: .broadcast
            case .slice: .slice
            case .pad: .pad
            case .concatenate: .concatenate
            case .reverse: .reverse
            case .gather: .gather
            case .scatterAdd: .scatterAdd
            case .gatherAlong: .gatherAlong
            case .scatterAddAlong: .scatterAddAlong
            case .oneHot: .oneHot
            case .reduce: .reduce
            case .argReduce: .argReduce
            case .cumulativeSum: .cumulativeSum
            case .argsort: .argsort
            case .matmul: .matmul
            case .convolution: .convolution
            case .convolutionInputGradient: .convolutionInputGradient
            case .convolutionKernelGradient: .convolutionKernelGradient
            case .factorize: .factorize
            case .solve: .solve
            case .maxPool: .maxPool
            case .maxPoolGradient: .maxPoolGradient
            case .maxPoolSelect: .maxPoolSelect
            case .averagePool: .averagePool
            case .averagePoolGradient: .averagePoolGradient
            case .channelMoments: .channelMoments
            case .batchNorm: .batchNorm
            case .batchNormTraining: .batchNormTraining
            case .batchNormParameterGradient: .batchNormParameterGradient
            case .batchNormInputGradient: .batchNormInputGradient
            case .layerNorm: .layerNorm
            case .softmax: .softmax
            case .logSoftmax: .logSoftmax
            case .softmaxCrossEntropy: .softmaxCrossEntropy
            case .softmaxCrossEntropyGradient: .softmaxCrossEntropyGradient
            case .attention: .attention
            case .attentionGradient: .attentionGradient
            case .scan: .scan
            }
    }

    /// Everything of this family that needs a row: `unary.exp`, `matmul`…
    package var members: [String] {
        switch self {
        case .unary: UnaryOperation.allCases.map { "unary.\($0.rawValue)" }
        case .binary: BinaryOperation.allCases.map { "binary.\($0.rawValue)" }
        case .reduce: Reduction.allCases.map { "reduce.\($0.rawValue)" }
        case .argReduce: ArgReduction.allCases.map { "argReduce.\($0.rawValue)" }
        case .factorize: Factorization.allCases.map { "factorize.\($0.rawValue)" }
        case .solve: SystemMatrix.allCases.map { "solve.\($0.rawValue)" }
        case .random: DistributionFamily.allCases.map { "random.\($0.rawValue)" }
        default: [rawValue]
        }
    }

    /// The member that an operation is.
    package static func member(_ operation: Operation) -> String {
        let family = OperationFamily(operation).rawValue
        return switch operation {
        case .unary(let unary): "\(family).\(unary.rawValue)"
        case .binary(let binary): "\(family).\(binary.rawValue)"
        case .reduce(let reduction, _): "\(family).\(reduction.rawValue)"
        case .argReduce(let reduction, _): "\(family).\(reduction.rawValue)"
        case .factorize(let factorization): "\(family).\(factorization.rawValue)"
        case .solve(let matrix): "\(family).\(matrix.rawValue)"
        case .random(let distribution, _, _): "\(family).\(DistributionFamily(distribution).rawValue)"
        default: family
        }
    }
}

/// The cases of `RandomDistribution`, without their attributes.
package enum DistributionFamily: String, Sendable, Hashable, CaseIterable {
    case uniform, normal, truncatedNormal, bernoulli

    package init(_ distribution: RandomDistribution) {
        self =
            switch distribution {
            case .uniform: .uniform
            case .normal: .normal
            case .truncatedNormal: .truncatedNormal
            case .bernoulli: .bernoulli
            }
    }
}
