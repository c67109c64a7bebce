import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Rewrites that a backend asks for: they change how much is computed and kept, not the results.
@Suite struct BackendRewriteTests {
    private func input(_ name: String, _ shape: Shape) -> Node { Node(.input(name, TensorType(shape, .float32))) }

    private func expectEqual(_ graph: Graph, _ rewritten: Graph, seed: UInt64 = 1) throws {
        var generator = PhiloxGenerator(seed: seed)
        let values = graph.inputs.map {
            TestInput.floating($0.shape, .uniform(0.5...1.5)).draw(.float32, using: &generator)
        }
        let before = try ReferenceBackend().run(graph, inputs: values)
        let after = try ReferenceBackend().run(rewritten, inputs: values)
        for (a, b) in zip(after, before) {
            for (a, b) in zip(a.values, b.values) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b))) }
        }
    }

    // MARK: Folding

    /// batchNorm(x ∗ w + b), inputs x, w, b and the four of the normalization.
    private func normalized(hasBias: Bool, convolutionIsReturned: Bool = false) -> Graph {
        let (x, w, b) = (input("x", [2, 5, 4, 3]), input("w", [3, 3, 3, 6]), input("b", [6]))
        let statistics = ["scale", "offset", "mean", "variance"].map { input($0, [6]) }
        let convolved = Node(.convolution(ConvolutionGeometry()), [x, w])
        let sum = hasBias ? Node.binary(.add, convolved, b) : convolved
        let y = Node(.batchNorm(epsilon: 0.1), [sum] + statistics)
        let outputs = convolutionIsReturned ? [y, convolved] : [y]
        return Graph(
            inputs: [x, w, b] + statistics,
            outputs: outputs.enumerated().map { Graph.Output(name: "y\($0)", node: $1) })
    }

    private func normalizations(_ graph: Graph) -> Int {
        graph.nodes.count { if case .batchNorm = $0.operation { true } else { false } }
    }

    @Test(arguments: [true, false]) func aConstantNormalizationBecomesPartOfTheConvolution(hasBias: Bool) throws {
        let graph = normalized(hasBias: hasBias)
        let folded = graph.foldingNormalizations(Set(1...6))
        #expect(normalizations(folded) == 0)
        try expectEqual(graph, folded)
    }

    @Test func whatIsNotConstantOrReadElsewhereIsNotFolded() {
        // The kernel changes from run to run.
        #expect(normalizations(normalized(hasBias: true).foldingNormalizations(Set(2...6))) == 1)
        // Two normalizations read one convolution: folded, there would be two.
        let (x, w) = (input("x", [2, 5, 4, 3]), input("w", [3, 3, 3, 6]))
        let statistics = ["scale", "offset", "mean", "variance"].map { input($0, [6]) }
        let convolved = Node(.convolution(ConvolutionGeometry()), [x, w])
        let both = [0.1, 0.2].map { Node(.batchNorm(epsilon: $0), [convolved] + statistics) }
        let shared = Graph(
            inputs: [x, w] + statistics,
            outputs: both.enumerated().map { Graph.Output(name: "y\($0)", node: $1) })
        #expect(normalizations(shared.foldingNormalizations(Set(1...5))) == 2)
        let returned = normalized(hasBias: true, convolutionIsReturned: true)
        #expect(normalizations(returned.foldingNormalizations(Set(1...6))) == 1)
    }

    // MARK: Recomputation

    @Test func normalizationsAreComputedAgainForTheBackwardPass() throws {
        let (x, w, v) = (input("x", [2, 4, 4, 3]), input("w", [1, 1, 3, 5]), input("v", [1, 1, 5, 2]))
        let (scale, offset) = (input("scale", [5]), input("offset", [5]))
        let convolved = Node(.convolution(ConvolutionGeometry()), [x, w])
        let hidden = Node(
            .batchNormTraining(epsilon: 0.1), [convolved, scale, offset, Node(.channelMoments, [convolved])]
        ).unary(.relu)
        let y = Node(.convolution(ConvolutionGeometry()), [hidden, v])
        let loss = y.unary(.square).reduce(.sum, [0, 1, 2, 3])
        let gradients = Node.gradients(of: [loss], withRespectTo: [w, v, scale])
        let graph = Graph(
            inputs: [x, w, v, scale, offset],
            outputs: ([loss] + gradients).enumerated().map { Graph.Output(name: "y\($0)", node: $1) }
        ).simplified()
        let (recomputing, recomputed) = graph.recomputing()
        // The normalization and its ReLU, for the gradient to v.
        #expect(recomputed.map(\.operation.name).sorted() == ["batchNormTraining", "relu"])
        #expect(recomputing.nodes.count == graph.nodes.count + 2)
        #expect(recomputed.isSubset(of: Set(recomputing.nodes)))
        try expectEqual(graph, recomputing)
    }

    // MARK: Numbers

    @Test func nodesAreNumberedAfterTheirInputsAndKnowTheirUsers() {
        let (x, unused) = (input("x", [2]), input("unused", [2]))
        let square = Node.binary(.multiply, x, x)
        let sum = Node.binary(.add, square, x)
        let graph = IndexedGraph(
            Graph(
                inputs: [x, unused],
                outputs: [Graph.Output(name: "sum", node: sum), Graph.Output(name: "square", node: square)]))
        #expect(graph.nodes == [x, square, sum])
        #expect(graph.inputs(graph[square]) == [0, 0])
        #expect(graph.users == [[1, 2], [2], []])
        #expect(graph.isOutput == [false, true, true])
        // What the graph returns has a reader besides.
        #expect(graph.onlyUser(0) == nil && graph.onlyUser(1) == nil)
        #expect(graph.contains(x) && !graph.contains(unused))
    }
}
