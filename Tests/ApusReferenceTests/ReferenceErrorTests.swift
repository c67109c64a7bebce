import ApusBackend
import ApusGraph
import ApusReference
import Testing

@Suite struct ReferenceErrorTests {
    private let x = Node(.input("x", TensorType([2], .float32)))
    private let indices = Node(.input("i", TensorType([1], .int32)))
    private let backend = ReferenceBackend()

    private func graph(_ node: Node, _ inputs: [Node]) -> Graph {
        Graph(inputs: inputs, outputs: [Graph.Output(name: "y", node: node)])
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func wrongInputs() {
        let value = ReferenceValue(shape: [3], elementType: .float32, values: [1, 2, 3])
        #expect(message { _ = try backend.run(graph(x, [x]), inputs: []) } == "expected 1 inputs but received 0")
        #expect(
            message { _ = try backend.run(graph(x, [x]), inputs: [value]) }
                == "input x: expected float32[2] but received float32[3] with 3 values")
        #expect(
            message { _ = try backend.run([x]) }
                == "input x of type float32[2] has no value; list it among the graph's inputs")
    }

    @Test(arguments: [-1, 2])
    func indexOutOfRange(index: Int) {
        let values = [
            ReferenceValue(shape: [2], elementType: .float32, values: [1, 2]),
            ReferenceValue(shape: [1], elementType: .int32, values: [Double(index)]),
        ]
        #expect(
            message { _ = try backend.run(graph(Node(.gather(axis: 0), [x, indices]), [x, indices]), inputs: values) }
                == "gather: index \(index) is outside 0..<2")
        let loss = Node(.softmaxCrossEntropy, [x.reshape([1, 2]), indices])
        #expect(
            message { _ = try backend.run(graph(loss, [x, indices]), inputs: values) }
                == "softmaxCrossEntropy: index \(index) is outside 0..<2")
        let oneHot = Node(.oneHot(classes: 2, .float32), [indices])
        #expect(
            message { _ = try backend.run(graph(oneHot, [indices]), inputs: [values[1]]) }
                == "oneHot: index \(index) is outside 0..<2")
    }

    @Test func invalidGraph() {
        let broken = Node(.binary(.add), [x, indices.cast(to: .float32)])
        #expect(throws: GraphError(broken.problems)) { try backend.run([broken]) }
        #expect(throws: GraphError(broken.problems)) { try backend.run(graph(broken, [x, indices]), inputs: []) }
    }
}
