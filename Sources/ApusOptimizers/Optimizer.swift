public import ApusConfiguration
import ApusNN
public import ApusTensor

/// How gradients change the variables: a rule for each variable, and what happens around it.
///
/// A step does, in this order: gradients of the loss with its penalties, the mean over accumulated steps, a check that all are
/// finite, clipping, decoupled decay w ← w − η λ w, the rule, proximal L1, constraints, the average of weights.
///
/// ```swift
/// let optimizer = Optimizer.adamW(learningRate: 1e-3, weightDecay: 0.01)
///     .clippingGradients(.globalNorm(1))
///     .averagingWeights(decay: 0.999)
///     .group("*/bias", weightDecay: 0)
/// ```
public struct Optimizer: Sendable {
    /// The rule that changes each variable.
    public var rule: any OptimizerRule
    /// How gradients are clipped.
    public var clipping: Clipping?
    /// λ of the decoupled decay w ← w − η λ w; `nil` is the rule's own.
    public var weightDecay: Double?
    /// λ₁ of the proximal L1 step after the rule, w ← sign(w) max(|w| − η λ₁, 0), which makes small weights exactly 0; none if `nil`.
    public var proximalL1: Double?
    /// The number of steps whose gradients are averaged before the variables change.
    public var accumulation: Int
    /// Whether a step whose gradients are not all finite changes nothing.
    public var skipsNonFinite: Bool
    /// The decay μ of an exponential moving average (EMA) of the weights, with which the model is evaluated: a ← w after the first
    /// update, then a ← μ a + (1 − μ) w; none if `nil`. Until the first update, and if it is skipped, a is the start weights.
    public var average: Double?
    /// How learning rates fall from the last layer to the first; they do not if `nil`.
    public var layerDecay: LayerDecay?
    /// With which epochs variables begin to train that are frozen at first; `nil` if there are none.
    public var unfreezing: Unfreezing?
    /// Settings of variables by path; the first group that matches counts.
    public var groups: [ParameterGroup]

    /// An optimizer by its rule and what happens around it; `.adam().clippingGradients(.globalNorm(1))` and its like are shorter.
    ///
    /// - Parameters:
    ///   - rule: What changes a variable.
    ///   - clipping: How gradients are clipped; not at all if `nil`.
    ///   - weightDecay: λ of the decoupled decay; the rule's own if `nil`.
    ///   - proximalL1: λ₁ of the proximal L1 step; none if `nil`.
    ///   - accumulation: The number of steps whose gradients are averaged before an update, at least 1.
    ///   - skipsNonFinite: Whether a step whose gradients are not all finite changes nothing.
    ///   - average: μ of the moving average of weights, in 0..<1; none if `nil`.
    ///   - layerDecay: How learning rates fall from the last layer to the first; they do not if `nil`.
    ///   - unfreezing: With which epochs variables begin to train that are frozen at first.
    ///   - groups: Settings of variables by path; the first that matches counts.
    public init(
        _ rule: some OptimizerRule, clipping: Clipping? = nil, weightDecay: Double? = nil, proximalL1: Double? = nil,
        accumulation: Int = 1, skipsNonFinite: Bool = false, average: Double? = nil, layerDecay: LayerDecay? = nil,
        unfreezing: Unfreezing? = nil, groups: [ParameterGroup] = []
    ) {
        self.rule = rule
        self.clipping = clipping
        self.weightDecay = weightDecay
        self.proximalL1 = proximalL1
        self.accumulation = accumulation
        self.skipsNonFinite = skipsNonFinite
        self.average = average
        self.layerDecay = layerDecay
        self.unfreezing = unfreezing
        self.groups = groups
    }

    /// η of the rule, to which the schedule is a factor.
    public var learningRate: Double { rule.learningRate }

    /// The optimizer with another learning rate; groups with a rate of their own keep it.
    public func with(learningRate: Double) -> Optimizer {
        var copy = self
        copy.rule.learningRate = learningRate
        return copy
    }

    // MARK: What is around the rule

    /// With gradients that are clipped before the update.
    public func clippingGradients(_ clipping: Clipping) -> Optimizer {
        var copy = self
        copy.clipping = clipping
        return copy
    }

    /// With decoupled decay w ← w − η λ w.
    public func weightDecay(_ weightDecay: Double) -> Optimizer {
        var copy = self
        copy.weightDecay = weightDecay
        return copy
    }

    /// With a proximal step of an L1 penalty after the rule: w ← sign(w) max(|w| − η λ₁, 0).
    ///
    /// Weights become exactly 0, which the gradient of `Regularizer.l1` does not make of them: it steps over 0. The loss that is
    /// reported has no penalty. Soft thresholding; Parikh and Boyd, *Proximal Algorithms* (2014), section 6.5.2.
    public func proximalL1(_ factor: Double) -> Optimizer {
        var copy = self
        copy.proximalL1 = factor
        return copy
    }

    /// With an update every `steps` steps, by the mean of their gradients.
    public func accumulatingGradients(_ steps: Int) -> Optimizer {
        var copy = self
        copy.accumulation = steps
        return copy
    }

    /// With steps that change nothing where a gradient is not finite.
    public func skippingNonFinite() -> Optimizer {
        var copy = self
        copy.skipsNonFinite = true
        return copy
    }

    /// With an exponential moving average (EMA) of the weights, with which the model is evaluated.
    public func averagingWeights(decay: Double) -> Optimizer {
        var copy = self
        copy.average = decay
        return copy
    }

    /// With learning rates that fall from the last layer to the first: η · factorᵈ for a layer that stands d layers before the last.
    ///
    /// - Parameters:
    ///   - factor: What the rate is multiplied by from one layer to the one before it.
    ///   - levels: How many names of a path tell layers apart.
    public func layerDecay(_ factor: Double, levels: Int = 1) -> Optimizer {
        var copy = self
        copy.layerDecay = LayerDecay(factor, levels: levels)
        return copy
    }

    /// With settings for variables whose path matches a pattern such as `*/bias`; earlier groups go first.
    public func group(
        _ pattern: String, learningRate: Double? = nil, weightDecay: Double? = nil, proximalL1: Double? = nil,
        isFrozen: Bool = false
    ) -> Optimizer {
        var copy = self
        copy.groups.append(
            ParameterGroup(
                pattern, learningRate: learningRate, weightDecay: weightDecay, proximalL1: proximalL1,
                isFrozen: isFrozen))
        return copy
    }

    /// Variables whose path matches keep their values: weights, and states such as a running mean, with which the layer then
    /// computes as at inference. `0.batchNorm/*` freezes the whole layer, `*/gamma` its scale alone.
    public func freezing(_ pattern: String) -> Optimizer { group(pattern, isFrozen: true) }

    /// With the last layer alone at first, and one layer more every few epochs, from the last to the first.
    ///
    /// - Parameters:
    ///   - every: The number of epochs after which a layer joins.
    ///   - levels: How many names of a path tell layers apart.
    public func unfreezingGradually(every: Int = 1, levels: Int = 1) -> Optimizer {
        var copy = self
        copy.unfreezing = .gradually(every: every, levels: levels)
        return copy
    }

    /// With variables that are frozen until an epoch, those whose path matches a pattern; in the order of epochs.
    ///
    /// - Parameters:
    ///   - pattern: Which variables; of several patterns the first that matches counts.
    ///   - epoch: The first epoch in which they train, from 2.
    public func unfreezing(_ pattern: String, epoch: Int) -> Optimizer {
        var copy = self
        let step = UnfreezingStep(pattern, epoch: epoch)
        if case .patterns(let steps) = unfreezing {
            copy.unfreezing = .patterns(steps + [step])
        } else {
            copy.unfreezing = .patterns([step])
        }
        return copy
    }
}

/// A rule for one variable: pure, with named slots.
///
/// ```swift
/// import ApusConfiguration
///
/// struct SignDescent: OptimizerRule {
///     var learningRate = 0.001
///     static let schema = Schema(SignDescent(), .optional("learningRate", \.learningRate))
///     var slots: [OptimizerSlot] { [] }
///     func update(_ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]) -> (
///         variable: Tensor, slots: [Tensor]
///     ) {
///         (variable - sign(gradient) * scales[0], [])
///     }
///     func check(_ check: inout OptimizerCheck) {}
/// }
/// let optimizer = Optimizer(SignDescent(learningRate: 1e-4))
/// ```
public protocol OptimizerRule: Configurable {
    /// The learning rate η, which the schedule multiplies.
    var learningRate: Double { get set }
    /// The values that the rule keeps for each variable, of its shape.
    var slots: [OptimizerSlot] { get }
    /// Decoupled decay that belongs to the rule.
    var weightDecay: Double { get }
    /// How many numbers `scales` yields.
    static var scaleCount: Int { get }
    /// What the rule derives from the learning rate η and the number t of the update (from 1) alone, once for all variables: for
    /// Adam η √(1 − β₂ᵗ) / (1 − β₁ᵗ). The learning rate unless a rule says otherwise.
    func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number>
    /// The variable and its slots after a step.
    ///
    /// - Parameters:
    ///   - variable: The variable before the step.
    ///   - gradient: The gradient of the loss, in the variable's shape.
    ///   - slots: What the rule keeps for the variable, in the order of `slots`.
    ///   - scales: What `scales(rate:step:)` yields, as scalars.
    func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor])
    /// What is wrong with the hyperparameters, besides the learning rate.
    func check(_ check: inout OptimizerCheck)
}

extension OptimizerRule {
    public var weightDecay: Double { 0 }
    public static var scaleCount: Int { 1 }
    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> { StepScales(rate) }
}

/// A value that a rule keeps for each variable.
///
/// ```swift
/// let net = Dense(2)
/// let state = Optimizer(Adam()).state(for: try net.initialized(input: [3], seed: 0))
/// print(state.slots.map(\.path))                          // of each variable its two means
/// let accumulator = OptimizerSlot("squares", initial: 0.1)   // a slot of a rule of one's own
/// ```
public struct OptimizerSlot: Sendable, Hashable {
    /// The name in paths.
    public var name: String
    /// The start value of every element.
    public var initial: Double

    /// A slot for each variable.
    ///
    /// - Parameters:
    ///   - name: The name in paths: `mean` in `0.dense/kernel/mean`.
    ///   - initial: The start value of every element.
    public init(_ name: String, initial: Double = 0) {
        self.name = name
        self.initial = initial
    }
}

/// The kinds of rules that can be read from files.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Frozen: OptimizerRule {
///     var learningRate = 0.001
///     static let schema = Schema(Frozen(), .optional("learningRate", \.learningRate))
///     var slots: [OptimizerSlot] { [] }
///     func update(_ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]) -> (
///         variable: Tensor, slots: [Tensor]
///     ) {
///         (variable, [])
///     }
///     func check(_ check: inout OptimizerCheck) {}
/// }
/// try OptimizerKinds.register(Frozen.self)  // files may now say: optimizer: frozen
/// ```
public enum OptimizerKinds {
    package static let registry = Registry<any OptimizerRule>(
        "optimizer",
        [
            SGD.self, Adagrad.self, Adadelta.self, RMSprop.self, Adam.self, AdamW.self, Adamax.self, Nadam.self,
            RAdam.self,
            Lion.self, LAMB.self,
        ])

    /// Makes a custom rule readable.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    public static func register(_ type: any OptimizerRule.Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }
}

// MARK: Checks

/// Collects what is wrong with an optimizer's hyperparameters.
///
/// ```swift
/// func checked(_ momentum: Double, _ decay: Double, _ check: inout OptimizerCheck) {
///     check.expectShare("momentum", momentum)                            // in 0..<1
///     check.expectNotNegative("decay", decay)
///     check.expect(momentum + decay < 1, "decay", decay, "less than 1 - momentum")
/// }
/// ```
public struct OptimizerCheck {
    private(set) var problem: String?

    /// Notes what is wrong with a hyperparameter; the first one noted counts.
    ///
    /// - Parameters:
    ///   - isRight: Whether the hyperparameter is in its range.
    ///   - name: The name of the hyperparameter.
    ///   - value: The value of the hyperparameter.
    ///   - range: Completes “must be”: `in 0..<1`.
    public mutating func expect(_ isRight: Bool, _ name: String, _ value: Double, _ range: String) {
        if !isRight { problem = problem ?? "the optimizer's \(name) is \(value) but must be \(range)" }
    }

    /// A fraction such as β or momentum.
    public mutating func expectShare(_ name: String, _ value: Double) {
        expect((0..<1).contains(value), name, value, "in 0..<1")
    }

    /// A finite number > 0.
    public mutating func expectPositive(_ name: String, _ value: Double) {
        expect(value > 0 && value.isFinite, name, value, "a number > 0")
    }

    /// A finite number ≥ 0.
    public mutating func expectNotNegative(_ name: String, _ value: Double) {
        expect(value >= 0 && value.isFinite, name, value, "a number ≥ 0")
    }
}

extension Optimizer {
    /// What is wrong with the hyperparameters.
    ///
    /// - Throws: `OptimizerError` that names the hyperparameter, its value and its range.
    package func validate() throws(OptimizerError) {
        var check = OptimizerCheck()
        check.expectNotNegative("learningRate", learningRate)
        rule.check(&check)
        if let clipping { check.expectPositive("clipping", clipping.limit) }
        check.expectNotNegative("weightDecay", weightDecay ?? rule.weightDecay)
        check.expectNotNegative("proximalL1", proximalL1 ?? 0)
        check.expect(accumulation >= 1, "accumulation", Double(accumulation), "at least 1")
        if let average { check.expectShare("average", average) }
        if let factor = layerDecay?.factor {
            check.expect(factor > 0 && factor <= 1, "layerDecay", factor, "a number > 0 and at most 1")
        }
        for group in groups {
            if let rate = group.learningRate { check.expectNotNegative("learningRate for \(group.pattern)", rate) }
            if let decay = group.weightDecay { check.expectNotNegative("weightDecay for \(group.pattern)", decay) }
            if let factor = group.proximalL1 { check.expectNotNegative("proximalL1 for \(group.pattern)", factor) }
        }
        if let problem = check.problem { throw OptimizerError(problem) }
        if let layerDecay { try Optimizer.validate(levels: layerDecay.levels, of: "layerDecay") }
        try unfreezing?.validate()
    }

    static func validate(levels: Int, of name: String) throws(OptimizerError) {
        if levels < 1 { throw OptimizerError("the optimizer's \(name) has \(levels) levels but needs at least 1") }
    }
}
