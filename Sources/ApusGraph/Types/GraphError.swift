/// One thing that is wrong with a graph.
///
/// ```swift
/// let sum = Tensor.zeros([2, 3]) + Tensor.zeros([4])
/// for problem in sum.problems {
///     print(problem.operation, problem.message)
/// }
/// ```
public struct GraphProblem: Hashable, Sendable, CustomStringConvertible {
    /// The layers around the place, outermost first: path and configuration.
    public var scope: [String]
    /// The operation that could not be added.
    public var operation: String
    /// What happened, what was expected, what was received, how to fix it.
    public var message: String
    /// Whether the graph is right but the machine has too little memory for it.
    package var lacksMemory = false

    /// A problem at a place.
    public init(scope: [String], operation: String, message: String) {
        self.scope = scope
        self.operation = operation
        self.message = message
    }

    /// A graph that the machine has too little memory for.
    package init(lacksMemoryFor operation: String, message: String) {
        self.init(scope: [], operation: operation, message: message)
        lacksMemory = true
    }

    public var description: String {
        let place = scope.last.map { "\($0): " } ?? ""
        return "\(place)\(operation): \(message)"
    }
}

/// A graph that can't be built; carries every problem of the trace.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in the order in which it was found.
    public var problems: [GraphProblem]

    /// Creates a value; arguments set the properties of their names.
    public init(_ problems: [GraphProblem]) {
        self.problems = problems
    }

    public var description: String {
        problems.count == 1
            ? problems[0].description
            : "\(problems.count) problems:\n" + problems.map { "- \($0)" }.joined(separator: "\n")
    }
}

/// Where in a model a graph is being traced; named in error messages.
package enum TraceScope {
    /// The layers around the current place, outermost first.
    @TaskLocal package static var current: [String] = []
}
