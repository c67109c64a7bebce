public import ApusBackend
public import ApusConfiguration
public import ApusFormats
public import ApusGraph
public import ApusNN

// The errors of the targets that know nothing of settings and commands.

extension FormatError: ApusError {
    public var failureKind: FailureKind {
        switch kind {
        case .missing: .missing
        case .system: .file
        case .malformed, .unsupported, .mismatch: .malformed
        }
    }
}

extension GraphError: ApusError {
    public var failureKind: FailureKind { problems.contains(where: \.lacksMemory) ? .memory : .malformed }
}

extension ProgramError: ApusError {
    public var failureKind: FailureKind { .malformed }
}

extension VariablesError: ApusError {
    public var failureKind: FailureKind { .malformed }
}
