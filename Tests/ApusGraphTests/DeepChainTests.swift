import ApusBackend
import ApusGraph
import ApusReference
import Testing

/// Long expressions must not recurse: stacks of threads are small.
@Suite struct DeepChainTests {
    private let length = 100_000

    private func chain(from x: Node) -> Node {
        var node = x
        for _ in 0..<length { node = node.unary(.negate) }
        return node
    }

    @Test func isReleasedWithoutRecursion() {
        weak var watched: Node?
        do {
            let x = input([])
            watched = x
            let last = chain(from: x)
            #expect(last.isValid)
        }
        #expect(watched == nil)
    }

    @Test func sharedPartsSurvive() {
        let x = input([])
        let middle = x.unary(.exp)
        do { _ = chain(from: middle) }
        #expect(middle.inputs == [x])
    }

    @Test func isSortedSimplifiedAndEvaluated() throws {
        let x = input([], .float64)
        let graph = Graph(inputs: [x], outputs: [Graph.Output(name: "y", node: chain(from: x))])
        #expect(graph.nodes.count == length + 1)
        #expect(graph.simplified().nodes.count == 1)
        #expect(try ReferenceBackend().run(graph, inputs: [ReferenceValue([2], [])])[0].values == [2])
    }

    @Test func isDifferentiated() throws {
        let x = input([], .float64)
        let gradient = Node.gradients(of: [chain(from: x)], withRespectTo: [x])[0]
        #expect(try ReferenceBackend().run([gradient], inputs: [x: ReferenceValue([2], [])])[0].values == [1])
    }
}
