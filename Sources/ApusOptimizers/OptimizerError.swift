/// An optimizer or schedule that can't be: a hyperparameter is out of its range, or the name is unknown.
public struct OptimizerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
