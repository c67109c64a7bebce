import Apus
import ApusBackend
import ApusChecks
import ApusGraph
import ApusCPU
import ApusReference
import ApusTestKit
import Testing

/// A whole deep network: what errors add up to behind eighteen layers.
@Suite struct ResNetGradientTests {
    /// All gradients of ResNet-18 in float32, as it trains, are those of float64 to 2e-5 (relative L2). Measured: 1e-5 at most, with three
    /// seeds.
    @Test func gradientsAreThoseOfFloat64() throws {
        let trace = try Zoo.resnet18.model().traced(input: [16, 16, 3], batch: 4, mode: .training)
        let (first, last) = try (#require(trace.records.first), #require(trace.records.last))
        let (x, output) = (first.input.node, last.output)
        var inputs = [x, trace.key.node]
        // A seed with which no value before a ReLU is so close to 0 that rounding changes its sign.
        let key = RandomKey(seed: 2)
        var values = [
            Tensor.normal(x.shape, key: key.child("x")), Tensor([1, 0], shape: [2], type: .int64),
        ]
        var parameters: [Node] = []
        for (path, description) in trace.descriptions {
            let node = trace.variable(path).node
            inputs.append(node)
            var start = description.initializer.tensor(description.shape, key: key.child(path))
            if description.isTrainable {
                parameters.append(node)
                start =
                    start
                    + Tensor.normal(description.shape, standardDeviation: 0.1, key: key.child(path).child("noise"))
            }
            values.append(start)
        }
        let weights = Tensor.normal(output.shape, key: key.child("weights"))
        inputs.append(Node(.input("weights", TensorType(output.shape, .float32))))
        values.append(weights)
        let total = Node.binary(.multiply, output.node, inputs.last!).reduce(.sum, [0, 1])
        let gradients = Node.gradients(of: [total], withRespectTo: parameters + [x])
        let graph = Graph(
            inputs: inputs, outputs: gradients.enumerated().map { Graph.Output(name: "\($0)", node: $1) })
        let program = try CPU.compile(graph)
        #expect(program.report.steps.contains { $0.name.hasPrefix("winograd") })
        let actual = try program.run(try values.map { try $0.evaluated().elements() })
        let expected = try ReferenceBackend().run(graph, inputs: try values.map { try $0.evaluated().referenceValue })
        #expect(gradients.count == 63)
        for (index, (buffer, value)) in try pairs(actual, expected).enumerated() {
            let numbers = buffer.bytes.bindMemory(to: Float.self)
            var (error, size): (Double, Double) = (0, 0)
            for (number, exact) in try pairs(numbers, value.values) {
                let difference = Double(number) - exact
                error += difference * difference
                size += exact * exact
            }
            #expect((error / size).squareRoot() < 2e-5, "gradient \(index) of \(gradients[index].shape)")
        }
    }
}
