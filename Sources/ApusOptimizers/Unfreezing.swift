public import ApusConfiguration

/// In which epochs variables that were frozen begin to train.
///
/// Until its epoch a variable is as one that a group freezes: no gradient is computed for it, it has no slots, and states such as
/// running means keep their values. From the first step of the epoch on it trains with the settings of its group, with slots at their
/// start values and a number t of updates of its own, so that what a rule derives from t, such as Adam's 1 − β₂ᵗ, fits the slots.
/// Slots and t of all else go on. Of gradients that are accumulated over steps, those before count as 0.
///
/// ```swift
/// // The last layer first; in files: unfreezing: {gradually: 1}
/// let careful = Optimizer.adam(learningRate: 1e-3).unfreezingGradually()
/// // In files: unfreezing: {patterns: [{pattern: "features/1?/*", epoch: 3}, {pattern: "features/*", epoch: 5}]}
/// let named = Optimizer.adam(learningRate: 1e-3)
///     .unfreezing("features/1?/*", epoch: 3).unfreezing("features/*", epoch: 5)
/// ```
public enum Unfreezing: ConfigurableCases {
    /// All layers but the last are frozen at first; a layer that stands d layers before the last trains from epoch 1 + d · every on.
    ///
    /// Layers are those with weights that no group freezes, in the order in which the model asks for these; `levels` names of a path tell
    /// them apart, as for ``LayerDecay``. Howard & Ruder (2018), ULMFiT.
    case gradually(every: Int = 1, levels: Int = 1)
    /// What a pattern matches is frozen until its epoch, be it frozen by a group or not; the first pattern that matches counts.
    case patterns([UnfreezingStep])

    public static let what = "unfreezing"

    public static let cases: [Case<Unfreezing>] = [
        Case(.gradually()) { .gradually(every: try $0.next(), levels: try $0.next()) },
        Case(.patterns([]), isRequired: true) { .patterns(try $0.next()) },
    ]

    /// What is wrong with the arguments, whatever the model is.
    func validate() throws(OptimizerError) {
        switch self {
        case .gradually(let every, let levels):
            if every < 1 || every > Unfreezing.lastEpoch {
                throw OptimizerError(
                    "the optimizer unfreezes a layer every \(every) epochs, but must do so every 1 to \(Unfreezing.lastEpoch)"
                )
            }
            try Optimizer.validate(levels: levels, of: "unfreezing")
        case .patterns(let steps):
            if steps.isEmpty {
                throw OptimizerError("the optimizer's unfreezing has no patterns; leave it out, or name some")
            }
            var before = 0
            for step in steps {
                if step.epoch < 2 || step.epoch > Unfreezing.lastEpoch {
                    throw OptimizerError(
                        "the optimizer unfreezes \(step.pattern.shown) in epoch \(step.epoch), but must do so in one from 2, for "
                            + "training begins with epoch 1, to \(Unfreezing.lastEpoch)")
                }
                if step.epoch < before {
                    throw OptimizerError(
                        "the optimizer unfreezes \(step.pattern.shown) in epoch \(step.epoch), after what it unfreezes in epoch \(before); "
                            + "name patterns in the order of their epochs")
                }
                before = step.epoch
            }
        }
    }

    /// So many epochs that they can be counted.
    static let lastEpoch = 1 << 30
}

/// Variables that begin to train with an epoch.
///
/// ```swift
/// let optimizer = Optimizer(SGD(), unfreezing: .patterns([UnfreezingStep("0.conv2D/*", epoch: 4)]))
/// ```
public struct UnfreezingStep: Configurable {
    /// Which variables: a path in which `*` stands for any letters, slashes included, and `?` for one letter.
    public var pattern: String
    /// The first epoch in which they train, from 2.
    public var epoch: Int

    /// Variables that begin to train with an epoch.
    ///
    /// - Parameters:
    ///   - pattern: Which variables: a path in which `*` stands for anything, such as `0.conv2D/*`.
    ///   - epoch: The first epoch in which they train, from 2.
    public init(_ pattern: String, epoch: Int) {
        self.pattern = pattern
        self.epoch = epoch
    }

    public static let schema = Schema(
        UnfreezingStep("", epoch: 2), .leading("pattern", \.pattern), .required("epoch", \.epoch))
}
