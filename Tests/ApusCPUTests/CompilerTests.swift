import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// The compiler's lists: what each pass makes of a graph, which fusions find something, what units note for each other.
@Suite(.serialized) struct CompilerTests {
    /// Convolutions with bias and ReLU, a normalization between, pooling, a dense layer; the sum of squares and its gradients, and
    /// the first convolution normalized as at inference.
    private func network() -> Graph {
        let (x, w, b) = (input("x", [3, 8, 8, 40]), input("w", [3, 3, 40, 32]), input("b", [32]))
        let (v, scale, offset) = (input("v", [1, 1, 32, 36]), input("scale", [36]), input("offset", [36]))
        let u = input("u", [1, 1, 36, 36])
        let (dense, bias) = (input("dense", [36 * 4, 5]), input("bias", [5]))
        let (mean, variance) = (input("mean", [32]), input("variance", [32]))
        let two = ImageSize(height: 2, width: 2)
        let padding = ImagePadding(top: 1, left: 1, bottom: 1, right: 1)
        let first = ConvolutionGeometry(strides: two, padding: padding)
        var y = Node.binary(.add, Node(.convolution(first), [x, w]), b).unary(.relu)
        y = Node(.convolution(ConvolutionGeometry()), [y, v])
        y = Node(.batchNormTraining(epsilon: 0.1), [y, scale, offset, Node(.channelMoments, [y])]).unary(.relu)
        y = Node(.convolution(ConvolutionGeometry()), [y, u])
        y = Node(.maxPool(PoolGeometry(window: two, strides: two)), [y]).reshape([3, 36 * 4])
        // Small, so that tanh is not flat.
        y = Node.matmul(y, Node.binary(.multiply, dense, .constant(0.05, [], .float32)))
        y = Node.binary(.add, y, bias).unary(.tanh)
        let loss = y.unary(.square).reduce(.sum, [0, 1])
        let normalized = Node(
            .batchNorm(epsilon: 0.1),
            [Node(.convolution(first), [x, w.unary(.negate)]), b, b, mean, variance.unary(.square)])
        let inputs = [x, w, b, v, scale, offset, u, dense, bias]
        return graph(
            inputs + [mean, variance],
            [loss, normalized] + Node.gradients(of: [loss], withRespectTo: Array(inputs.dropFirst())))
    }

    // MARK: Passes

    /// The graphs before the first pass and after each.
    private func passes(_ graph: Graph, _ options: CompileOptions) throws -> [(pass: String?, graph: Graph)] {
        let recorder = PassRecorder()
        try PassRecorder.$current.withValue(recorder) {
            _ = try CPU.compile(graph, options: options)
        }
        return recorder.graphs
    }

    @Test func everyPassKeepsTheResults() throws {
        let graph = network()
        let values = draw(graph, seed: 5, .uniform(-0.5...0.5))
        let expected = try ReferenceBackend().run(graph, inputs: values)
        let options = CompileOptions(recomputes: true, constantInputs: Set(1...10))
        let seen = try passes(graph, options)
        #expect(seen.map(\.pass) == [nil, "simplify", "fold normalizations", "legalize", "simplify", "recompute"])
        let nodes = Dictionary(seen.map { ($0.pass ?? "", $0.graph.nodes.map(\.operation.name)) }) { $1 }
        #expect(!nodes["fold normalizations"]!.contains("batchNorm"))
        #expect(nodes["recompute"]!.count { $0 == "batchNormTraining" } == 2)
        for (pass, rewritten) in seen {
            expectClose(try ReferenceBackend().run(rewritten, inputs: values), expected, 1e-5, pass ?? "")
        }
    }

    @Test func passesThatNobodyAskedForDoNotRun() throws {
        #expect(try passes(network(), CompileOptions()).map(\.pass) == [nil, "simplify", "legalize", "simplify"])
    }

    // MARK: Report

    @Test func theReportCountsUnitsAndSteps() throws {
        let program = try CPU.compile(network())
        let report = program.report.compilation
        #expect(zip(report.planPasses, report.planPasses.dropFirst()).allSatisfy { $0.after == $1.before })
        #expect(report.planPasses.map(\.name) == ["place outputs", "merge elementwise steps", "plan memory"])
        #expect(report.planPasses.last?.after == program.steps.count)
        #expect(program.steps.map(\.unit).count == program.steps.count)
        #expect(program.steps.map(\.unit).allSatisfy { $0.map(report.units.indices.contains) ?? true })
        let found = Set(report.units.map(\.fusion))
        for name in [
            "convolution", "normalization", "normalization gradient", "bias gradient", "product",
            "elementwise cluster", "indexed pooling", "single operation",
        ] {
            #expect(found.contains(name), "\(name) in \(found)")
        }
    }

    @Test func withoutFusionEveryOperationRunsByItself() throws {
        let program = try CPU.compile(network(), options: .unfused)
        #expect(program.report.compilation.units.allSatisfy { $0.fusion == "single operation" && $0.nodes == 1 })
    }

    @Test func lanesAreFoundForwardAndBackward() throws {
        let (x, w, b) = (input("x", [16, 9, 9, 2]), input("w", [3, 3, 2, 4]), input("b", [4]))
        let two = ImageSize(height: 2, width: 2)
        var y = Node.binary(.add, Node(.convolution(ConvolutionGeometry()), [x, w]), b).unary(.relu)
        y = Node(.maxPool(PoolGeometry(window: two, strides: two)), [y])
        let loss = y.unary(.square).reduce(.sum, [0, 1, 2, 3])
        let all = graph([x, w, b], [loss] + Node.gradients(of: [loss], withRespectTo: [w, b]))
        let program = try CPU.compile(all)
        let units = program.report.compilation.units
        #expect(units.contains { $0.fusion == "lanes convolution" && $0.nodes == 4 })
        #expect(units.contains { $0.fusion == "lanes gradient" })
    }

    // MARK: Kernels

    /// What was planned to decide is what runs: plans cost milliseconds.
    @Test func noPlanOfTheLibraryIsThrownAway() throws {
        let program = try CPU.compile(network())
        #expect(program.stepNames.contains { $0.contains("[oneDNN") }, "\(program.stepNames)")
        #expect(program.report.compilation.unusedLibraryPlans == 0)
    }

    // MARK: Side values

    /// The gradient of a pooling whose gradient comes from elsewhere still waits for the maxima.
    @Test func whatReadsASideValueRunsAfterWhoNotesIt() throws {
        let (x, g) = (input("x", [2, 6, 6, 16]), input("g", [2, 3, 3, 16]))
        let two = ImageSize(height: 2, width: 2)
        let geometry = PoolGeometry(window: two, strides: two)
        let image = x.unary(.square)
        let all = graph(
            [x, g], [Node(.maxPoolGradient(geometry), [image, g]), Node(.maxPool(geometry), [image]).unary(.exp)])
        let program = try CPU.compile(all)
        let names = program.stepNames
        let (notes, reads) = (names.firstIndex(of: "maxPool+indices"), names.firstIndex(of: "maxPoolGradient"))
        #expect(try #require(notes) < #require(reads))
        let values = draw(all, seed: 5, .uniform(-0.5...0.5))
        expectClose(try program.values(values), try ReferenceBackend().run(all, inputs: values), 1e-6)
    }
}
