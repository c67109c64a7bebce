public import ApusConfiguration
public import ApusGraph
public import ApusTensor

/// −Σ t log softmax(output) over the last axis, t the target's distribution: 1 at a label, or given (one-hot).
///
/// Shapes: output [N, ..., C]; target labels [N, ...] or one-hot [N, ..., C]. With label smoothing ε, t becomes (1 − ε) t + ε / C.
/// From probabilities, −Σ t log p with p divided by its sum and kept in 10⁻⁷…1 − 10⁻⁷, as in Keras.
///
/// ```swift
/// // Or .softmaxCrossEntropy(labelSmoothing: 0.1)
/// let loss = Loss(SoftmaxCrossEntropy(labelSmoothing: 0.1))
/// let logits = Tensor([[2.0, 0, 0], [0, 2, 0]])
/// print(loss(logits, Tensor([0, 1])).item())
/// ```
public struct SoftmaxCrossEntropy: LossRule {
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool
    /// ε, the fraction of a target that is spread over all classes.
    public var labelSmoothing: Double

    /// The loss for outputs [N, ..., C] with labels [N, ...] or distributions [N, ..., C] as targets.
    ///
    /// - Parameters:
    ///   - fromProbabilities: Whether outputs are probabilities; else they are logits.
    ///   - labelSmoothing: The share of the target that is spread over all classes, in 0..<1.
    public init(fromProbabilities: Bool = false, labelSmoothing: Double = 0) {
        self.fromProbabilities = fromProbabilities
        self.labelSmoothing = labelSmoothing
    }

    public static let schema = Schema(
        SoftmaxCrossEntropy(), .optional("fromProbabilities", \.fromProbabilities),
        .optional("labelSmoothing", \.labelSmoothing))

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        // Labels and logits have a kernel of their own, which also refuses labels out of range.
        if target.rank < output.rank, !fromProbabilities, labelSmoothing == 0 {
            let rows = output.reshaped(to: [target.count, output.shape[-1]])
            return Tensor(.softmaxCrossEntropy, [rows.node, target.labels.flattened().node]).reshaped(to: target.shape)
        }
        let logs = fromProbabilities ? log(Tensor.normalizedProbabilities(output)) : logSoftmax(output)
        return -(logs * Tensor.distribution(target, output, labelSmoothing)).sum(axes: [-1])
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.smoothingProblem(labelSmoothing) ?? Tensor.classProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .classes(of: output, areProbabilities: fromProbabilities)
    }
}

/// The cross-entropy of yes-or-no answers: log(1 + e^output) − t · output, the mean over the last axis.
///
/// Shapes: output [N] or [N, ..., C]; target 0 or 1 of the same shape, or [N] for [N, 1]. With label smoothing ε, t becomes
/// (1 − ε) t + ε / 2. From probabilities, −t log p − (1 − t) log(1 − p) with p kept in 10⁻⁷…1 − 10⁻⁷, as in Keras.
///
/// ```swift
/// let loss = Loss.binaryCrossEntropy
/// print(loss(Tensor([[0.0], [0.0]]), Tensor([1.0, 0])).item())   // 0.6931472: log 2
/// ```
public struct BinaryCrossEntropy: LossRule {
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool
    /// ε, the fraction of a target that is spread over all classes.
    public var labelSmoothing: Double

    /// The loss for outputs [N] or [N, ..., C] with targets of one shape with them, in 0...1.
    ///
    /// - Parameters:
    ///   - fromProbabilities: Whether outputs are probabilities; else they are logits.
    ///   - labelSmoothing: The share by which targets move towards ½, in 0..<1.
    public init(fromProbabilities: Bool = false, labelSmoothing: Double = 0) {
        self.fromProbabilities = fromProbabilities
        self.labelSmoothing = labelSmoothing
    }

    public static let schema = Schema(
        BinaryCrossEntropy(), .optional("fromProbabilities", \.fromProbabilities),
        .optional("labelSmoothing", \.labelSmoothing))

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        Tensor.elementwiseMean(
            Tensor.binaryCrossEntropy(output, smoothed(target, output), fromProbabilities: fromProbabilities))
    }

    private func smoothed(_ target: Tensor, _ output: Tensor) -> Tensor {
        let target = target.aligned(output)
        guard labelSmoothing > 0 else { return target }
        let kept = 1 - labelSmoothing
        let half = labelSmoothing / 2
        return target * kept + half
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.smoothingProblem(labelSmoothing) ?? Tensor.shapeProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .yesOrNo(of: output, isProbability: fromProbabilities)
    }
}

/// Cross-entropy that looks away from what is easy: −α (1 − p)^γ t log p over the last axis. Lin et al. (2017).
///
/// Shapes as of `SoftmaxCrossEntropy`; p is softmax(output), or the output itself divided by its sum.
///
/// ```swift
/// // Easy samples count less
/// let trainer = Trainer(Zoo.lenet5.model(), loss: .focal(gamma: 2), optimizer: .adam())
/// ```
public struct Focal: LossRule {
    /// γ, how much easy samples are left out.
    public var gamma: Double
    /// α, the weight of the right class.
    public var alpha: Double
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool

    /// The loss for outputs [N, ..., C] with labels [N, ...] or distributions [N, ..., C] as targets.
    ///
    /// - Parameters:
    ///   - gamma: γ, not negative: the greater, the less easy samples count.
    ///   - alpha: α, in 0...1.
    ///   - fromProbabilities: Whether outputs are probabilities; else they are logits.
    public init(gamma: Double = 2, alpha: Double = 0.25, fromProbabilities: Bool = false) {
        self.gamma = gamma
        self.alpha = alpha
        self.fromProbabilities = fromProbabilities
    }

    public static let schema = Schema(
        Focal(), .optional("gamma", \.gamma), .optional("alpha", \.alpha),
        .optional("fromProbabilities", \.fromProbabilities))

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let p = Tensor.normalizedProbabilities(fromProbabilities ? output : softmax(output))
        let t = Tensor.distribution(target, output, 0)
        return (pow(1 - p, gamma) * log(p) * t).sum(axes: [-1]) * -alpha
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.focalProblem(gamma, alpha) ?? Tensor.classProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .classes(of: output, areProbabilities: fromProbabilities)
    }
}

/// The focal loss of yes-or-no answers: (1 − q)^γ · cross-entropy, q the probability of the right answer, the mean over the last
/// axis. Lin et al. (2017).
///
/// With balanced classes, answers "yes" have the factor α and "no" 1 − α. Shapes as of `BinaryCrossEntropy`.
///
/// ```swift
/// let loss = Loss.binaryFocal(gamma: 2, balancesClasses: true)   // for a "yes" that is rare
/// ```
public struct BinaryFocal: LossRule {
    /// γ, how much easy samples are left out.
    public var gamma: Double
    /// α, the weight of "yes" where classes are balanced.
    public var alpha: Double
    /// Whether α and 1 − α weigh the two answers.
    public var balancesClasses: Bool
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool

    /// The loss for outputs [N] or [N, ..., C] with targets of one shape with them, in 0...1.
    ///
    /// - Parameters:
    ///   - gamma: γ, not negative: the greater, the less easy samples count.
    ///   - alpha: α, in 0...1: the factor of "yes" where classes are balanced.
    ///   - balancesClasses: Whether α weighs "yes", and 1 − α "no".
    ///   - fromProbabilities: Whether outputs are probabilities; else they are logits.
    public init(gamma: Double = 2, alpha: Double = 0.25, balancesClasses: Bool = false, fromProbabilities: Bool = false)
    {
        self.gamma = gamma
        self.alpha = alpha
        self.balancesClasses = balancesClasses
        self.fromProbabilities = fromProbabilities
    }

    public static let schema = Schema(
        BinaryFocal(), .optional("gamma", \.gamma), .optional("alpha", \.alpha),
        .optional("balancesClasses", \.balancesClasses), .optional("fromProbabilities", \.fromProbabilities))

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        let p = fromProbabilities ? output : sigmoid(output)
        let right = t * p + (1 - t) * (1 - p)
        var values = pow(1 - right, gamma) * Tensor.binaryCrossEntropy(output, t, fromProbabilities: fromProbabilities)
        if balancesClasses {
            let other = 1 - alpha
            values = values * (t * alpha + (1 - t) * other)
        }
        return Tensor.elementwiseMean(values)
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.focalProblem(gamma, alpha) ?? Tensor.shapeProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .yesOrNo(of: output, isProbability: fromProbabilities)
    }
}

extension Tensor {
    /// Keras keeps probabilities this far from 0 and 1.
    static let probabilityEpsilon = 1e-7

    /// Class numbers as integers.
    fileprivate var labels: Tensor { elementType.isInteger ? self : cast(to: .int64) }

    /// The target as numbers of the output's shape and type.
    func aligned(_ output: Tensor) -> Tensor { cast(to: output.elementType).reshaped(to: output.shape) }

    /// The mean over the last axis; a vector has one number a sample already.
    static func elementwiseMean(_ values: Tensor) -> Tensor { values.rank > 1 ? values.mean(axes: [-1]) : values }

    fileprivate static func normalizedProbabilities(_ p: Tensor) -> Tensor {
        let upper = 1 - probabilityEpsilon
        return (p / p.sum(axes: [-1], keepingAxes: true)).clamped(min: probabilityEpsilon, max: upper)
    }

    /// What fraction each class has in the target, smoothed.
    fileprivate static func distribution(_ target: Tensor, _ output: Tensor, _ smoothing: Double) -> Tensor {
        let classes = output.shape[-1]
        let hot =
            target.rank < output.rank
            ? target.labels.oneHot(classes: classes, type: output.elementType) : target.cast(to: output.elementType)
        guard smoothing > 0 else { return hot }
        let kept = 1 - smoothing
        let share = smoothing / Double(classes)
        return hot * kept + share
    }

    fileprivate static func binaryCrossEntropy(_ output: Tensor, _ t: Tensor, fromProbabilities: Bool) -> Tensor {
        // No difference of large numbers, and the gradient is σ(output) − t at 0 too.
        guard fromProbabilities else { return t * softplus(-output) + (1 - t) * softplus(output) }
        let upper = 1 - probabilityEpsilon
        let p = output.clamped(min: probabilityEpsilon, max: upper)
        return -(t * log(p) + (1 - t) * log(1 - p))
    }

    // MARK: What can be wrong

    fileprivate static func smoothingProblem(_ smoothing: Double) -> String? {
        (0..<1).contains(smoothing) ? nil : "labelSmoothing must be in 0..<1, received \(smoothing)"
    }

    fileprivate static func focalProblem(_ gamma: Double, _ alpha: Double) -> String? {
        gamma >= 0 && gamma.isFinite && (0...1).contains(alpha)
            ? nil : "gamma must be ≥ 0 and alpha in 0...1, received \(gamma) and \(alpha)"
    }

    /// Outputs of classes need labels of their positions, or a number for each class.
    static func classProblem(_ output: Tensor, _ target: Tensor) -> String? {
        guard output.rank >= 2 else {
            return "expected outputs [N, classes] but the model yields \(output.shape); end it with Dense(classes)"
        }
        guard output.shape[-1] > 1 else {
            return
                "the model yields \(output.shape), and the softmax of one output is always 1; end it with Dense(classes), "
                + "or use binaryCrossEntropy for answers of yes or no"
        }
        let positions = Shape(Array(output.shape.dimensions.dropLast()))
        guard target.shape == positions || target.shape == output.shape else {
            return "the model yields shape \(output.shape) but the targets have \(target.shape); "
                + "expected class numbers \(positions) or one-hot rows \(output.shape)"
        }
        guard target.rank == output.rank || target.elementType.isInteger else {
            return
                "expected integer labels but received \(target.elementType)\(target.shape); convert it with cast(to: .int32)"
        }
        return nil
    }

    /// Outputs of numbers need as many targets; [N] and [N, 1] are the same.
    static func shapeProblem(_ output: Tensor, _ target: Tensor) -> String? {
        let isColumn = output.rank == 2 && output.shape[1] == 1 && target.rank == 1
        guard output.shape == target.shape || isColumn else {
            return "the model yields shape \(output.shape) but the targets have \(target.shape); they must be equal"
        }
        return nil
    }
}
