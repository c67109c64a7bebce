/// How large a run of an experiment is.
///
/// ```swift
/// let epochs = LabSize.quick.of(20, quick: 5)   // 5
/// ```
public enum LabSize: String, Sendable, Hashable, Codable, CaseIterable {
    /// All seeds, whole arms: the run of the verdicts.
    case whole
    /// Three seeds and smaller arms.
    case quick
    /// The smallest that runs through: what tests run. Its verdicts mean nothing.
    case trial

    /// The value for this size. Where no smaller one is given, the next larger one is taken.
    public func of<Value>(_ whole: Value, quick: Value? = nil, trial: Value? = nil) -> Value {
        switch self {
        case .whole: whole
        case .quick: quick ?? whole
        case .trial: trial ?? quick ?? whole
        }
    }
}
