public import ApusBackend
public import ApusGraph

/// The backend that runs graphs on this machine's processor.
public struct CPU: Backend {
    public init() {}

    public var device: Device { .cpu }

    public func compile(_ graph: Graph, options: CompileOptions) throws -> any Executable {
        try CPU.compile(graph, options: options)
    }

    /// Compiles a graph to a program.
    ///
    /// - Throws: `GraphError` with every problem of the graph.
    public static func compile(_ graph: Graph, options: CompileOptions = CompileOptions()) throws(GraphError) -> Program
    {
        try graph.validateStructure()
        var compiler = Compiler(options)
        return Program(plan: try compiler.plan(graph), graph: graph, constantInputs: options.constantInputs)
    }
}
