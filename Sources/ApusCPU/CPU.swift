package import ApusBackend
package import ApusGraph
import CKernels

/// The backend that runs graphs on this machine's processor.
package struct CPU: Backend {
    package init() {}

    package var device: Device { .cpu }

    /// Whether LAPACK, which factorizations of matrices and systems of equations need, is there.
    package static var hasLinearAlgebra: Bool { apus_lapack_is_available() }

    package var conditions: [String: String] {
        let names = [APUS_ISA_BASELINE: "baseline", APUS_ISA_AVX2: "AVX2", APUS_ISA_AVX512: "AVX-512"]
        var (major, minor, patch) = (Int32(0), Int32(0), Int32(0))
        _ = apus_onednn_version(&major, &minor, &patch)
        return [
            "threads": "\(apus_thread_count())", "instruction set": names[apus_isa()] ?? "unknown",
            "oneDNN": "\(major).\(minor).\(patch)",
        ]
    }

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
        try graph.validateMemory()
        var compiler = Compiler(options)
        let plan = try compiler.plan(graph)
        let outside = graph.inputs.map(\.type) + graph.outputs.filter { $0.replaces == nil }.map(\.node.type)
        let byteCount = outside.reduce(plan.memory.byteCount) { $0 +| $1.byteCount }
        if let problem = MachineMemory.problem(programOf: byteCount) {
            throw GraphError([GraphProblem(lacksMemoryFor: "memory", message: problem)])
        }
        return Program(plan: plan, graph: graph, constantInputs: options.constantInputs)
    }
}
