public import ApusGraph
public import ApusNN
public import ApusTensor

/// What the outputs of a model mean, as its loss and the data say.
public enum Answer: Sendable, Hashable {
    /// One number a class, [N, C].
    case classes(areProbabilities: Bool)
    /// One number a sample: how likely the answer is "yes", class 1 of 2.
    case yesOrNo(isProbability: Bool)
    /// Quantities.
    case numbers
    /// Something that is neither one class nor a quantity: several yes-or-no answers, a class for each position.
    case other

    /// - Parameters:
    ///   - output: The shape of the model's output, with the batch.
    ///   - hasClasses: Whether the data have labels of classes.
    public init(_ loss: Loss, output: Shape, hasClasses: Bool) {
        let hasOne = output.rank == 1 || output.rank == 2 && output[1] == 1
        switch loss.rule {
        case let rule as BinaryCrossEntropy: self = hasOne ? .yesOrNo(isProbability: rule.fromProbabilities) : .other
        case let rule as BinaryFocal: self = hasOne ? .yesOrNo(isProbability: rule.fromProbabilities) : .other
        case is Hinge, is SquaredHinge: self = hasOne ? .yesOrNo(isProbability: false) : .other
        case let rule as SoftmaxCrossEntropy:
            self = output.rank == 2 ? .classes(areProbabilities: rule.fromProbabilities) : .other
        case let rule as Focal: self = output.rank == 2 ? .classes(areProbabilities: rule.fromProbabilities) : .other
        case is KLDivergence: self = output.rank == 2 ? .classes(areProbabilities: true) : .other
        case is CategoricalHinge: self = output.rank == 2 ? .classes(areProbabilities: false) : .other
        default:
            if hasClasses {
                self =
                    hasOne
                    ? .yesOrNo(isProbability: false) : output.rank == 2 ? .classes(areProbabilities: false) : .other
            } else {
                self = .numbers
            }
        }
    }

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
    func labels(_ target: Tensor) -> Tensor {
        switch self {
        case .classes where target.rank == 2: return target.argmax(axis: -1)
        case .yesOrNo where !target.elementType.isInteger:
            return (target.reshaped(to: [target.shape[0]]) .> .full([], 0.5)).cast(to: .int64)
        default: return target.reshaped(to: [target.shape[0]]).cast(to: .int64)
        }
    }
}
