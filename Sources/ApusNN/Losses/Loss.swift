public import ApusConfiguration
public import ApusGraph
public import ApusTensor

/// The loss that training minimizes: a distance between output and target, reduced over the batch.
///
/// The rule gives a value for each position; a sample's loss is the mean over its positions.
///
/// ```swift
/// // Mistakes of class 2 count five times
/// let weighted = Loss.softmaxCrossEntropy.weighted(classes: [1, 1, 5])
/// let asymmetric = Loss("asymmetric") { output, target in
///     maximum((output - target) * 2, target - output)
/// }
/// print(asymmetric(Tensor([[3.0]]), Tensor([[1.0]])).item())  // 4.0
/// ```
public struct Loss: Sendable {
    /// The distance of outputs and targets.
    public var rule: any LossRule
    /// How the values of a batch become one number.
    public var reduction: Reduction
    /// A factor for the samples of each class, by label; the sum is still divided by the number of samples, as in Keras.
    public var classWeights: [Double]?
    /// A factor on the loss, for instance of an output that matters less than others.
    public var weight = 1.0

    /// How the values of a batch become one number.
    public enum Reduction: String, Sendable, Hashable, Codable, CaseIterable {
        /// The mean over samples and positions; weights are factors, the divisor is the count.
        case mean
        /// The sum over samples and positions.
        case sum
        /// Not at all: one value a sample, [N]. Training needs one number, so it takes `mean` or `sum`.
        case none
    }

    /// A loss by its rule; `.huber()` and its like are shorter.
    ///
    /// - Parameters:
    ///   - rule: The distance of outputs and targets.
    ///   - reduction: How the values of a batch become one number.
    ///   - classWeights: A factor on the values of each class; 1 for all if `nil`.
    public init(_ rule: some LossRule, reduction: Reduction = .mean, classWeights: [Double]? = nil) {
        self.rule = rule
        self.reduction = reduction
        self.classWeights = classWeights
    }

    /// The same rule with another reduction.
    public func reduced(_ reduction: Reduction) -> Loss {
        var copy = self
        copy.reduction = reduction
        return copy
    }

    /// The same rule with factors for classes.
    public func weighted(classes weights: [Double]) -> Loss {
        var copy = self
        copy.classWeights = weights
        return copy
    }

    /// The same loss times a factor, for instance of an output that matters less than others: `.softmaxCrossEntropy.weighted(0.3)`.
    public func weighted(_ weight: Double) -> Loss {
        var copy = self
        copy.weight = self.weight * weight
        return copy
    }

    /// The rule's name: `softmaxCrossEntropy`.
    public var name: String { rule.name }

    /// What the outputs of a model that is trained with this loss mean.
    ///
    /// - Parameters:
    ///   - output: The shape of the model's output, with the batch.
    ///   - hasClasses: Whether the data have labels of classes.
    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        rule.meaning(of: output, hasClasses: hasClasses)
    }

    /// The loss of a batch: a scalar, or [N] without reduction.
    ///
    /// - Parameters:
    ///   - output: What the model yields, [N, ...].
    ///   - target: Labels [N] or [N, ...], or numbers; which fit, the rule says.
    ///   - weights: A factor for each sample, [N].
    /// - Returns: A tensor that carries the problem where shapes do not fit.
    public func callAsFunction(_ output: Tensor, _ target: Tensor, weights: Tensor? = nil) -> Tensor {
        self(output, target, weights: weights, mask: nil)
    }

    /// The loss of a batch in which some positions do not count: they are no part of the mean.
    ///
    /// - Parameter mask: 1 for each position that counts, 0 for others; of the shape of the values.
    func callAsFunction(_ output: Tensor, _ target: Tensor, weights: Tensor?, mask: Tensor?) -> Tensor {
        guard output.problems.isEmpty, target.problems.isEmpty else { return Tensor.failing(output, target) }
        if let problem = problem(output, target, weights) { return Tensor(Node(problem: problem, operation: name)) }
        var values = rule.values(output, target)
        guard values.problems.isEmpty else { return values }
        if weight != 1 { values = values * weight }
        if let classWeights { values = values * Loss.factors(classWeights, output, target) }
        if let weights {
            values =
                values
                * weights.reshaped(to: Shape([weights.count] + values.shape.dimensions.dropFirst().map { _ in 1 }))
        }
        if let mask {
            guard mask.shape == values.shape else {
                return .invalid(
                    "a label that does not count needs a loss of one value for each label, \(mask.shape), but \(name) gives \(values.shape)"
                )
            }
            values = values * mask
            if reduction == .mean { return values.sum() / maximum(mask.sum(), .ones([])) }
        }
        switch reduction {
        case .mean: return values.mean()
        case .sum: return values.sum()
        case .none: return values.rank > 1 ? values.mean(axes: Array(1..<values.rank)) : values
        }
    }

    /// The targets of a batch as the rule compares them: of two classes that are mixed, [N, 2], the share of "yes" where the model yields
    /// one answer a sample.
    package func answers(_ target: Tensor, output: Tensor) -> Tensor {
        guard target.rank == 2, target.shape[1] == 2, output.problems.isEmpty, OutputMeaning.hasOneNumber(output.shape),
            case .yesOrNo = meaning(of: output.shape, hasClasses: false)
        else { return target }
        return target[TensorSlice.all, 1]
    }

    private func problem(_ output: Tensor, _ target: Tensor, _ weights: Tensor?) -> String? {
        guard output.rank > 0, target.rank > 0, output.shape[0] == target.shape[0] else {
            return
                "the model yields shape \(output.shape) but the targets have \(target.shape); the first axis of both is the batch"
        }
        if let problem = rule.problem(output, target) { return problem }
        if let weights, weights.rank != 1 || weights.count != output.shape[0] {
            return "expected one weight a sample, [\(output.shape[0])], but received \(weights.shape)"
        }
        guard let classWeights else { return nil }
        let classes = Loss.classCount(output, target)
        if classWeights.count != classes {
            return "expected \(classes) class weights, one for each class, but received \(classWeights.count)"
        }
        return classWeights.allSatisfy { $0.isFinite && $0 >= 0 }
            ? nil : "class weights must be numbers ≥ 0, received \(classWeights)"
    }

    /// The number of classes: that of the last axis, or two where there is one output for "yes".
    private static func classCount(_ output: Tensor, _ target: Tensor) -> Int {
        Tensor.hasOneOutput(output) ? 2 : output.shape[-1]
    }

    /// The factor of each position, by its class.
    private static func factors(_ weights: [Double], _ output: Tensor, _ target: Tensor) -> Tensor {
        Tensor.concatenated(weights.map { .full([1], $0, type: output.elementType) })
            .gathered(Tensor.targetClass(target, output))
    }
}

extension Tensor {
    /// Whether an output is one number a sample, [N] or [N, 1]: how likely the answer is "yes".
    static func hasOneOutput(_ output: Tensor) -> Bool { output.rank == 1 || output.shape[-1] == 1 }

    /// The positions of an output: all axes but the classes; [N] where there is one output a sample.
    static func positionShape(_ output: Tensor) -> Shape {
        output.rank == 1 ? output.shape : Shape(Array(output.shape.dimensions.dropLast()))
    }
}

/// A distance between output and target, position by position.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Quartic: LossRule {
///     static let schema = Schema(Quartic())  // no arguments
///     func values(_ output: Tensor, _ target: Tensor) -> Tensor { pow(output - target, 4) }
///     func problem(_ output: Tensor, _ target: Tensor) -> String? {
///         output.shape == target.shape
///             ? nil : "expected targets \(output.shape) but received \(target.shape)"
///     }
/// }
/// let loss = Loss(Quartic())
/// print(loss(Tensor([[2.0]]), Tensor([[0.0]])).item())  // 16.0
/// ```
public protocol LossRule: Configurable {
    /// What the loss is called; the kind if a rule does not say.
    var name: String { get }
    /// The values [N, ...], one for each position.
    func values(_ output: Tensor, _ target: Tensor) -> Tensor
    /// What is wrong with shapes and arguments; `nil` if they fit.
    func problem(_ output: Tensor, _ target: Tensor) -> String?
    /// What outputs mean, by their shape with the batch and whether the data have labels of classes.
    ///
    /// Unless a rule says otherwise, outputs are quantities; where the data have labels, logits of classes.
    func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning
}

extension LossRule {
    public var name: String { Self.kind }

    /// Nothing, unless a rule says otherwise.
    public func problem(_ output: Tensor, _ target: Tensor) -> String? { nil }

    public func meaning(of output: Shape, hasClasses: Bool) -> OutputMeaning {
        guard hasClasses else { return .numbers }
        return OutputMeaning.hasOneNumber(output)
            ? .yesOrNo(isProbability: false) : .classes(of: output, areProbabilities: false)
    }
}

/// The kinds of losses that can be read from files.
///
/// ```swift
/// let loss = Loss("asymmetric") { output, target in maximum((output - target) * 2, target - output) }
/// try LossKinds.register(loss)   // files may now say: loss: asymmetric
/// ```
public enum LossKinds {
    package static let registry = Registry<any LossRule>(
        "loss",
        [
            SoftmaxCrossEntropy.self, BinaryCrossEntropy.self, Focal.self, BinaryFocal.self, MeanSquaredError.self,
            MeanAbsoluteError.self, MeanAbsolutePercentageError.self, MeanSquaredLogarithmicError.self, Huber.self,
            LogCosh.self, Hinge.self, SquaredHinge.self, CategoricalHinge.self, KLDivergence.self, Poisson.self,
            CosineSimilarity.self,
        ])

    /// Makes a custom loss readable.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    public static func register(_ type: any LossRule.Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }

    /// Makes a loss that is a function readable by its name.
    ///
    /// - Throws: `RegistrationError` if another loss has the name.
    public static func register(_ loss: Loss) throws(RegistrationError) {
        try registry.register(loss.rule, named: loss.name)
    }
}

extension Loss: Hashable, CustomStringConvertible {
    public static func == (a: Loss, b: Loss) -> Bool {
        AnyHashable(a.rule) == AnyHashable(b.rule) && a.reduction == b.reduction && a.classWeights == b.classWeights
            && a.weight == b.weight
    }

    public func hash(into hasher: inout Hasher) {
        rule.hash(into: &hasher)
        hasher.combine(reduction)
        hasher.combine(classWeights)
        hasher.combine(weight)
    }

    public var description: String {
        var text = "Loss(\(rule)"
        if reduction != .mean { text += ", reduction: .\(reduction)" }
        if let classWeights { text += ", classWeights: \(classWeights)" }
        if weight != 1 { text += ", weight: \(weight)" }
        return text + ")"
    }
}

extension Loss: FileRepresentable {
    public static var form: Form {
        .kinds(
            LossKinds.registry.form(adding: [
                Form.Constant(
                    "reduction", .of(Reduction.self), defaultJSON: "\"mean\"",
                    help: "How the values of a batch become one number"),
                Form.Constant(
                    "classWeights", .of([Double]?.self), help: "A factor for the samples of each class, by label"),
                Form.Constant("weight", .of(Double.self), defaultJSON: "1", help: "A factor on the loss"),
            ]))
    }
}

extension Loss: Codable {
    private static let options = ["reduction", "classWeights", "weight"]

    /// Reads `meanSquaredError` or `huber: {delta: 0.5, reduction: sum}`.
    public init(from decoder: any Decoder) throws {
        let (rule, fields) = try LossKinds.registry.member(from: decoder, besides: Loss.options)
        self.init(
            rule, reduction: try fields.value("reduction", isLeading: false) ?? .mean,
            classWeights: try fields.value("classWeights", isLeading: false))
        weight = try fields.value("weight", isLeading: false) ?? 1
    }

    public func encode(to encoder: any Encoder) throws {
        if rule is LossFunction, LossKinds.registry.value(name) == nil {
            throw EncodingError.function(name, at: encoder.codingPath)
        }
        try rule.encode(named: name, to: encoder) { container in
            if reduction != .mean { try container.encode(reduction, forKey: NameKey("reduction")) }
            if let classWeights { try container.encode(classWeights, forKey: NameKey("classWeights")) }
            if weight != 1 { try container.encode(weight, forKey: NameKey("weight")) }
        } hasOptions: {
            reduction != .mean || classWeights != nil || weight != 1
        }
    }
}
