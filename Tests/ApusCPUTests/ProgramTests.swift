import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import CAllocations
import CKernels
import Testing

/// What a program promises: errors instead of traps, memory, threads.
@Suite(.serialized) struct ProgramTests {
    private func check(_ graph: Graph, _ drawing: Drawing = .uniform(-1...1), tolerance: Double = 1e-5) throws {
        let values = draw(graph, drawing)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            expectClose(try CPU.values(graph, values, options: options), expected, tolerance)
        }
    }

    // MARK: Errors

    @Test func aGraphThatDoesNotListItsInputsIsRefused() {
        let (x, y) = (input("x", [2]), input("y", [2]))
        let error = #expect(throws: GraphError.self) { try CPU.compile(graph([x], [Node.binary(.add, x, y)])) }
        #expect(
            error?.description == "input y: it has the type float32[2] but no value; list it among the graph's inputs")
    }

    @Test func replacementsMustFit() {
        let (x, y) = (input("x", [2]), input("y", [3]))
        func message(_ replaces: [Int?]) -> String? {
            let graph = graph([x, y], [x.unary(.exp), x.unary(.negate)], replaces: replaces)
            return #expect(throws: GraphError.self) { try CPU.compile(graph) }?.description
        }
        #expect(message([2]) == "output 0: it replaces input 2, but there are 2 inputs")
        #expect(
            message([1])
                == "output 0: expected the type float32[3] of input 1, which it replaces, but it has float32[2]")
        #expect(message([0, 0]) == "output 1: it replaces input 0, which another output replaces already")
    }

    @Test func aWrongLabelLeavesTheStateAsItWas() throws {
        let (w, x, labels) = (input("w", [5, 3]), input("x", [4, 5]), input("labels", [4], .int32))
        let loss = Node(.softmaxCrossEntropy, [Node.matmul(x, w), labels]).reduce(.mean, [0])
        let gradient = Node.gradients(of: [loss], withRespectTo: [w])[0]
        let program = try CPU.compile(graph([w, x, labels], [.binary(.subtract, w, gradient), loss], replaces: [0]))
        let state = Buffer(draw(w))
        let before = Array(state.bytes)
        let wrong = Buffer(ReferenceValue(shape: [4], elementType: .int32, values: [0, 1, 2, -1]))
        let error = #expect(throws: ProgramError.self) { try program.run([state, Buffer(draw(x)), wrong]) }
        #expect(error?.description.contains("out of range") == true)
        #expect(Array(state.bytes) == before)
        let right = Buffer(ReferenceValue(shape: [4], elementType: .int32, values: [0, 1, 2, 2]))
        let outputs = try program.run([state, Buffer(draw(x)), right])
        #expect(outputs[0] === state && Array(state.bytes) != before)
    }

    // MARK: What kernels do not take as it is

    @Test(arguments: [9, 12, 17]) func manyAxes(rank: Int) throws {
        let shape = Shape((0..<rank).map { $0 % 4 == 3 ? 1 : 2 })
        let x = input("x", shape)
        let reversed = Array((0..<rank).reversed())
        let evens = Array(stride(from: 0, to: rank, by: 2))
        try check(graph([x], [x.transpose(reversed)]))
        try check(graph([x], [.binary(.add, x.transpose(reversed).reshape(shape), x)]))
        try check(graph([x], [x.reduce(.sum, evens), x.reduce(.mean, evens), x.reduce(.maximum, evens)]))
        if rank <= 9 {
            let padding = (0..<rank).map { AxisPadding(low: $0 % 2, high: 1) }
            try check(graph([x], [Node(.pad(padding, value: .floating(3)), [x])]))
        }
        try check(graph([x], [Node(.concatenate(axis: rank - 1), [x.transpose(reversed).reshape(shape), x])]))
    }

    @Test func emptyTensors() throws {
        let (x, w, b) = (input("x", [0, 5]), input("w", [5, 3]), input("b", [3]))
        let hidden = Node.binary(.add, .matmul(x, w), b).unary(.relu)
        let loss = hidden.reduce(.sum, [0, 1])
        try check(
            graph(
                [x, w, b],
                [hidden, loss, hidden.transpose([1, 0])] + Node.gradients(of: [loss], withRespectTo: [x, w, b])))
        let (narrow, none) = (input("narrow", [4, 0]), input("none", [0, 3]))
        try check(graph([narrow, none, b], [Node.binary(.add, .matmul(narrow, none), b).unary(.tanh)]))
        let (images, kernel) = (input("images", [0, 5, 5, 2]), input("kernel", [3, 3, 2, 4]))
        let features = Node.binary(.add, Node(.convolution(ConvolutionGeometry()), [images, kernel]), input("c", [4]))
            .unary(.relu)
        let bias = features.inputs[0].inputs[1].inputs[0]
        let sum = features.reduce(.sum, [0, 1, 2, 3])
        try check(
            graph(
                [images, kernel, bias],
                [features, sum] + Node.gradients(of: [sum], withRespectTo: [images, kernel, bias])))
    }

    @Test func averagesCountPaddingButNotWhatRoundingUpAdds() throws {
        for (height, width) in [(6, 5), (7, 7), (5, 8)] {
            let x = input("x", [2, height, width, 3])
            for bottom in 0...2 {
                let geometry = PoolGeometry(
                    window: ImageSize(height: 3, width: 3), strides: ImageSize(height: 2, width: 3),
                    padding: ImagePadding(top: 1, left: 0, bottom: bottom, right: 1), ceilMode: true,
                    countsPadding: true)
                let pooled = Node(.averagePool(geometry), [x])
                try #require(pooled.isValid)
                let loss = pooled.unary(.square).reduce(.sum, [0, 1, 2, 3])
                try check(graph([x], [pooled] + Node.gradients(of: [loss], withRespectTo: [x])))
            }
        }
    }

    @Test func operationsOnConstantsAlone() throws {
        let clamped = Node(.clamp(low: .floating(-1), high: .floating(2)), [.constant(7, [5])])
        let power = Node.binary(.power, .constant(3, [5]), .constant(2.5, [5]))
        let chosen = Node.select(.binary(.greater, .constant(3, [5]), .constant(2, [5])), .constant(4), .constant(5))
        try check(graph([], [clamped, power, chosen, .constant(1.5, [])]))
    }

    @Test func smallIntegers() throws {
        let (a, b) = (input("a", [37], .uint8), input("b", [37], .uint8))
        let operations: [BinaryOperation] = [.add, .subtract, .multiply, .divide, .power, .remainder, .maximum]
        try check(graph([a, b], operations.map { .binary($0, a, b) }), .integers(0...255))
        try check(graph([a], [a.cast(to: .bfloat16), a.cast(to: .float64), a.cast(to: .bool)]), .integers(0...255))
    }

    @Test(arguments: [ElementType.bfloat16, .float64]) func otherTypesOfProducts(type: ElementType) throws {
        let (a, b) = (input("a", [2, 3, 7, 5], type), input("b", [2, 3, 5, 4], type))
        let loss = Node.matmul(a, b).unary(.square).reduce(.sum, [0, 1, 2, 3])
        try check(
            graph([a, b], [Node.matmul(a, b)] + Node.gradients(of: [loss], withRespectTo: [a, b])),
            tolerance: type == .float64 ? 1e-13 : 2e-2)
    }

    @Test func aProgramOfManyOperandsIsSplit() throws {
        // 40 operations of three operands each need more operands than one elementwise program has.
        let inputs = (0..<120).map { input("x\($0)", [9, 4]) }
        var y = inputs[0]
        for index in 0..<39 {
            let (a, b, c) = (inputs[3 * index], inputs[3 * index + 1], inputs[3 * index + 2])
            y = Node.binary(.add, y, .select(.binary(.less, a, b), c, a))
        }
        try check(graph(inputs, [y]))
    }

    @Test func manyValuesAtOnceNeedManyRegisters() throws {
        let x = input("x", [50])
        let leaves = (0..<39).map { Node.binary(.add, x.unary(.sine), .constant(Double($0) / 8)).unary(.tanh) }
        var level = leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map {
                $0 + 1 < level.count
                    ? Node.binary(.multiply, level[$0], .binary(.subtract, level[$0 + 1], .constant(3))) : level[$0]
            }
        }
        try check(graph([x], [level[0].unary(.tanh)] + leaves.suffix(3)))
    }

    // MARK: Fusion

    @Test func anIntegerComparisonDoesNotFuseIntoAProduct() throws {
        let (a, b, mask) = (input("a", [4, 5]), input("b", [5, 3]), input("mask", [4, 3], .int32))
        let masked = Node.select(.binary(.greater, mask, .constant(0, [], .int32)), .matmul(a, b), .constant(0))
        try check(graph([a, b, mask], [masked]), .integers(-2...2))
    }

    @Test func convolutionsThatShareAGradientKeepTheirOwnKernels() throws {
        let (x, y) = (input("x", [16, 6, 6, 2]), input("y", [16, 6, 6, 3]))
        let (v, w) = (input("v", [3, 3, 2, 4]), input("w", [3, 3, 3, 4]))
        let sum = Node.binary(
            .add, Node(.convolution(ConvolutionGeometry()), [x, v]), Node(.convolution(ConvolutionGeometry()), [y, w]))
        let loss = sum.unary(.square).reduce(.sum, [0, 1, 2, 3])
        for targets in [[v, y], [x, w], [x, y, v, w]] {
            try check(graph([x, y, v, w], Node.gradients(of: [loss], withRespectTo: targets)))
        }
    }

    @Test func paddingLanesStayOutOfGradients() throws {
        let (x, w, b) = (input("x", [13, 6, 6, 2]), input("w", [3, 3, 2, 4]), input("b", [4]))
        let y = Node.binary(.add, Node(.convolution(ConvolutionGeometry()), [x, w]), b)
        for activated in [y.unary(.cosine), Node.binary(.divide, y, .binary(.add, y.unary(.square), .constant(0.1)))] {
            let loss = activated.reduce(.sum, [0, 1, 2, 3])
            try check(
                graph([x, w, b], [loss] + Node.gradients(of: [loss], withRespectTo: [x, w, b])), tolerance: 1e-4)
        }
    }

    @Test func copiesOfInputsThatOtherOutputsReplace() throws {
        let (a, b) = (input("a", [4, 6]), input("b", [4, 6]))
        let updated = Node.binary(.add, a, b)
        for outputs in [
            [updated, a], [updated, a.transpose([1, 0])], [updated, a.reshape([24]), a.transpose([1, 0])],
        ] {
            try check(graph([a, b], outputs, replaces: [0]))
            try check(graph([a, b], outputs.reversed(), replaces: outputs.dropFirst().map { _ in nil } + [0]))
        }
        try check(graph([a, b], [updated, a], replaces: [0, 1]))
        try check(
            graph(
                [a, b], [a.reshape([24]).reshape([4, 6]), b.transpose([1, 0]).reshape([4, 6])], replaces: [0, 1]))
    }

    @Test func longChainsOfViewsAndOperations() throws {
        let x = input("x", [4, 6])
        var y = x
        for index in 0..<20_000 {
            y = Node(.reverse(axes: [index % 2]), [y])
            if index % 1000 == 0 { y = y.unary(.sine) }
        }
        try check(graph([x], [y]), tolerance: 1e-4)
    }

    // MARK: Memory and threads

    @Test func theArenaIsNotLargerThanAllValues() throws {
        for seed in 0..<20 {
            let (graph, _) = RandomGraph.draw(seed: 5000 + UInt64(seed), size: 40, imageBatch: nil)
            let program = try CPU.compile(graph)
            var sizes: [Int: Int] = [:]
            var scratch = 0
            for index in program.steps.indices {
                for use in program.arenaUses(ofStep: index) {
                    let size = (max(use.bytes.count, 1) + 63) / 64 * 64
                    if let value = use.value { sizes[value] = size } else { scratch += size }
                }
            }
            #expect(program.arenaByteCount <= sizes.values.reduce(0, +) + scratch)
        }
    }

    /// On the engine's thread: the way there allocates nothing that is the program's.
    @Test(.enabled(if: apus_test_allocation_count() >= 0)) func aRunAllocatesNothing() throws {
        let (x, w, b) = (input("x", [64, 33]), input("w", [33, 17]), input("b", [17]))
        let hidden = Node.binary(.add, .matmul(x, w), b).unary(.relu)
        let loss = hidden.unary(.square).reduce(.mean, [0, 1])
        let gradients = Node.gradients(of: [loss], withRespectTo: [w, b])
        let updated = zip([w, b], gradients).map {
            Node.binary(.subtract, $0, .binary(.multiply, $1, .constant(0.1)))
        }
        let program = try CPU.compile(graph([x, w, b], updated + [loss], replaces: [1, 2]))
        let buffers = [x, w, b].map { Buffer(draw($0)) }
        final class Measurement {
            let program: Program
            let inputs: [Buffer]
            let outputs: [Buffer]
            var count: Int64 = 0
            var result = Result<Void, any Error>.success(())
            init(_ program: Program, _ inputs: [Buffer], _ outputs: [Buffer]) {
                (self.program, self.inputs, self.outputs) = (program, inputs, outputs)
            }
        }
        let measurement = Measurement(program, buffers, [buffers[1], buffers[2], Buffer(byteCount: 4)])
        try program.run(measurement.inputs, into: measurement.outputs)
        let weights = buffers[1].bytes.map { $0 }
        apus_engine_run(
            { context in
                let measurement = Unmanaged<Measurement>.fromOpaque(context!).takeUnretainedValue()
                let before = apus_test_allocation_count()
                measurement.result = Result {
                    for _ in 0..<10 { try measurement.program.run(measurement.inputs, into: measurement.outputs) }
                }
                measurement.count = apus_test_allocation_count() - before
            }, Unmanaged.passUnretained(measurement).toOpaque())
        try measurement.result.get()
        #expect(measurement.count == 0)
        // It ran, and the counter counts.
        #expect(buffers[1].bytes.map { $0 } != weights)
        let before = apus_test_allocation_count()
        UnsafeMutableRawPointer.allocate(byteCount: 1000, alignment: 64).deallocate()
        #expect(apus_test_allocation_count() > before)
    }

    @Test func manyProgramsFromManyTasks() async throws {
        let jobs = try (0..<8).map { seed in
            let (graph, values) = RandomGraph.draw(seed: 7000 + UInt64(seed), size: 25, imageBatch: nil)
            return (try CPU.compile(graph), values, try ReferenceBackend().run(graph, inputs: values))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<64 {
                let (program, values, expected) = jobs[round % jobs.count]
                group.addTask {
                    let received = try program.values(values)
                    #expect(received.count == expected.count)
                    for (a, b) in zip(received, expected) { #expect(relativeDifference(a.values, b.values) < 2e-4) }
                }
            }
            try await group.waitForAll()
        }
    }
}
