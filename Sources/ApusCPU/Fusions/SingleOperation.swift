/// One operation by its own kernel: what no fusion above has taken.
struct SingleOperation: Fusion {
    static let name = "single operation"

    static func find(in units: inout Units) {
        for number in units.graph.nodes.indices
        where units.unitOf[number] == nil && units.graph.nodes[number].isComputed {
            units.add(SingleOperation(), [number])
        }
    }

    func lower(_ nodes: [Int], into lowering: inout Lowering) { lowering.single(nodes[0]) }
}
