import Synchronization

/// Stops the program with a message, in optimized builds as well: `preconditionFailure` would end them without a word.
///
/// For misuse where nothing can be thrown and no tensor can carry the problem.
package func stop(_ message: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    fatalError(message, file: file, line: line)
}

/// Stops the program with a message unless a condition holds, in optimized builds as well.
@inline(__always)
package func demand(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() { stop(message(), file: file, line: line) }
}

/// Collects what a function does wrong while it is traced that no tensor can carry, such as an axis that a shape lacks.
package final class TraceProblems: Sendable {
    /// Those of the function that the current task traces; outside of one, the program stops.
    @TaskLocal package static var current: TraceProblems?

    /// Whether the current task traces a function: what it computes is part of a graph.
    package static var areCollected: Bool { current != nil }

    private let found = Mutex<[(problem: GraphProblem, isOfScalar: Bool)]>([])

    package init() {}

    /// Notes a problem with a shape, or stops the program if nothing is being traced.
    static func report(_ message: String, _ shape: Shape) {
        guard let current else { stop(message) }
        let problem = GraphProblem(scope: TraceScope.current, operation: "shape", message: message)
        current.found.withLock { found in
            if !found.contains(where: { $0.problem == problem }) { found.append((problem, shape.rank == 0)) }
        }
    }

    /// What was found.
    ///
    /// - Parameter others: Whether something else is wrong: what could not be built has the shape of a scalar, which says nothing
    ///   then.
    package func problems(besides others: Bool) -> [GraphProblem] {
        found.withLock { $0.filter { !(others && $0.isOfScalar) }.map(\.problem) }
    }
}
