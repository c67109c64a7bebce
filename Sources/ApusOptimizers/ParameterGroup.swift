public import ApusConfiguration

/// Settings of the variables whose path matches a pattern.
public struct ParameterGroup: Configurable {
    /// A path in which `*` stands for any letters: `*/bias`, `0.conv2D/*`.
    public var pattern: String
    /// Takes the place of the optimizer's learning rate; the schedule's factor holds for it as well.
    public var learningRate: Double?
    /// Takes the place of the optimizer's decay.
    public var weightDecay: Double?
    /// Whether the variables keep their values, states among them.
    public var isFrozen: Bool

    public init(_ pattern: String, learningRate: Double? = nil, weightDecay: Double? = nil, isFrozen: Bool = false) {
        self.pattern = pattern
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.isFrozen = isFrozen
    }

    public static let schema = Schema(
        ParameterGroup(""), .leading("match", \.pattern), .optional("learningRate", \.learningRate),
        .optional("weightDecay", \.weightDecay), .optional("frozen", \.isFrozen))

    func matches(_ path: String) -> Bool { ParameterGroup.matches(pattern[...], path[...]) }

    private static func matches(_ pattern: Substring, _ path: Substring) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "*" {
            let rest = pattern.dropFirst()
            return matches(rest, path) || !path.isEmpty && matches(pattern, path.dropFirst())
        }
        return path.first == first && matches(pattern.dropFirst(), path.dropFirst())
    }
}
