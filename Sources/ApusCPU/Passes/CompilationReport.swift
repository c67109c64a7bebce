/// What the stages of a compilation made of a graph; `Compiler.observer` sees the passes over the graph itself.
package struct CompilationReport: Sendable {
    /// A pass over the plan.
    package struct Pass: Sendable, Hashable {
        package var name: String
        /// The number of steps.
        package var before: Int
        package var after: Int
    }

    /// Nodes that are computed together.
    package struct Unit: Sendable, Hashable {
        /// The name of the fusion that found them.
        package var fusion: String
        /// How many they are.
        package var nodes: Int
    }

    /// The units in the order in which they run.
    package internal(set) var units: [Unit] = []
    /// The passes over the plan.
    package internal(set) var planPasses: [Pass] = []
    /// The library's plans that were made to decide which kernel to take, and that no step runs.
    package internal(set) var unusedLibraryPlans = 0
}

extension Program {
    /// What the stages of the compilation made of the graph.
    package var compilation: CompilationReport { plan.report }

    /// The unit that each step belongs to, in `compilation`; copies of outputs belong to none.
    package var unitOfStep: [Int?] { plan.steps.map(\.unit) }
}
