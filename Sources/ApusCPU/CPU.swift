package import ApusBackend
package import ApusGraph

/// The backend that runs graphs on this machine's processor.
package struct CPU: Backend {
    package init() {}

    package var device: Device { .cpu }

    package func compile(_ graph: Graph, options: CompileOptions) throws -> any Executable {
        try CPU.compile(graph, options: options)
    }

    /// Compiles a graph to a program.
    ///
    /// - Throws: `GraphError` with every problem of the graph.
    package static func compile(_ graph: Graph, options: CompileOptions = CompileOptions()) throws(GraphError)
        -> Program
    {
        try graph.validateStructure()
        var compiler = Compiler(options)
        return Program(plan: try compiler.plan(graph), graph: graph, constantInputs: options.constantInputs)
    }
}
