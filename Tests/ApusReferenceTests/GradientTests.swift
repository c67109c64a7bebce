import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

@Suite struct GradientTests {
    static let differentiable = OperationTable.rows.filter(\.isDifferentiable)

    @Test(arguments: differentiable)
    func gradientEqualsFiniteDifferences(row: OperationRow) throws {
        let instance = row.instance(.float64)
        let gradients = try ReferenceBackend().run(instance.gradientGraph, inputs: instance.gradientValues)
        let inputs = instance.differentiableInputs.map { instance.inputs[$0] }
        for (gradient, input) in zip(gradients, inputs) { #expect(gradient.type == input.type) }

        let function = TensorFunction(result: instance.result, inputs: inputs, assignment: instance.assignment)
        var generator = PhiloxGenerator(name: "directions of \(row.name)")
        var (analytic, numeric): ([Double], [Double]) = ([], [])
        for direction in directions(inputs, flops: instance.result.cost.flops, using: &generator) {
            analytic.append(zip(gradients, direction).reduce(0) { $0 + dot($1.0.values, $1.1) })
            numeric.append(dot(try function.derivative(along: direction), instance.weightValues.values))
        }
        #expect(relativeDifference(numeric, analytic) < 1e-7, "\(numeric.prefix(8)) against \(analytic.prefix(8))")
    }

    /// The gradient of `Σ (weights · y + y² / 2)`, so that what arrives at the operation depends on the inputs too,
    /// along a random direction: the Hessian times that direction.
    @Test(arguments: OperationTable.rows.filter(\.isTwiceDifferentiable))
    func gradientOfGradientEqualsFiniteDifferences(row: OperationRow) throws {
        let instance = row.instance(.float64)
        let inputs = instance.differentiableInputs.map { instance.inputs[$0] }
        let gradients = Node.gradients(
            of: [instance.result], seeds: [.binary(.add, instance.weights, instance.result)], withRespectTo: inputs)

        var generator = PhiloxGenerator(name: "direction of \(row.name)")
        var assignment = instance.assignment
        let direction = inputs.map { input in
            TestInput.floating(input.shape, .uniform(-1...1)).draw(.float64, using: &generator)
        }
        let directionNodes = inputs.map { Node(.input("direction", $0.type)) }
        for (node, value) in zip(directionNodes, direction) { assignment[node] = value }
        let products = Node.gradients(of: gradients, seeds: directionNodes, withRespectTo: inputs)

        let analytic = try ReferenceBackend().run(products, inputs: assignment).flatMap(\.values)
        let numeric = try gradients.flatMap { gradient in
            try TensorFunction(result: gradient, inputs: inputs, assignment: assignment)
                .derivative(along: direction.map(\.values))
        }
        #expect(relativeDifference(numeric, analytic) < 1e-7, "\(numeric.prefix(8)) against \(analytic.prefix(8))")
    }
}
