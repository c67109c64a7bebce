import ApusBackend
import ApusGraph
import ApusReference
import Testing

/// The walk through the graph; the rules are tested by the operation table.
@Suite struct GradientStructureTests {
    private let x = input([2], .float64)
    private let y = input([2], .float64)

    private func evaluate(_ nodes: [Node]) throws -> [[Double]] {
        try ReferenceBackend().run(
            nodes,
            inputs: [
                x: ReferenceValue([2, 3], [2]), y: ReferenceValue([5, 7], [2]),
            ]
        ).map(\.values)
    }

    @Test func sharedNodesAddUp() throws {
        // x · x + x
        let square = Node.binary(.multiply, x, x)
        #expect(try evaluate(Node.gradients(of: [.binary(.add, square, x)], withRespectTo: [x])) == [[5, 7]])
        // A value used twice by different operations.
        let shared = x.unary(.square)
        let output = Node.binary(.add, .binary(.multiply, shared, y), shared)
        #expect(try evaluate(Node.gradients(of: [output], withRespectTo: [x, y])) == [[24, 48], [4, 9]])
    }

    /// The number of nodes and elements of a gradient grows with the slices, not with their square.
    @Test func gradientsOfSlicesAreJoined() {
        func size(_ count: Int) -> (nodes: Int, elements: Int) {
            let x = input([count, 4])
            let parts = (0..<count).map { index in
                Node(.slice([AxisSlice(start: index, count: 1), AxisSlice(start: 0, count: 4)]), [x]).unary(.square)
            }
            let sum = parts.dropFirst().reduce(parts[0]) { .binary(.add, $0, $1) }.reduce(.sum, [0, 1])
            let nodes = Graph(
                inputs: [x],
                outputs: [Graph.Output(name: "", node: Node.gradients(of: [sum], withRespectTo: [x])[0])]
            ).simplified().nodes
            return (nodes.count, nodes.reduce(0) { $0 + $1.shape.count })
        }
        let (small, large) = (size(50), size(200))
        #expect(large.nodes <= 4 * small.nodes + 8 && large.elements <= 4 * small.elements + 64)
    }

    @Test func severalOutputsAddUp() throws {
        let gradients = Node.gradients(
            of: [.binary(.multiply, x, y), x.unary(.square)], seeds: [.constant(2, [2], .float64), y],
            withRespectTo: [x])
        #expect(try evaluate(gradients) == [[10 + 20, 14 + 42]])
        // The same output twice counts twice.
        #expect(try evaluate(Node.gradients(of: [x, x], withRespectTo: [x])) == [[2, 2]])
    }

    @Test func unrelatedTargetsGetZeros() throws {
        let gradients = Node.gradients(of: [x.unary(.square)], withRespectTo: [y, x])
        #expect(gradients[0].constantValue == 0)
        #expect(gradients.map(\.type) == [y.type, x.type])
        #expect(try evaluate(gradients) == [[0, 0], [4, 6]])
    }

    @Test func nothingFlowsThroughStopGradientIntegersAndComparisons() throws {
        let stopped = Node.binary(.multiply, Node(.stopGradient, [x]), x)
        #expect(try evaluate(Node.gradients(of: [stopped], withRespectTo: [x])) == [[2, 3]])
        let integer = x.cast(to: .int32).cast(to: .float64)
        #expect(try evaluate(Node.gradients(of: [integer], withRespectTo: [x])) == [[0, 0]])
        let chosen = Node.select(.binary(.greater, x, .constant(2.5, [], .float64)), x.unary(.square), y)
        #expect(try evaluate(Node.gradients(of: [chosen], withRespectTo: [x, y])) == [[0, 6], [1, 0]])
    }

    @Test func targetsInTheMiddle() throws {
        // The gradient to a value in between, and the total one to what that value is made of.
        let middle = x.unary(.square)
        let output = Node.binary(.multiply, middle, x)
        #expect(try evaluate(Node.gradients(of: [output], withRespectTo: [middle, x])) == [[2, 3], [12, 27]])
    }

    @Test func typesOfTargetsAreKept() {
        let narrow = input([2], .bfloat16)
        let output = Node.binary(.multiply, narrow, x)
        #expect(output.elementType == .float64)
        #expect(Node.gradients(of: [output], withRespectTo: [narrow])[0].type == narrow.type)
    }

    @Test func tiesShareTheGradient() throws {
        let same = Node.binary(.maximum, x, Node.binary(.multiply, x, .constant(1, [], .float64)))
        #expect(try evaluate(Node.gradients(of: [same], withRespectTo: [x])) == [[1, 1]])
        // Each operand by itself: 2 ties, 3 wins.
        let bounded = Node.binary(.maximum, x, .constant(2, [2], .float64))
        #expect(try evaluate(Node.gradients(of: [bounded], withRespectTo: [x])) == [[0.5, 1]])
        let extreme = Node(.concatenate(axis: 0), [x, x]).reduce(.maximum, [0])
        #expect(try evaluate(Node.gradients(of: [extreme], withRespectTo: [x])) == [[0, 1]])
    }

    /// An operation that is differentiated through its definition, one of whose inputs depends on another: each path
    /// counts once.
    @Test func dependentInputsOfAnExpandedOperation() throws {
        let matrix = x.reshape([2, 1])
        let moments = Node(.channelMoments, [matrix])
        let zero = Node.constant(0, [1], .float64)
        let one = Node.constant(1, [1], .float64)
        func row(_ index: Int) -> Node {
            Node(.slice([AxisSlice(start: index, count: 1), AxisSlice(start: 0, count: 1)]), [moments]).reshape([1])
        }
        // The mean of a normalized batch is 0 whatever x is, the first element ±1 for two of them.
        let normalized = Node(.batchNorm(epsilon: 0), [matrix, one, zero, row(0), row(1)])
        let weights = Node.constant(1, [2, 1], .float64)
        for output in [normalized, .binary(.multiply, normalized, normalized)] {
            let gradient = try evaluate(Node.gradients(of: [output], seeds: [weights], withRespectTo: [x]))[0]
            #expect(gradient.allSatisfy { abs($0) < 1e-14 })
        }
        let first = Node(.slice([AxisSlice(start: 0, count: 1), AxisSlice(start: 0, count: 1)]), [normalized])
        #expect(try evaluate(Node.gradients(of: [first], withRespectTo: [x]))[0].allSatisfy { abs($0) < 1e-14 })
    }
}
