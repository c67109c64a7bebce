import ApusGraph

extension Fusion {
    /// A tape longer than this no longer gains from fusion.
    private static let longestTape = 40

    /// Joins elementwise nodes over the same number of elements with the clusters of their inputs.
    mutating func findClusters() {
        for number in graph.nodes.indices where unitOf[number] == nil && graph.nodes[number].operation.isElementwise {
            var home: Int?
            for input in clusterInputs(of: number) {
                guard let unit = unitOf[input], case .cluster = units[unit].kind, unit != home,
                    fits(number, units[unit])
                else { continue }
                if let current = home {
                    merge(unit, into: current)
                } else if canJoin(number, unit) {
                    setNodes(units[unit].nodes + [number], ofUnit: unit)
                    home = unit
                }
            }
            if home == nil { add(Unit(kind: .cluster, nodes: [number])) }
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
            && unit.nodes.count < Self.longestTape
    }

    /// Adds one cluster to another, if nothing that the result needs depends on part of it.
    private mutating func merge(_ unit: Int, into home: Int) {
        guard units[unit].nodes.count + units[home].nodes.count <= Self.longestTape else { return }
        let (nodes, previous) = (units[unit].nodes, units[home].nodes)
        // Neither may depend on the other by way of a third unit.
        guard nodes.allSatisfy({ canJoin($0, home) }), previous.allSatisfy({ canJoin($0, unit) }) else { return }
        setNodes((previous + nodes).sorted(), ofUnit: home)
        units[unit].nodes = []
    }
}
