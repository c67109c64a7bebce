import ApusBackend
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// A graph for several sets of inputs gives what the graph gives for each of them.
@Suite struct StackingTests {
    private static let count = 3

    private func values(_ row: OperationRow, _ set: Int) -> [ReferenceValue] {
        var generator = PhiloxGenerator(name: "\(row.name), set \(set)")
        return row.inputs.map { $0.draw(.float64, using: &generator) }
    }

    /// - Parameter isStacked: Which inputs differ from set to set; of the others those of the first set count.
    private func check(
        _ graph: Graph, _ sets: [[ReferenceValue]], _ name: String, where isStacked: (Int) -> Bool
    ) throws {
        let stacked = Stacking.graph(graph, count: sets.count, isStacked: isStacked)
        #expect(stacked.problems == [], "\(name)")
        guard stacked.problems.isEmpty else { return }
        let inputs = graph.inputs.indices.map { place in
            guard isStacked(place) else { return sets[0][place] }
            let one = sets[0][place]
            return ReferenceValue(
                shape: Shape([sets.count] + one.shape.dimensions), elementType: one.elementType,
                values: sets.flatMap { $0[place].values })
        }
        for (input, value) in zip(stacked.inputs, inputs) { #expect(input.type == value.type) }
        let together = try ReferenceBackend().run(stacked, inputs: inputs)
        for (set, own) in sets.enumerated() {
            let alone = try ReferenceBackend().run(
                graph, inputs: graph.inputs.indices.map { isStacked($0) ? own[$0] : sets[0][$0] })
            for (output, value) in zip(together, alone) {
                #expect(output.shape == Shape([sets.count] + value.shape.dimensions))
                let size = value.values.count
                let pairs = zip(output.values[(set * size)..<((set + 1) * size)], value.values).filter {
                    $0 != $1 && !($0.isNaN && $1.isNaN)
                }
                #expect(relativeDifference(pairs.map(\.0), pairs.map(\.1)) < 1e-12, "\(name), set \(set)")
            }
        }
    }

    @Test(arguments: OperationTable.rows.filter { !$0.inputs.isEmpty }) func everyOperation(row: OperationRow) throws {
        let instance = row.instance(.float64)
        let sets = (0..<StackingTests.count).map { values(row, $0) }
        try check(instance.graph, sets, row.name) { _ in true }
        for place in instance.inputs.indices where instance.inputs.count > 1 {
            try check(instance.graph, sets, "\(row.name), input \(place) alone") { $0 == place }
        }
        guard row.isDifferentiable else { return }
        try check(instance.gradientGraph, sets.map { $0 + [instance.weightValues] }, "gradient of \(row.name)") { _ in
            true
        }
    }

    /// What depends on no set is computed once, and stands for all.
    @Test func shared() throws {
        let (x, y) = (Node(.input("x", TensorType([2], .float64))), Node(.input("y", TensorType([2], .float64))))
        let sum = x + x
        let graph = Graph(
            inputs: [x, y], outputs: [Graph.Output(name: "sum", node: sum), Graph.Output(name: "both", node: sum * y)])
        let sets = [[1.0, 2], [3, 4]].map { numbers in
            [[5.0, 6], numbers].map { ReferenceValue(shape: [2], elementType: .float64, values: $0) }
        }
        try check(graph, sets, "shared") { $0 == 1 }
        let stacked = Stacking.graph(graph, count: 2) { $0 == 1 }
        #expect(stacked.nodes.contains { $0 === sum })
        #expect(stacked.outputs.allSatisfy { $0.node.shape == [2, 2] })
    }
}
