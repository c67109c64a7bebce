import ApusGraph

/// A rewrite of the whole graph that keeps what its outputs are worth.
struct GraphPass: Sendable {
    /// The name in reports.
    let name: String
    /// The graph afterwards; `nil` if the options ask for nothing.
    let run: @Sendable (_ graph: Graph, _ compiler: inout Compiler) -> Graph?
}

extension GraphPass {
    /// Algebraic identities, constant folding, common subexpressions.
    static let simplify = GraphPass(name: "simplify") { graph, _ in graph.simplified() }

    /// A loop whose results are a part of another's does not run.
    static let shareLoops = GraphPass(name: "share loops") { graph, _ in graph.sharingLoops() }

    /// Constant normalizations become part of the convolutions before them.
    static let foldNormalizations = GraphPass(name: "fold normalizations") { graph, compiler in
        let constant = compiler.options.constantInputs
        return constant.isEmpty ? nil : graph.foldingNormalizations(constant)
    }

    /// What has no kernel becomes what has.
    static let legalize = GraphPass(name: "legalize") { graph, compiler in graph.legalized(compiler.kernels) }

    /// Cheap results are computed again for the backward pass, if memory is to be saved.
    static let recompute = GraphPass(name: "recompute") { graph, compiler in
        guard compiler.options.recomputes else { return nil }
        let (result, recomputed) = graph.recomputing()
        compiler.recomputed = recomputed
        return result
    }
}
