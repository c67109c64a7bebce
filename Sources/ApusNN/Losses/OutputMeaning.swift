import ApusGraph
public import ApusTensor

/// What the outputs of a model mean: classes, one yes-or-no answer, or quantities.
///
/// The loss says it (`LossRule.meaning(of:hasClasses:)`), for it defines how outputs are compared with targets.
///
/// ```swift
/// let meaning = Loss.softmaxCrossEntropy.meaning(of: [32, 10], hasClasses: true)
/// print(meaning.isClass)                                       // true
/// let probabilities = meaning(Tensor([[0.0, 0, 2]]))           // a softmax, for the outputs are logits
/// ```
public enum OutputMeaning: Sendable, Hashable, Codable {
    /// One number a class, [N, C].
    case classes(areProbabilities: Bool)
    /// One number a sample: how likely the answer is "yes", class 1 of 2.
    case yesOrNo(isProbability: Bool)
    /// Quantities.
    case numbers
    /// Something that is neither one class nor a quantity: several yes-or-no answers, a class for each position.
    case other

    /// Classes where outputs are rows [N, C] of at least two.
    static func classes(of output: Shape, areProbabilities: Bool) -> OutputMeaning {
        output.rank == 2 && output[1] > 1 ? .classes(areProbabilities: areProbabilities) : .other
    }

    /// One answer where there is one output a sample, [N] or [N, 1].
    static func yesOrNo(of output: Shape, isProbability: Bool) -> OutputMeaning {
        hasOneNumber(output) ? .yesOrNo(isProbability: isProbability) : .other
    }

    /// Whether there is one output a sample, [N] or [N, 1].
    static func hasOneNumber(_ output: Shape) -> Bool { output.rank == 1 || output.rank == 2 && output[1] == 1 }

    /// Whether each sample is given one class.
    public var isClass: Bool {
        switch self {
        case .classes, .yesOrNo: true
        case .numbers, .other: false
        }
    }

    /// The outputs as probabilities of classes [N, C]; quantities stay as they are.
    public func callAsFunction(_ output: Tensor) -> Tensor {
        switch self {
        case .classes(let areProbabilities): return areProbabilities ? output : softmax(output)
        case .yesOrNo(let isProbability):
            let yes = (isProbability ? output : sigmoid(output)).reshaped(to: [output.shape[0], 1])
            return Tensor.concatenated([1 - yes, yes], axis: 1)
        case .numbers, .other: return output
        }
    }

    /// The labels [N] of targets that may be labels, one-hot rows or numbers.
    package func labels(_ target: Tensor) -> Tensor {
        switch self {
        case .classes where target.rank == 2: return target.argmax(axis: -1)
        case .yesOrNo where !target.elementType.isInteger:
            return (target.reshaped(to: [target.shape[0]]) .> .full([], 0.5)).cast(to: .int64)
        default: return target.reshaped(to: [target.shape[0]]).cast(to: .int64)
        }
    }
}
