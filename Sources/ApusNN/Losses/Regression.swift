public import ApusConfiguration
public import ApusTensor

/// (output − t)², the mean over the last axis.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.meanSquaredError
/// print(loss(Tensor([[1.0, 3]]), Tensor([[0.0, 0]])).item())   // 5.0
/// ```
public struct MeanSquaredError: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(MeanSquaredError())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(square(output - t))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}

/// |output − t|, the mean over the last axis.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// // Outliers count less
/// let trainer = Trainer(Dense(1), loss: .meanAbsoluteError, optimizer: .adam(learningRate: 0.01))
/// ```
public struct MeanAbsoluteError: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(MeanAbsoluteError())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(abs(output - t))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}

/// 100 · |(t − output) / max(|t|, 10⁻⁷)|, the mean over the last axis.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.meanAbsolutePercentageError
/// print(loss(Tensor([[110.0]]), Tensor([[100.0]])).item())   // 10.0 percent
/// ```
public struct MeanAbsolutePercentageError: LossRule {
    /// The loss for outputs and targets of one shape [N, ...], in percent.
    public init() {}

    public static let schema = Schema(MeanAbsolutePercentageError())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        return Tensor.elementwiseMean(abs((t - output) / maximum(abs(t), .full([], Tensor.probabilityEpsilon))) * 100)
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}

/// (log(1 + max(t, 10⁻⁷)) − log(1 + max(output, 10⁻⁷)))², the mean over the last axis.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// // Ratios count, not differences
/// let prices = Trainer(Dense(1), loss: .meanSquaredLogarithmicError, optimizer: .adam())
/// ```
public struct MeanSquaredLogarithmicError: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(MeanSquaredLogarithmicError())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        let floor = Tensor.full([], Tensor.probabilityEpsilon, type: output.elementType)
        return Tensor.elementwiseMean(square(log1p(maximum(t, floor)) - log1p(maximum(output, floor))))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}

/// e²/2 where |e| ≤ δ, else δ|e| − δ²/2, with e = output − t; the mean over the last axis. Huber (1964).
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let loss = Loss.huber(delta: 1)
/// print(loss(Tensor([[0.5]]), Tensor([[0.0]])).item())    // 0.125: a square
/// print(loss(Tensor([[10.0]]), Tensor([[0.0]])).item())   // 9.5: nearly the distance
/// ```
public struct Huber: LossRule {
    /// δ, the error up to which the loss is squared.
    public var delta: Double

    /// The loss for outputs and targets of one shape [N, ...].
    ///
    /// - Parameter delta: δ, above 0, in the unit of the targets: the error up to which the loss is squared.
    public init(delta: Double = 1) {
        self.delta = delta
    }

    public static let schema = Schema(Huber(), .leading("delta", \.delta, hasDefault: true, isLabelled: true))

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        let error = output - t
        let size = abs(error)
        let limit = Tensor.full([], delta, type: output.elementType)
        let half = delta * delta / 2
        return Tensor.elementwiseMean(select(size .<= limit, square(error) * 0.5, size * delta - half))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        delta > 0 ? Tensor.shapeProblem(output, target) : "delta must be positive, received \(delta)"
    }
}

/// log cosh(output − t), the mean over the last axis; computed as e + softplus(−2e) − log 2.
///
/// Shapes: output and target [N, ...], equal; a target [N] fits outputs [N, 1].
///
/// ```swift
/// let trainer = Trainer(
///     Dense(1), loss: .logCosh, optimizer: .sgd(learningRate: 0.1), metrics: [.meanAbsoluteError])
/// ```
public struct LogCosh: LossRule {
    /// The loss for outputs and targets of one shape [N, ...].
    public init() {}

    public static let schema = Schema(LogCosh())

    public func values(_ output: Tensor, _ target: Tensor) -> Tensor {
        let t = target.aligned(output)
        // The magnitude: no difference of large numbers.
        let error = abs(output - t)
        let logarithm = 0.693_147_180_559_945_3
        return Tensor.elementwiseMean(error + softplus(error * -2) - logarithm)
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.shapeProblem(output, target)
    }
}
