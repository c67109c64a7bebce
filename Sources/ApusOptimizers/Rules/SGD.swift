public import ApusConfiguration
public import ApusTensor

/// Gradient descent: w ← w − η g; with momentum m ← μ m − η g, w ← w + m; Nesterov's form w ← w + μ m − η g. As in Keras.
///
/// ```swift
/// let trainer = Trainer(
///     Zoo.resnet18.model(), loss: .softmaxCrossEntropy,
///     optimizer: .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true),
///     schedule: .multiStep(milestones: [20_000, 30_000]))
/// ```
public struct SGD: OptimizerRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// μ, the fraction of the last step that is kept.
    public var momentum: Double
    /// Whether the step looks ahead by the momentum.
    public var nesterov: Bool

    /// Gradient descent, with momentum if it is asked for.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - momentum: μ, in 0..<1; 0 for none.
    ///   - nesterov: Whether the step looks ahead by the momentum.
    public init(
        learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
    }

    public static let schema = Schema(
        SGD(), .optional("learningRate", \.learningRate), .optional("momentum", \.momentum),
        .optional("nesterov", \.nesterov))

    public var slots: [OptimizerSlot] {
        momentum == 0 ? [] : [OptimizerSlot("momentum")]
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let step = gradient * scales[0]
        guard momentum != 0 else { return (variable - step, []) }
        let velocity = slots[0] * momentum - step
        return (variable + (nesterov ? velocity * momentum - step : velocity), [velocity])
    }

    public func check(_ check: inout OptimizerCheck) {
        check.expectShare("momentum", momentum)
    }
}
