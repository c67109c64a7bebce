public import ApusConfiguration
public import ApusGraph
public import ApusTensor

/// max(1 − t · output, 0), the mean over the last axis; targets −1 or 1, or 0 or 1, which become −1 and 1.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.hinge
/// print(loss(Tensor([[0.5]]), Tensor([[1.0]])).item())   // 0.5: right, but not by 1
/// ```
public struct Hinge: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(Hinge())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(relu(1 - Tensor.signed(t) * output))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .yesOrNo(of: output, isProbability: false)
    }
}

/// max(1 − t · output, 0)², the mean over the last axis; targets as of `Hinge`.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let margin = Loss(SquaredHinge())
/// print(margin(Tensor([[-1.0]]), Tensor([[1.0]])).item())   // 4.0
/// ```
public struct SquaredHinge: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(SquaredHinge())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(square(relu(1 - Tensor.signed(t) * output)))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .yesOrNo(of: output, isProbability: false)
    }
}

/// Σ t log(t / p) over the last axis, both kept in 10⁻⁷…1. Kullback & Leibler (1951).
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.klDivergence
/// let (p, t) = (Tensor([[0.5, 0.5]]), Tensor([[0.5, 0.5]]))
/// print(loss(p, t).item())   // 0.0: equal distributions
/// ```
public struct KLDivergence: LossRule {
    /// The loss for distributions [N, ..., C] as outputs and targets.
    public init() {}

    public static let schema = Schema(KLDivergence())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output).clamped(min: Tensor.probabilityEpsilon, max: 1)
        let p = output.clamped(min: Tensor.probabilityEpsilon, max: 1)
        return (t * log(t / p)).sum(axes: [-1])
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.rowProblem(output, target) }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .classes(of: output, areProbabilities: true)
    }
}

/// output − t log(output + 10⁻⁷), the mean over the last axis.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// // Targets are counts; outputs, which are rates, are positive.
/// let net = Sequential {
///     Dense(16, activation: .relu)
///     Dense(1, activation: .exponential)
/// }
/// let trainer = Trainer(net, loss: .poisson, optimizer: .adam())
/// ```
public struct Poisson: LossRule {
    /// The loss for positive outputs and counts as targets, of one shape [N, ...].
    public init() {}

    public static let schema = Schema(Poisson())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(output - t * log(output + Tensor.probabilityEpsilon))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}

/// −cos of the angle between output and t, over the last axis; lengths are at least 10⁻⁷.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.cosineSimilarity
/// print(loss(Tensor([[2.0, 0]]), Tensor([[1.0, 0]])).item())   // -1.0: one direction
/// ```
public struct CosineSimilarity: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(CosineSimilarity())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        func unit(_ x: Tensor) -> Tensor {
            x * rsqrt(maximum(square(x).sum(axes: [-1], keepingAxes: true), .full([], 1e-14, type: x.elementType)))
        }
        return -(unit(output) * unit(t)).sum(axes: [-1])
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.rowProblem(output, target) }
}

/// max(1 + max((1 − t) · output) − Σ t · output, 0): how far the right class is from leading all others by 1.
///
/// Shapes: output and one-hot target [N, ..., C]. As in Keras.
///
/// ```swift
/// let trainer = Trainer(
///     Sequential { Dense(3) }, loss: .categoricalHinge, optimizer: .sgd(), metrics: [.accuracy])
/// ```
public struct CategoricalHinge: LossRule {
    /// The loss for outputs and one-hot targets [N, ..., C].
    public init() {}

    public static let schema = Schema(CategoricalHinge())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        let right = (t * output).sum(axes: [-1])
        let other = ((1 - t) * output).max(axes: [-1])
        return relu(other - right + 1)
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.rowProblem(output, target) }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        .classes(of: output, areProbabilities: false)
    }
}

extension Tensor {
    /// What is reduced over the last axis needs one beside the batch.
    fileprivate static func rowProblem(_ output: Tensor, _ target: Tensor) -> String? {
        output.rank >= 2
            ? shapeProblem(output, target) : "expected outputs [N, ...] of rows but received \(output.shape)"
    }

    /// Targets in 0...1 as −1...1 if there are no others; 0 and 1 as in Keras, and the shares of mixed samples.
    fileprivate static func signed(_ target: Tensor) -> Tensor {
        let (zero, one) = (Tensor.zeros([], type: target.elementType), Tensor.ones([], type: target.elementType))
        let isBinary = ((target .>= zero) .& (target .<= one)).all()
        return select(isBinary, target * 2 - 1, target)
    }
}
