package import ApusBackend
package import ApusGraph

/// A row of the operation table: one operation on inputs of certain shapes.
package struct OperationRow: Sendable, CustomStringConvertible {
    /// What the row shows; unique.
    package var name: String
    package var inputs: [TestInput]
    /// The operation on the input nodes, given the floating-point type under test.
    package var build: @Sendable ([Node], ElementType) -> Node
    /// Whether gradients to the differentiable inputs exist and equal finite differences.
    package var isDifferentiable: Bool
    /// Whether the gradients can be differentiated again.
    package var isTwiceDifferentiable: Bool
    /// Whether any correct backend gives exactly the meaning, rounded to the result's type.
    package var isExact: Bool
    /// How many times the usual tolerance a backend may differ.
    package var toleranceFactor: Double

    package init(
        _ name: String, _ inputs: [TestInput], isDifferentiable: Bool = true, isTwiceDifferentiable: Bool = true,
        isExact: Bool = false, toleranceFactor: Double = 1,
        _ build: @escaping @Sendable ([Node], ElementType) -> Node
    ) {
        self.name = name
        self.inputs = inputs
        self.build = build
        self.isDifferentiable = isDifferentiable && inputs.contains { $0.isDifferentiable }
        self.isTwiceDifferentiable = self.isDifferentiable && isTwiceDifferentiable
        self.isExact = isExact
        self.toleranceFactor = toleranceFactor
    }

    package var description: String { name }

    /// Whether the row is another test for each floating-point type.
    package var dependsOnType: Bool {
        inputs.contains { $0.fixedType == nil } || instance(.float32).result.elementType.isFloatingPoint
    }

    /// The row for one floating-point type, with values drawn by the row's name.
    package func instance(_ type: ElementType) -> OperationInstance { OperationInstance(self, type) }
}

/// A row of the operation table for one floating-point type: nodes and the values of their inputs.
package struct OperationInstance: Sendable {
    package let row: OperationRow
    package let inputs: [Node]
    package let values: [ReferenceValue]
    /// The operation under test.
    package let result: Node
    /// An input of the result's shape: fixed random weights, so that `Σ result · weights` tells every element apart.
    package let weights: Node
    package let weightValues: ReferenceValue

    init(_ row: OperationRow, _ type: ElementType) {
        self.row = row
        var generator = PhiloxGenerator(name: row.name)
        inputs = row.inputs.enumerated().map { Node(.input("x\($0)", $1.type(type))) }
        values = row.inputs.map { $0.draw(type, using: &generator) }
        result = row.build(inputs, type)
        let weightType = result.elementType.isFloatingPoint ? result.elementType : type
        weights = Node(.input("weights", TensorType(result.shape, weightType)))
        weightValues = TestInput.floating(result.shape, .uniform(-1...1)).draw(weightType, using: &generator)
    }

    /// inputs → result
    package var graph: Graph { Graph(inputs: inputs, outputs: [Graph.Output(name: "result", node: result)]) }

    /// The inputs that gradients are taken with respect to.
    package var differentiableInputs: [Int] {
        inputs.indices.filter { row.inputs[$0].isDifferentiable && inputs[$0].elementType.isFloatingPoint }
    }

    /// inputs and weights → the gradients of `Σ result · weights` to the differentiable inputs
    package var gradientGraph: Graph {
        let gradients = Node.gradients(
            of: [result], seeds: [weights], withRespectTo: differentiableInputs.map { inputs[$0] })
        return Graph(
            inputs: inputs + [weights],
            outputs: gradients.enumerated().map { Graph.Output(name: "gradient\($0)", node: $1) })
    }

    /// The values that `gradientGraph` takes.
    package var gradientValues: [ReferenceValue] { values + [weightValues] }

    /// The input nodes with their values.
    package var assignment: [Node: ReferenceValue] {
        Dictionary(zip(inputs + [weights], gradientValues), uniquingKeysWith: { first, _ in first })
    }
}
