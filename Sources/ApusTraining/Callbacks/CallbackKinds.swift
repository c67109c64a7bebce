public import ApusConfiguration

/// The kinds of callbacks that can be read from files.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Bell: CallbackRule, Configurable {
///     static let schema = Schema(Bell())
///     mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
///         if case .ended = event { print("\u{7}") }
///     }
/// }
/// try CallbackKinds.register(Bell.self)   // files may now say: callbacks: [bell]
/// ```
public enum CallbackKinds {
    package static let registry = Registry<any CallbackRule>(
        "callback",
        [
            EarlyStopping.self, Checkpoint.self, ReduceOnPlateau.self, TimeLimit.self, TerminateOnNonFinite.self,
            CSVLog.self, TensorBoard.self, HistogramLog.self, WatchLog.self,
        ])

    /// Makes a custom callback readable.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    public static func register(_ type: any (CallbackRule & Configurable).Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }
}

extension Callback: Hashable, Codable, CustomStringConvertible {
    /// Whether both are of one kind with the same arguments; a rule that files can't hold equals its copies alone.
    public static func == (a: Callback, b: Callback) -> Bool {
        guard let left = a.rule as? any Configurable, let right = b.rule as? any Configurable else {
            return a.identity === b.identity
        }
        return AnyHashable(left) == AnyHashable(right)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(rule.name) }
    public var description: String { "Callback(\(rule))" }

    public init(from decoder: any Decoder) throws {
        self.init(try CallbackKinds.registry.member(from: decoder).member)
    }

    public func encode(to encoder: any Encoder) throws {
        guard let rule = rule as? any CallbackRule & Configurable else {
            throw EncodingError.invalidValue(
                rule,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription:
                        "the callback \(rule.name) can't be written to a file: it is no kind with arguments"
                ))
        }
        try rule.encode(named: type(of: rule).kind, to: encoder)
    }
}

extension Callback: FileRepresentable {
    public static var form: Form { .kinds(CallbackKinds.registry.form()) }
}
