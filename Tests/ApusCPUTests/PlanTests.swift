import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// What is computed together, in which order, and in whose memory.
@Suite(.serialized) struct PlanTests {
    /// Compares fused and unfused programs with the reference; returns the fused program's steps.
    @discardableResult
    private func check(_ graph: Graph, tolerance: Double = 1e-5, _ comment: String = "") throws -> [String] {
        let values = draw(graph)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            expectClose(try CPU.values(graph, values, options: options), expected, tolerance, comment)
        }
        return try CPU.compile(graph).stepNames
    }

    // MARK: Products

    @Test(arguments: [UnaryOperation.relu, .sigmoid, .tanh])
    func productWithBiasAndActivationIsOneStep(unary: UnaryOperation) throws {
        let (x, w, b) = (input("x", [7, 5]), input("w", [5, 33]), input("b", [33]))
        let y = Node.binary(.add, .matmul(x, w), b).unary(unary)
        #expect(try check(graph([x, w, b], [y])) == ["gemm+bias+\(unary.rawValue)"])
    }

    @Test(arguments: [UnaryOperation.relu, .sigmoid, .tanh])
    func gradientOfADenseLayerFusesTheDerivative(unary: UnaryOperation) throws {
        let (x, w, b, v) = (input("x", [7, 5]), input("w", [5, 33]), input("b", [33]), input("v", [33, 3]))
        let hidden = Node.binary(.add, .matmul(x, w), b).unary(unary)
        let loss = Node.matmul(hidden, v).unary(.square).reduce(.sum, [0, 1])
        let steps = try check(graph([x, w, b, v], Node.gradients(of: [loss], withRespectTo: [w, b, v])))
        #expect(steps.contains("gemm+\(unary.rawValue)′"))
        // The bias gradient comes with the weight gradient.
        #expect(steps.contains("gemm+columnSums"))
        #expect(!steps.contains("sum"))
    }

    @Test func aSharedProductKeepsItsValue() throws {
        let (x, w, b) = (input("x", [7, 5]), input("w", [5, 4]), input("b", [4]))
        let product = Node.matmul(x, w)
        let sum = Node.binary(.add, product, b)
        let steps = try check(graph([x, w, b], [sum.unary(.relu), product, sum]))
        #expect(steps.first == "gemm")
    }

    @Test func aProductAddsWhatLiesInMemory() throws {
        let (x, w, b, r) = (input("x", [7, 5]), input("w", [5, 33]), input("b", [33]), input("r", [7, 33]))
        let sum = Node.binary(.add, r, .binary(.add, .matmul(x, w), b))
        #expect(try check(graph([x, w, b, r], [sum.unary(.tanh)])) == ["gemm+bias+add+tanh"])
        // One product adds the other.
        let two = Node.binary(.add, .matmul(x, w), .matmul(x.unary(.exp), w))
        #expect(try check(graph([x, w], [two])) == ["exp", "gemm", "gemm+add"])
        // An update computes its other summand on the way.
        let update = Node.binary(.add, .matmul(x, w), .binary(.multiply, r, .constant(0.5)))
        #expect(try check(graph([x, w, r], [update])) == ["gemm", "multiply+add"])
        // Nobody may read an input that is overwritten.
        let square = input("s", [5, 5])
        try check(
            graph([x, square], [.binary(.add, .matmul(x.transpose([1, 0]), x), square)], replaces: [1]))
    }

    // MARK: Clusters

    @Test func elementwiseOperationsOfADiamondAreOneStep() throws {
        let (x, y) = (input("x", [13, 17]), input("y", [17]))
        let a = Node.binary(.multiply, x, y)
        let left = a.unary(.tanh)
        let right = Node.binary(.add, a, .constant(2))
        #expect(try check(graph([x, y], [.binary(.subtract, left, right)])).count == 1)
    }

    @Test func aReductionBetweenKeepsClustersApart() throws {
        let x = input("x", [13, 17])
        let squares = x.unary(.square)
        // The sum needs all squares before the division can begin.
        let normalized = Node.binary(.divide, squares, squares.reduce(.sum, [1], keepingAxes: true))
        #expect(try check(graph([x], [normalized])).count == 3)
    }

    @Test func updatesOfManyVariablesAreOneCall() throws {
        let shapes: [Shape] = [[5, 7], [7], [3, 3, 2, 4], [1]]
        let variables = shapes.enumerated().map { input("w\($0)", $1) }
        let gradients = shapes.enumerated().map { input("g\($0)", $1) }
        let rate = input("rate", [])
        let updated = zip(variables, gradients).map { Node.binary(.subtract, $0, .binary(.multiply, $1, rate)) }
        let steps = try check(
            graph(variables + gradients + [rate], updated, replaces: Array(variables.indices)))
        #expect(steps.count == 1)
        #expect(steps[0].hasSuffix("×4"))
    }

    // MARK: Lanes

    private func lenet(batch: Int, _ activation: UnaryOperation, pools: Bool) -> Graph {
        let x = input("x", [batch, 11, 9, 2])
        let (w1, b1, w2) = (input("w1", [3, 3, 2, 5]), input("b1", [5]), input("w2", [3, 3, 5, 4]))
        let geometry = ConvolutionGeometry(padding: ImagePadding(top: 1, left: 1, bottom: 1, right: 1))
        let two = ImageSize(height: 2, width: 2)
        var h = Node.binary(.add, Node(.convolution(geometry), [x, w1]), b1).unary(activation)
        if pools { h = Node(.maxPool(PoolGeometry(window: two, strides: two)), [h]) }
        h = Node(.convolution(ConvolutionGeometry()), [h, w2]).unary(activation)
        let loss = h.unary(.square).reduce(.sum, [0, 1, 2, 3])
        return graph([x, w1, b1, w2], [loss] + Node.gradients(of: [loss], withRespectTo: [x, w1, b1, w2]))
    }

    @Test(arguments: [13, 16, 17, 40], [true, false])
    func fewChannelsRunInLanes(batch: Int, pools: Bool) throws {
        for activation in [UnaryOperation.relu, .tanh] {
            let steps = try check(lenet(batch: batch, activation, pools: pools), "\(activation) \(pools)")
            // 17 samples would leave nearly half of the lanes empty.
            #expect(steps.contains { $0.hasPrefix("lanes convolution") } == (batch != 17))
            if batch != 17 && pools && activation == .relu {
                #expect(steps.contains("lanes convolution+bias+relu+maxPool"))
            }
        }
    }

    @Test func oneSampleDoesNotRunInLanes() throws {
        #expect(try !check(lenet(batch: 1, .relu, pools: true)).contains { $0.hasPrefix("lanes") })
    }

    // MARK: Donated inputs

    @Test func anOutputMayReplaceAnInputThatOthersStillRead() throws {
        let (w, x) = (input("w", [4, 4]), input("x", [4, 4]))
        // Both outputs need the old w; the product reads all of it for each element.
        let updated = Node.binary(.add, w, x)
        let product = Node.matmul(x, w)
        try check(graph([w, x], [updated, product], replaces: [0]))
        try check(graph([w, x], [product, updated], replaces: [0, nil]))
        try check(graph([w, x], [Node.binary(.add, w.transpose([1, 0]), x)], replaces: [0]))
    }

    @Test func outputsMaySwapTheirInputs() throws {
        let (a, b) = (input("a", [9]), input("b", [9]))
        try check(graph([a, b], [b, a], replaces: [0, 1]))
        try check(graph([a, b], [b.unary(.negate), a.unary(.square)], replaces: [0, 1]))
    }

    @Test func inputsViewsAndRepetitionsAreFineOutputs() throws {
        let x = input("x", [4, 6])
        let y = x.unary(.square)
        try check(graph([x], [x, y, y, y.reshape([24]), x.transpose([1, 0]), .constant(3, [2, 2])]))
        try check(graph([x], [x, y], replaces: [0]))
    }

    @Test func aGradientThatNeedsAnUpdatedWeightCompiles() throws {
        let (x, w, g) = (input("x", [16, 6, 6, 2]), input("w", [3, 3, 2, 4]), input("g", [16, 4, 4, 4]))
        let geometry = ConvolutionGeometry()
        let kernelGradient = Node(.convolutionKernelGradient(geometry, window: ImageSize(height: 3, width: 3)), [x, g])
        let updated = Node.binary(.subtract, w, kernelGradient)
        // The two gradients of g would be one step, but the second needs the first.
        let inputGradient = Node(
            .convolutionInputGradient(geometry, image: ImageSize(height: 6, width: 6)), [g, updated])
        try check(graph([x, w, g], [updated, inputGradient], replaces: [1]))
    }

    // MARK: Programs

    @Test func aProgramTellsWhatItNeedsBeforeItRuns() throws {
        let (x, w) = (input("x", [128, 784]), input("w", [784, 256]))
        let program = try CPU.compile(graph([x, w], [Node.matmul(x, w).unary(.relu)]))
        #expect(program.report.cost.flops == 2 * 128 * 784 * 256)
        #expect(program.steps.map(\.name) == ["gemm+relu"])
        #expect(program.report.peakByteCount >= 4 * (128 * 784 + 784 * 256 + 128 * 256))
    }

    @Test func memoryIsUsedAgain() throws {
        // A chain of products needs room for two results at a time, not for all.
        let x = input("x", [64, 64])
        let w = input("w", [64, 64])
        var y = x
        for _ in 0..<20 { y = Node.matmul(y, w).unary(.relu) }
        let program = try CPU.compile(graph([x, w], [y]))
        #expect(program.arenaByteCount <= 3 * 64 * 64 * 4)
    }

    /// Sizes that other orders pack worse: the smallest first would end at 5 + 6 + 20.
    @Test func whatIsLargestIsPlacedFirst() throws {
        let unit = 1024
        let x = input("x", [5 * unit])
        let five = Node(.cumulativeSum(axis: 0, exclusive: false, reverse: false), [x])
        let six = Node(.pad([AxisPadding(low: 0, high: unit)], value: .floating(1)), [five])
        let twenty = Node(.pad([AxisPadding(low: 14 * unit, high: 0)], value: .floating(2)), [six])
        let y = Node(.cumulativeSum(axis: 0, exclusive: false, reverse: false), [twenty])
        let program = try CPU.compile(graph([x], [y]))
        #expect(program.arenaByteCount == 26 * unit * 4, "\(program.stepNames)")
    }

    @Test func aWrongLabelIsAnErrorAndTheProgramGoesOn() throws {
        let (logits, labels) = (input("z", [4, 3]), input("labels", [4], .int32))
        let program = try CPU.compile(graph([logits, labels], [Node(.softmaxCrossEntropy, [logits, labels])]))
        let z = draw(logits)
        let wrong = ReferenceValue(shape: [4], elementType: .int32, values: [0, 1, 3, 2])
        #expect(throws: ProgramError.self) { try program.values([z, wrong]) }
        let right = ReferenceValue(shape: [4], elementType: .int32, values: [0, 1, 2, 2])
        #expect(try program.values([z, right])[0].values.allSatisfy { $0 > 0 })
    }

    @Test func programsRunFromManyTasks() async throws {
        let (x, w) = (input("x", [33, 65]), input("w", [65, 17]))
        let source = graph([x, w], [Node.matmul(x, w).unary(.tanh)])
        let values = [draw(x), draw(w, seed: 2)]
        let expected = try CPU.values(source, values)
        let program = try CPU.compile(source)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    let received = try program.run(values.map { Buffer($0) })[0].value(program.outputTypes[0])
                    return received == expected[0]
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }
}
