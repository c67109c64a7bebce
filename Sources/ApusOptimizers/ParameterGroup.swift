public import ApusConfiguration

/// Settings of the variables whose path matches a pattern.
///
/// ```swift
/// let optimizer = Optimizer(
///     SGD(learningRate: 0.1, momentum: 0.9),
///     groups: [ParameterGroup("0.conv2D/*", isFrozen: true), ParameterGroup("*/bias", learningRate: 0.2)])
/// ```
public struct ParameterGroup: Configurable {
    /// A path in which `*` stands for any letters, slashes included, and `?` for one letter: `*/bias`, `0.conv2D/*`, `?.dense/*`.
    public var pattern: String
    /// Takes the place of the optimizer's learning rate; the schedule's factor holds for it as well.
    public var learningRate: Double?
    /// Takes the place of the optimizer's decay.
    public var weightDecay: Double?
    /// Takes the place of the optimizer's proximal L1.
    public var proximalL1: Double?
    /// Whether the variables keep their values, states among them.
    public var isFrozen: Bool

    /// Settings of some variables.
    ///
    /// - Parameters:
    ///   - pattern: Which variables: a path in which `*` stands for anything, such as `*/bias` or `0.conv2D/*`.
    ///   - learningRate: η of these variables; that of the optimizer if `nil`.
    ///   - weightDecay: λ of these variables; that of the optimizer if `nil`.
    ///   - proximalL1: λ₁ of these variables; that of the optimizer if `nil`.
    ///   - isFrozen: Whether the variables keep their values.
    public init(
        _ pattern: String, learningRate: Double? = nil, weightDecay: Double? = nil, proximalL1: Double? = nil,
        isFrozen: Bool = false
    ) {
        self.pattern = pattern
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.proximalL1 = proximalL1
        self.isFrozen = isFrozen
    }

    public static let schema = Schema(
        ParameterGroup(""), .leading("pattern", \.pattern, former: "match"), .optional("learningRate", \.learningRate),
        .optional("weightDecay", \.weightDecay), .optional("proximalL1", \.proximalL1),
        .optional("isFrozen", \.isFrozen, former: "frozen"))

    func matches(_ path: String) -> Bool { PathPattern(pattern).matches(path) }
}

extension UnfreezingStep {
    func matches(_ path: String) -> Bool { PathPattern(pattern).matches(path) }
}

/// A path in which `*` stands for any letters, slashes included, and `?` for one letter.
private struct PathPattern {
    private let pattern: [Character]

    init(_ pattern: String) { self.pattern = Array(pattern) }

    func matches(_ path: String) -> Bool {
        let path = Array(path)
        var (place, position) = (0, 0)
        /// The last star, and the first letter that it does not stand for.
        var star: (place: Int, position: Int)?
        while position < path.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, position)
                place += 1
            } else if place < pattern.count, pattern[place] == "?" || pattern[place] == path[position] {
                place += 1
                position += 1
            } else if let last = star {
                // It stands for one letter more.
                star = (last.place, last.position + 1)
                place = last.place + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
