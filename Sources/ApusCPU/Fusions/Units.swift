import ApusGraph

/// The nodes of a graph, divided into units that are computed together.
struct Units {
    let graph: IndexedGraph
    let kernels: KernelChoices
    /// Nodes that repeat others' computation right before somebody reads them.
    let recomputed: Set<Node>
    private(set) var list: [Unit] = []
    /// The unit of each node; views and inputs have none.
    private(set) var unitOf: [Int?]
    /// The nodes whose values are in the lanes layout.
    private(set) var lanes: Set<Int> = []

    /// - Parameter fusions: Who divides the nodes, one after the other; the last takes all that are left.
    init(
        _ graph: IndexedGraph, kernels: KernelChoices, recomputed: Set<Node> = [], fusions: [any Fusion.Type]
    ) {
        self.graph = graph
        self.kernels = kernels
        self.recomputed = recomputed
        unitOf = Array(repeating: nil, count: graph.nodes.count)
        for fusion in fusions { fusion.find(in: &self) }
    }

    /// Adds a unit of nodes that had none.
    mutating func add(_ fusion: some Fusion, _ nodes: [Int]) {
        for node in nodes { unitOf[node] = list.count }
        list.append(Unit(fusion: fusion, nodes: nodes))
    }

    /// Joins units, and a node that had none, to the first of the units; the others are left empty until `removeEmpty`.
    mutating func join(_ joined: [Int], _ node: Int) {
        let nodes = (joined.flatMap { list[$0].nodes } + [node]).sorted()
        for unit in joined.dropFirst() { list[unit].nodes = [] }
        list[joined[0]].nodes = nodes
        for node in nodes { unitOf[node] = joined[0] }
    }

    /// Removes units without nodes.
    mutating func removeEmpty() {
        list.removeAll { $0.nodes.isEmpty }
        for (index, unit) in list.enumerated() { for node in unit.nodes { unitOf[node] = index } }
    }

    /// Notes that a node's value is in the lanes layout.
    mutating func markLanes(_ node: Int) { lanes.insert(node) }

    // MARK: Cycles

    /// Whether some units and a node can be computed together: no path leads out of them and back in.
    func canMerge(_ merged: [Int], _ node: Int) -> Bool {
        let first = merged.map { list[$0].nodes[0] }.min()!
        // A search this long is not worth a fusion.
        guard node - first <= 4096 else { return false }
        // A member's value may be read through reshapes: they keep the order of elements.
        func isInside(_ number: Int) -> Bool {
            var number = number
            while unitOf[number] == nil, number != node, case .reshape = graph.nodes[number].operation {
                number = graph.inputs(number)[0]
            }
            return number == node || unitOf[number].map(merged.contains) ?? false
        }
        var visited: Set<Int> = []
        var pending: [Int] = []
        for member in merged.flatMap({ list[$0].nodes }) + [node] {
            pending.append(contentsOf: graph.inputs(member).filter { !isInside($0) })
        }
        while let current = pending.popLast() {
            guard let unit = unitOf[current] else {
                // A view or an input: what it shows counts.
                if visited.insert(-1 - current).inserted { pending.append(contentsOf: graph.inputs(current)) }
                continue
            }
            if merged.contains(unit) { return false }
            guard list[unit].nodes.last! > first, visited.insert(unit).inserted else { continue }
            for member in list[unit].nodes {
                pending.append(contentsOf: graph.inputs(member).filter { unitOf[$0] != unit })
            }
        }
        return true
    }

    /// Whether some nodes need another, by whatever way; also if that takes long to find out.
    func depends(_ nodes: [Int], on target: Int) -> Bool {
        var visited: Set<Int> = []
        var pending = nodes
        while let node = pending.popLast() {
            if node == target || visited.count > 4096 { return true }
            if node > target, visited.insert(node).inserted { pending.append(contentsOf: graph.inputs(node)) }
        }
        return false
    }
}
