import ApusBackend
import ApusGraph

/// Decides which nodes are computed together, and in which order.
struct Fusion {
    let graph: IndexedGraph
    let options: CompileOptions
    var units: [Unit] = []
    /// The unit of each node; views and inputs have none.
    var unitOf: [Int?]
    /// The nodes whose values are in the lanes layout.
    private(set) var lanes: Set<Int> = []
    /// Nodes that repeat others' computation right before somebody reads them.
    let recomputed: Set<Node>

    init(_ graph: IndexedGraph, options: CompileOptions, recomputed: Set<Node> = []) {
        self.recomputed = recomputed
        self.graph = graph
        self.options = options
        unitOf = Array(repeating: nil, count: graph.nodes.count)
        if options.fuses {
            findLanes()
            findConvolutions()
            findNormalizations()
            findBiasGradients()
            findProducts()
            findClusters()
        }
        for number in graph.nodes.indices where unitOf[number] == nil && graph.nodes[number].isComputed {
            add(Unit(kind: graph.nodes[number].operation.isElementwise ? .cluster : .single, nodes: [number]))
        }
    }

    mutating func add(_ unit: Unit) {
        for node in unit.nodes { unitOf[node] = units.count }
        units.append(unit)
    }

    /// Replaces a cluster's nodes; used while clusters grow.
    mutating func setNodes(_ nodes: [Int], ofUnit index: Int) {
        units[index].nodes = nodes
        for node in nodes { unitOf[node] = index }
    }

    mutating func markLanes(_ node: Int) { lanes.insert(node) }

    // MARK: Cycles

    /// Whether some units and a node can be computed together: no path leads out of them and back in.
    func canMerge(_ merged: [Int], _ node: Int) -> Bool {
        let first = merged.map { units[$0].nodes[0] }.min()!
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
        for member in merged.flatMap({ units[$0].nodes }) + [node] {
            pending.append(contentsOf: graph.inputs(member).filter { !isInside($0) })
        }
        while let current = pending.popLast() {
            guard let unit = unitOf[current] else {
                // A view or an input: what it shows counts.
                if visited.insert(-1 - current).inserted { pending.append(contentsOf: graph.inputs(current)) }
                continue
            }
            if merged.contains(unit) { return false }
            guard units[unit].nodes.last! > first, visited.insert(unit).inserted else { continue }
            for member in units[unit].nodes {
                pending.append(contentsOf: graph.inputs(member).filter { unitOf[$0] != unit })
            }
        }
        return true
    }
}

extension Node {
    /// Whether the node's elements are its input's, in another order or number.
    var isFollowed: Bool {
        if case .constant = operation { return false }
        return operation.isView
    }

    /// Whether a step computes the node: it is neither given nor a view.
    var isComputed: Bool {
        if case .input = operation { return false }
        return !operation.isView
    }
}
