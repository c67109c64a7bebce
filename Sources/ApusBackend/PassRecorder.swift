package import ApusGraph
import Synchronization

/// Keeps what each pass makes of the graph that the current task compiles last: for tests, and to print it.
package final class PassRecorder: Sendable {
    @TaskLocal package static var current: PassRecorder?

    private let state = Mutex<[(pass: String?, graph: Graph)]>([])

    package init() {}

    /// The graph before the first pass, without a name, and after each.
    package var graphs: [(pass: String?, graph: Graph)] { state.withLock { $0 } }

    package func begin(_ graph: Graph) { state.withLock { $0 = [(nil, graph)] } }

    package func record(_ pass: String, _ graph: Graph) { state.withLock { $0.append((pass, graph)) } }
}
