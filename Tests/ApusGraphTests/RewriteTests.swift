import ApusBackend
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

struct RewriteCase: Sendable, CustomStringConvertible {
    var description: String
    /// Nodes before and after, inputs and constants included.
    var before: Int
    var after: Int
    var build: @Sendable (_ x: Node, _ y: Node) -> Node

    init(_ description: String, _ before: Int, _ after: Int, _ build: @escaping @Sendable (Node, Node) -> Node) {
        self.description = description
        self.before = before
        self.after = after
        self.build = build
    }
}

@Suite struct RewriteTests {
    private static func constant(_ value: Double) -> Node { .constant(value, [], .float64) }

    static let cases = [
        RewriteCase("x + 0", 4, 1) { x, _ in .binary(.add, x, constant(0)) },
        RewriteCase("0 + x", 4, 1) { x, _ in .binary(.add, constant(0), x) },
        RewriteCase("x − 0", 4, 1) { x, _ in .binary(.subtract, x, constant(0)) },
        RewriteCase("0 − x", 4, 2) { x, _ in .binary(.subtract, constant(0), x) },
        RewriteCase("x · 1", 4, 1) { x, _ in .binary(.multiply, x, constant(1)) },
        RewriteCase("x · −1", 4, 2) { x, _ in .binary(.multiply, x, constant(-1)) },
        RewriteCase("x · 0 stays", 4, 3) { x, _ in .binary(.multiply, x, constant(0)) },
        RewriteCase("x / 1", 4, 1) { x, _ in .binary(.divide, x, constant(1)) },
        RewriteCase("x ^ 1", 4, 1) { x, _ in .binary(.power, x, constant(1)) },
        RewriteCase("x ^ 2", 4, 2) { x, _ in .binary(.power, x, constant(2)) },
        RewriteCase("x ^ −1", 4, 2) { x, _ in .binary(.power, x, constant(-1)) },
        RewriteCase("x ^ 0", 4, 1) { x, _ in .binary(.power, x, constant(0)) },
        RewriteCase("x + −y", 4, 3) { x, y in .binary(.add, x, y.unary(.negate)) },
        RewriteCase("x − −y", 4, 3) { x, y in .binary(.subtract, x, y.unary(.negate)) },
        RewriteCase("−−x", 3, 1) { x, _ in x.unary(.negate).unary(.negate) },
        RewriteCase("relu(relu(x))", 3, 2) { x, _ in x.unary(.relu).unary(.relu) },
        RewriteCase("max(x, x)", 2, 1) { x, _ in .binary(.maximum, x, x) },
        RewriteCase("stopGradient", 3, 2) { x, _ in Node(.stopGradient, [x]).unary(.exp) },
        RewriteCase("(1 + 2) · x", 6, 3) { x, _ in
            .binary(.multiply, .binary(.add, constant(1), constant(2)), x)
        },
        RewriteCase("cast of a constant", 5, 3) { x, _ in
            .binary(.multiply, x, Node.constant(3, [], .float32).cast(to: .float64))
        },
        RewriteCase("reshape of reshape", 3, 1) { x, _ in x.reshape([12]).reshape([3, 4]) },
        RewriteCase("transpose of transpose", 3, 1) { x, _ in x.transpose([1, 0]).transpose([1, 0]) },
        RewriteCase("two transposes", 4, 3) { x, _ in
            x.reshape([3, 2, 2]).transpose([1, 2, 0]).transpose([0, 2, 1])
        },
        RewriteCase("transposes that cancel", 5, 2) { x, _ in
            x.reshape([3, 2, 2]).transpose([1, 2, 0]).transpose([2, 0, 1]).reshape([12])
        },
        RewriteCase("broadcast of broadcast", 4, 3) { x, _ in
            x.reshape([1, 3, 4]).broadcast(to: [2, 3, 4]).broadcast(to: [5, 2, 3, 4])
        },
        RewriteCase("whole slice", 2, 1) { x, _ in
            Node(.slice([AxisSlice(start: 0, count: 3), AxisSlice(start: 0, count: 4)]), [x])
        },
        RewriteCase("no padding", 2, 1) { x, _ in
            Node(.pad([AxisPadding(low: 0, high: 0), AxisPadding(low: 0, high: 0)], value: .floating(1)), [x])
        },
        RewriteCase("concatenation of one", 2, 1) { x, _ in Node(.concatenate(axis: 0), [x]) },
        RewriteCase("sum over an axis of one", 3, 1) { x, _ in x.reshape([3, 1, 4]).reduce(.sum, [1]) },
        RewriteCase("select by a constant", 5, 1) { x, y in .select(.constant(1, [], .bool), x, y) },
        RewriteCase("select of the same", 4, 1) { x, y in .select(.binary(.less, x, y), x, x) },
        RewriteCase("common subexpressions", 7, 5) { x, y in
            let first = Node.binary(.multiply, x, y).unary(.exp)
            let second = Node.binary(.multiply, x, y).unary(.exp)
            return .binary(.add, first, second)
        },
        RewriteCase("common after simplification", 10, 3) { x, _ in
            .binary(.add, .binary(.add, x, constant(0)).unary(.exp), .binary(.multiply, x, constant(1)).unary(.exp))
        },
    ]

    @Test(arguments: cases)
    func rewrite(_ rewrite: RewriteCase) throws {
        let (x, y) = (input([3, 4], .float64), input([3, 4], .float64))
        let graph = Graph(inputs: [x, y], outputs: [Graph.Output(name: "z", node: rewrite.build(x, y))])
        let simplified = graph.simplified()
        #expect(graph.nodes.count == rewrite.before)
        #expect(simplified.nodes.count == rewrite.after, "\(simplified.nodes.map(\.operation.name))")
        #expect(simplified.inputs == graph.inputs)
        var generator = PhiloxGenerator(name: rewrite.description)
        let values = [x, y].map { TestInput.floating($0.shape).draw(.float64, using: &generator) }
        let before = try ReferenceBackend().run(graph, inputs: values)[0]
        #expect(difference(try ReferenceBackend().run(simplified, inputs: values)[0], from: before, .exact) == nil)
    }

    @Test func differentRandomStreamsStayApart() {
        let key = Node(.input("key", TensorType([2], .int64)))
        func draw(_ stream: UInt64) -> Node {
            Node(.random(.uniform(low: 0, high: 1), stream: stream, TensorType([3], .float32)), [key])
        }
        func count(_ a: Node, _ b: Node) -> Int {
            Graph(inputs: [key], outputs: [Graph.Output(name: "y", node: .binary(.add, a, b))]).simplified().nodes.count
        }
        #expect(count(draw(1), draw(2)) == 4)
        #expect(count(draw(1), draw(1)) == 3)
    }

    @Test func inputsOfOneTypeStayApart() {
        let (a, b) = (input([3]), input([3]))
        let graph = Graph(inputs: [a, b], outputs: [Graph.Output(name: "y", node: .binary(.subtract, a, b))])
        #expect(graph.simplified().nodes == graph.nodes)
    }

    @Test func replacementsAreKept() {
        let x = input([3])
        let output = Graph.Output(name: "y", node: .binary(.add, x, .constant(0)), replaces: 0)
        let simplified = Graph(inputs: [x], outputs: [output]).simplified()
        #expect(simplified.outputs[0].replaces == 0)
        #expect(simplified.outputs[0].name == "y")
        #expect(simplified.outputs[0].node === x)
    }

    /// Integers have no reciprocals: their powers stay.
    @Test func powersOfIntegersKeepTheirValues() throws {
        let x = input([4], .int32)
        let graph = Graph(
            inputs: [x], outputs: [Graph.Output(name: "y", node: .binary(.power, x, .constant(-1, [], .int32)))])
        let simplified = graph.simplified()
        try simplified.validate()
        let values = [ReferenceValue(shape: [4], elementType: .int32, values: [1, -1, 2, -3])]
        #expect(try ReferenceBackend().run(simplified, inputs: values)[0].values == [1, -1, 0, 0])
    }

    /// Reductions of nothing are not those of one element.
    @Test(arguments: [
        (Reduction.mean, ElementType.float64, 2.0), (.any, .bool, 1), (.all, .bool, 0), (.sum, .float64, 2),
        (.product, .float64, 2),
    ])
    func reductionsOfNothing(_ reduction: Reduction, _ type: ElementType, _ value: Double) throws {
        let node = Node.constant(value, [0, 3], type).reduce(reduction, [0])
        let graph = Graph(inputs: [], outputs: [Graph.Output(name: "y", node: node)])
        let backend = ReferenceBackend()
        let before = try backend.run(graph, inputs: [])[0]
        #expect(difference(try backend.run(graph.simplified(), inputs: [])[0], from: before, .exact) == nil)
    }

    /// Integers wrap around, constants or not.
    @Test(arguments: ElementType.allCases, ElementType.allCases)
    func castsOfConstants(_ source: ElementType, _ target: ElementType) throws {
        for value in [0, 1, -1, 300, 2.5, -2.5, 1e10, 0.1] {
            let node = Node(.cast(target), [.constant(value, [2], source)])
            let graph = Graph(inputs: [], outputs: [Graph.Output(name: "y", node: node)])
            let backend = ReferenceBackend()
            let before = try backend.run(graph, inputs: [])[0]
            let after = try backend.run(graph.simplified(), inputs: [])[0]
            #expect(difference(after, from: before, .exact) == nil, "\(value)")
        }
    }

    // MARK: Random graphs

    @Test(arguments: 0..<60 as Range<UInt64>)
    func randomGraphsKeepTheirValues(seed: UInt64) throws {
        var generator = PhiloxGenerator(seed: seed)
        let inputs = (0..<3).map { _ in input([3, 4], .float64) }
        var nodes = inputs + [0, 1, -1, 2, 0.5].map { Node.constant($0, [3, 4], .float64) }
        for _ in 0..<40 {
            let (a, b) = (nodes.randomElement(using: &generator)!, nodes.randomElement(using: &generator)!)
            nodes.append(Self.combination(Int.random(in: 0..<14, using: &generator), a, b, using: &generator))
        }
        let graph = Graph(
            inputs: inputs, outputs: nodes.suffix(5).enumerated().map { Graph.Output(name: "y\($0)", node: $1) })
        try graph.validate()
        let simplified = graph.simplified()
        #expect(simplified.nodes.count <= graph.nodes.count)
        // Simplifying again finds nothing more.
        #expect(simplified.simplified().nodes.count == simplified.nodes.count)
        let values = inputs.map { TestInput.floating($0.shape, .distinct()).draw(.float64, using: &generator) }
        let before = try ReferenceBackend().run(graph, inputs: values)
        let after = try ReferenceBackend().run(simplified, inputs: values)
        for (after, before) in zip(after, before) { #expect(difference(after, from: before, .exact) == nil) }
    }

    /// One more node of shape [3, 4] from two others.
    private static func combination(_ kind: Int, _ a: Node, _ b: Node, using generator: inout PhiloxGenerator) -> Node {
        switch kind {
        case 0: .binary(.add, a, b)
        case 1: .binary(.subtract, a, b)
        case 2: .binary(.multiply, a, b)
        case 3: .binary(.maximum, a, b)
        case 4: .binary(.minimum, a, a)
        case 5: a.unary(.negate)
        case 6: a.unary([.relu, .absolute, .tanh, .square].randomElement(using: &generator)!)
        case 7: .binary(.power, a.unary(.tanh), .constant([0, 1, 2].randomElement(using: &generator)!, [], .float64))
        case 8: a.reshape([12]).reshape([2, 6]).reshape([3, 4])
        case 9: a.transpose([1, 0]).transpose([1, 0])
        case 10: .select(.binary(.less, a, b), a, b)
        case 11: a.reshape([3, 1, 4]).broadcast(to: [3, 2, 4]).reduce(.mean, [1])
        case 12: Node(.stopGradient, [a.tanh])
        default: Node(.concatenate(axis: 0), [a])
        }
    }
}

extension Node {
    fileprivate var tanh: Node { unary(.tanh) }
}
