// Losses as arguments write them: `loss: .softmaxCrossEntropy`, `loss: .huber(delta: 0.5)`.

extension Loss {
    /// −log softmax(output)[label]; outputs are logits [N, C], targets labels [N] or one-hot [N, C].
    public static let softmaxCrossEntropy = Loss(SoftmaxCrossEntropy())
    /// −Σ t log softmax(output) for targets t smoothed by `labelSmoothing`, of logits or probabilities.
    public static func softmaxCrossEntropy(fromProbabilities: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(SoftmaxCrossEntropy(fromProbabilities: fromProbabilities, labelSmoothing: labelSmoothing))
    }

    /// Cross-entropy of yes-or-no answers; outputs are logits.
    public static let binaryCrossEntropy = Loss(BinaryCrossEntropy())
    /// Cross-entropy of yes-or-no answers for targets smoothed by `labelSmoothing`, of logits or probabilities.
    public static func binaryCrossEntropy(fromProbabilities: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(BinaryCrossEntropy(fromProbabilities: fromProbabilities, labelSmoothing: labelSmoothing))
    }

    /// −α (1 − p)^γ log p of the right class; outputs are logits.
    public static func focal(gamma: Double = 2, alpha: Double = 0.25, fromProbabilities: Bool = false) -> Loss {
        Loss(Focal(gamma: gamma, alpha: alpha, fromProbabilities: fromProbabilities))
    }

    /// The focal loss of yes-or-no answers; outputs are logits.
    public static func binaryFocal(
        gamma: Double = 2, alpha: Double = 0.25, balancesClasses: Bool = false, fromProbabilities: Bool = false
    ) -> Loss {
        Loss(
            BinaryFocal(
                gamma: gamma, alpha: alpha, balancesClasses: balancesClasses, fromProbabilities: fromProbabilities))
    }

    /// (output − target)²
    public static let meanSquaredError = Loss(MeanSquaredError())
    /// |output − target|
    public static let meanAbsoluteError = Loss(MeanAbsoluteError())
    /// 100 |target − output| / |target|
    public static let meanAbsolutePercentageError = Loss(MeanAbsolutePercentageError())
    /// (log(1 + target) − log(1 + output))²
    public static let meanSquaredLogarithmicError = Loss(MeanSquaredLogarithmicError())
    /// Squared below δ, linear above.
    public static func huber(delta: Double = 1) -> Loss { Loss(Huber(delta: delta)) }
    /// log cosh(output − target)
    public static let logCosh = Loss(LogCosh())
    /// max(1 − target · output, 0)
    public static let hinge = Loss(Hinge())
    /// max(1 − target · output, 0)²
    public static let squaredHinge = Loss(SquaredHinge())
    /// max(1 + best wrong − right, 0); one-hot targets
    public static let categoricalHinge = Loss(CategoricalHinge())
    /// Σ target log(target / output)
    public static let klDivergence = Loss(KLDivergence())
    /// output − target log output
    public static let poisson = Loss(Poisson())
    /// −cos of the angle between output and target
    public static let cosineSimilarity = Loss(CosineSimilarity())
}
