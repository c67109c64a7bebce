extension Operation {
    /// The operation's name, as plans and error messages show it.
    package var name: String {
        switch self {
        case .input: "input"
        case .constant: "constant"
        case .iota: "iota"
        case .random(let distribution, _, _):
            switch distribution {
            case .uniform: "randomUniform"
            case .normal: "randomNormal"
            case .truncatedNormal: "randomTruncatedNormal"
            case .bernoulli: "randomBernoulli"
            }
        case .unary(let unary): unary.rawValue
        case .binary(let binary): binary.rawValue
        case .select: "select"
        case .clamp: "clamp"
        case .cast: "cast"
        case .stopGradient: "stopGradient"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .broadcast: "broadcast"
        case .slice: "slice"
        case .pad: "pad"
        case .concatenate: "concatenate"
        case .reverse: "reverse"
        case .gather: "gather"
        case .scatterAdd: "scatterAdd"
        case .gatherAlong: "gatherAlong"
        case .scatterAddAlong: "scatterAddAlong"
        case .oneHot: "oneHot"
        case .reduce(let reduction, _): reduction.rawValue
        case .argReduce(let reduction, _): reduction.rawValue
        case .cumulativeSum: "cumulativeSum"
        case .argsort: "argsort"
        case .matmul: "matmul"
        case .convolution: "convolution"
        case .convolutionInputGradient: "convolutionInputGradient"
        case .convolutionKernelGradient: "convolutionKernelGradient"
        case .factorize(let factorization): factorization.rawValue
        case .solve(let matrix): matrix == .general ? "solve" : "solveTriangular"
        case .maxPool: "maxPool"
        case .maxPoolGradient: "maxPoolGradient"
        case .maxPoolSelect: "maxPoolSelect"
        case .averagePool: "averagePool"
        case .averagePoolGradient: "averagePoolGradient"
        case .channelMoments: "channelMoments"
        case .batchNorm: "batchNorm"
        case .batchNormTraining: "batchNormTraining"
        case .batchNormParameterGradient: "batchNormParameterGradient"
        case .batchNormInputGradient: "batchNormInputGradient"
        case .layerNorm: "layerNorm"
        case .softmax: "softmax"
        case .logSoftmax: "logSoftmax"
        case .softmaxCrossEntropy: "softmaxCrossEntropy"
        case .softmaxCrossEntropyGradient: "softmaxCrossEntropyGradient"
        case .attention: "attention"
        case .attentionGradient: "attentionGradient"
        case .scan: "scan"
        }
    }
}
