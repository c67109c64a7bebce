public import ApusGraph

/// The backend that runs graphs on this machine's processor.
public enum CPU {
    /// Compiles a graph to a program.
    ///
    /// - Throws: `GraphError` with every problem of the graph.
    public static func compile(_ graph: Graph, options: CompileOptions = CompileOptions()) throws(GraphError) -> Program {
        try graph.validate()
        let graph = graph.simplified().legalized().simplified()
        return Program(plan: Lowering.lower(graph, options: options), graph: graph)
    }
}
