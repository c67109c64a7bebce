import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// What a loop and its gradient compute, and what they copy.
@Suite struct LoopPlanTests {
    private let length = 10
    private let n = 64

    /// h′ = tanh(h · w / 20 + x) over x [T, n, n].
    private func recurrence() -> (inputs: [Node], last: Node, all: Node) {
        let (x, w, start) = (input("x", [length, n, n]), input("w", [n, n]), input("h", [n, n]))
        let (h, entry) = (input("carry", [n, n]), input("entry", [n, n]))
        let next = Node.binary(.add, .matmul(h, .binary(.multiply, w, .constant(0.05))), entry).unary(.tanh)
        let (loop, body) = Node.scan(
            [next], carries: [h], keeps: [true], entries: [entry], initial: [start], sequences: [x], length: length,
            isReversed: false)
        let all = loop.part(body.parts[0])
        return ([x, w, start], all.entries(length, 1), all.entries(1, length))
    }

    private func checked(_ graph: Graph) throws -> Program {
        let values = draw(graph)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            expectClose(try CPU.values(graph, values, options: options), expected, 1e-4)
        }
        return try CPU.compile(graph)
    }

    /// Three products an entry are needed: one forward, two backward. The second one backward is one product over all entries.
    @Test(arguments: [false, true]) func noProductIsComputedTwice(everyEntryCounts: Bool) throws {
        let (inputs, last, all) = recurrence()
        let loss = (everyEntryCounts ? all : last).unary(.square).reduce(.sum, [0, 1, 2])
        let gradients = Node.gradients(of: [loss], withRespectTo: inputs)
        let program = try checked(graph(inputs, [loss] + gradients))
        let product = 2 * n * n * n
        #expect(program.report.cost.flops / (length * product) == 3)
        let names = program.stepNames
        #expect(names.count { $0 == "scan" } == 2)
        let outside = program.report.steps.filter { $0.name.hasPrefix("gemm") }.map(\.cost.flops)
        #expect(outside == [length * product])
    }

    /// Results of a loop are read where they lie; what is copied once is the kernel, transposed for the way back.
    @Test func whatALoopKeepsIsNotCopied() throws {
        let (inputs, last, all) = recurrence()
        let loss = Node.binary(
            .add, all.unary(.square).reduce(.sum, [0, 1, 2]), last.unary(.square).reduce(.sum, [0, 1, 2]))
        let program = try checked(graph(inputs, [loss] + Node.gradients(of: [loss], withRespectTo: [inputs[1]])))
        #expect(program.report.steps.filter { $0.name == "copy" }.map(\.cost.bytes) == [2 * 4 * n * n])
    }

    /// A prediction keeps nothing for a backward pass.
    @Test func aLoopThatIsNotDifferentiatedYieldsNothingMore() throws {
        let (inputs, last, _) = recurrence()
        let program = try checked(graph(inputs, [last.unary(.exp)]))
        #expect(program.arenaByteCount < (length + 4) * n * n * 4)
    }

    /// The rows of a value from one on are its memory from an address on, if kernels may begin there.
    @Test(arguments: [(16, 0), (15, 1)]) func rowsAreReadInPlace(width: Int, copies: Int) throws {
        let (x, w) = (input("x", [8, width]), input("w", [width, 4]))
        let y = x.unary(.exp)
        let rows = Node(.slice([AxisSlice(start: 3, count: 4), AxisSlice(start: 0, count: width)]), [y])
        let program = try checked(graph([x, w], [Node.matmul(rows, w), y.reduce(.sum, [0, 1])]))
        #expect(program.stepNames.count { $0 == "copy" } == copies, "\(program.stepNames)")
    }

    /// Rows of rows, and rows in another shape.
    @Test func rowsOfRowsAreReadInPlace() throws {
        let x = input("x", [8, 16])
        let y = x.unary(.exp).reshape([128])
        let middle = Node(.slice([AxisSlice(start: 32, count: 64)]), [y]).reshape([2, 2, 16])
        let part = Node(
            .slice([AxisSlice(start: 1, count: 1), AxisSlice(start: 0, count: 2), AxisSlice(start: 0, count: 16)]),
            [middle])
        let program = try checked(
            graph(
                [x],
                [part.reduce(.maximum, [2]), Node(.cumulativeSum(axis: 1, exclusive: false, reverse: false), [part])]))
        #expect(!program.stepNames.contains("copy"), "\(program.stepNames)")
    }
}
