import ApusBackend
import ApusGraph

/// Turns a graph into a plan of kernel calls. The three lists say what happens, in which order.
struct Compiler {
    /// Rewrites of the graph.
    static let passes: [GraphPass] = [.simplify, .shareLoops, .foldNormalizations, .legalize, .simplify, .recompute]

    /// Who divides the nodes into units that are computed together; each takes of what those before it have left.
    static let fusions: [any Fusion.Type] = [
        LanesConvolution.self, LanesGradient.self, FusedConvolution.self, FusedNormalization.self,
        NormalizationGradient.self, BiasGradient.self, FusedProduct.self, ElementwiseCluster.self,
        IndexedPooling.self, FusedAttention.self, SingleOperation.self,
    ]

    /// Changes of the plan that the units, put in order, are lowered to.
    static let planPasses: [PlanPass] = [.placeOutputs, .mergeElementwise, .planMemory]

    let options: CompileOptions
    let kernels = KernelChoices()
    /// The nodes that recomputation added.
    var recomputed: Set<Node> = []
    private var report = CompilationReport()

    init(_ options: CompileOptions) { self.options = options }

    /// The plan that computes a sound graph.
    ///
    /// - Throws: `GraphError` if there is no kernel for an operation on its types.
    mutating func plan(_ graph: Graph) throws(GraphError) -> Plan {
        let (units, order) = ordered(IndexedGraph(rewritten(graph)))
        var plan = try Lowering.lower(units, order: order, constantInputs: options.constantInputs)
        for pass in Compiler.planPasses {
            let before = plan.steps.count
            pass.run(&plan)
            report.planPasses.append(CompilationReport.Pass(name: pass.name, before: before, after: plan.steps.count))
        }
        report.unusedLibraryPlans = kernels.unusedPlanCount
        plan.report = report
        return plan
    }

    private mutating func rewritten(_ original: Graph) -> Graph {
        let recorder = PassRecorder.current
        var graph = original
        recorder?.begin(graph)
        for pass in Compiler.passes {
            guard let next = pass.run(graph, &self) else { continue }
            graph = next
            recorder?.record(pass.name, graph)
        }
        return graph
    }

    /// The units in the order in which they run.
    private mutating func ordered(_ graph: IndexedGraph) -> (Units, order: [Int]) {
        func divided(_ fusions: [any Fusion.Type]) -> (Units, order: [Int]?) {
            let units = Units(graph, kernels: kernels, recomputed: recomputed, fusions: fusions)
            return (units, units.ordered())
        }
        var (units, order) = divided(options.fuses ? Compiler.fusions : [SingleOperation.self])
        if order == nil {
            // Fusion closed a circle (rare: a gradient that needs an updated weight): one operation at a time has none.
            (units, order) = divided([SingleOperation.self])
        }
        report.units = order!.map {
            CompilationReport.Unit(fusion: type(of: units.list[$0].fusion).name, nodes: units.list[$0].nodes.count)
        }
        return (units, order!)
    }
}
