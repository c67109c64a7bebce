/// What the stages of a compilation made of a graph; `PassRecorder` keeps the graph after each pass.
package struct CompilationReport: Sendable, Hashable {
    /// A pass over the plan.
    package struct Pass: Sendable, Hashable {
        package var name: String
        /// The number of steps.
        package var before: Int
        package var after: Int

        package init(name: String, before: Int, after: Int) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    /// Nodes that are computed together.
    package struct Unit: Sendable, Hashable {
        /// The name of the fusion that found them.
        package var fusion: String
        /// How many they are.
        package var nodes: Int

        package init(fusion: String, nodes: Int) {
            self.fusion = fusion
            self.nodes = nodes
        }
    }

    /// The units in the order in which they run.
    package var units: [Unit] = []
    /// The passes over the plan.
    package var planPasses: [Pass] = []
    /// The library's plans that were made to decide which kernel to take, and that no step runs.
    package var unusedLibraryPlans = 0

    package init() {}
}
