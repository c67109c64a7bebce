/// An error of Apus: a text that says what happened, and the sort of failure it is.
///
/// ```swift
/// func exitCode(_ body: () throws -> Void) -> Int32 {
///     do {
///         try body()
///         return 0
///     } catch {
///         return (error as? any ApusError)?.failureKind.exitCode ?? 1
///     }
/// }
/// ```
public protocol ApusError: Error, CustomStringConvertible {
    /// What sort of failure it is; the exit code of a command follows from it.
    var failureKind: FailureKind { get }
}

/// The sorts of failure.
///
/// ```swift
/// let kinds: [FailureKind] = [.setting, .file, .memory, .diverged]
/// for kind in kinds { print(kind, kind.exitCode) }   // the exit codes of the command
/// ```
public enum FailureKind: Sendable, Hashable {
    /// A setting is impossible.
    case setting
    /// What was asked for does not exist.
    case missing
    /// A file, a model or data do not say what they should.
    case malformed
    /// A file can't be read or written.
    case file
    /// The machine has too little memory.
    case memory
    /// The loss of a training is no number any more.
    case diverged

    /// How a command ends: the codes of `sysexits.h`, and 3 for a training that diverged.
    public var exitCode: Int32 {
        switch self {
        case .setting: 64
        case .malformed: 65
        case .missing: 66
        case .memory: 71
        case .file: 74
        case .diverged: 3
        }
    }
}
