import ApusGraph

extension Fusion {
    /// A tape longer than this no longer gains from fusion.
    private static let longestTape = 40

    /// Joins elementwise nodes over the same number of elements with the clusters of their inputs.
    mutating func findClusters() {
        for number in graph.nodes.indices where unitOf[number] == nil && graph.nodes[number].operation.isElementwise {
            var joined: [Int] = []
            var length = 1
            for input in clusterInputs(of: number) {
                // A cast rounds; in a register of the same tape it would not.
                if case .cast(.bfloat16) = graph.nodes[input].operation { continue }
                guard let unit = unitOf[input], case .cluster = units[unit].kind, !joined.contains(unit),
                    fits(number, units[unit]), length + units[unit].nodes.count <= Self.longestTape,
                    canMerge(joined + [unit], number)
                else { continue }
                joined.append(unit)
                length += units[unit].nodes.count
            }
            guard let home = joined.first else {
                add(Unit(kind: .cluster, nodes: [number]))
                continue
            }
            setNodes((joined.flatMap { units[$0].nodes } + [number]).sorted(), ofUnit: home)
            for unit in joined.dropFirst() { units[unit].nodes = [] }
        }
        units.removeAll { $0.nodes.isEmpty }
        for (index, unit) in units.enumerated() { for node in unit.nodes { unitOf[node] = index } }
    }

    /// The computed nodes that a node reads element by element: through reshapes, which keep the order.
    private func clusterInputs(of number: Int) -> [Int] {
        graph.inputs(number).map { input in
            var input = input
            while case .reshape = graph.nodes[input].operation { input = graph.inputs(input)[0] }
            return input
        }
    }

    private func fits(_ number: Int, _ unit: Unit) -> Bool {
        graph.nodes[unit.nodes[0]].shape.count == graph.nodes[number].shape.count
            && lanes.contains(unit.nodes[0]) == lanes.contains(number)
            && (!lanes.contains(number) || graph.nodes[unit.nodes[0]].shape == graph.nodes[number].shape)
    }
}
