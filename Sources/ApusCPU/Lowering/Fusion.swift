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

    init(_ graph: IndexedGraph, options: CompileOptions) {
        self.graph = graph
        self.options = options
        unitOf = Array(repeating: nil, count: graph.nodes.count)
        if options.fuses {
            findLanes()
            findConvolutions()
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

    // MARK: Order

    /// The units in an order in which each comes after what it reads, or `nil` if fusion made a cycle.
    ///
    /// Units that only feed outputs come last: they may overwrite inputs that others still read.
    func order() -> [Int]? {
        var dependencies = Array(repeating: Set<Int>(), count: units.count)
        for (index, unit) in units.enumerated() {
            for node in unit.nodes {
                for input in graph.inputs(node) { collectUnits(feeding: input, into: &dependencies[index]) }
            }
            if case .lanesGradient(let pattern) = unit.kind, let convolution = pattern.masksOf {
                dependencies[index].insert(unitOf[convolution]!)
            }
            dependencies[index].remove(index)
        }
        var readers = Array(repeating: [Int](), count: units.count)
        for (index, set) in dependencies.enumerated() { for other in set { readers[other].append(index) } }
        var missing = dependencies.map(\.count)
        var isLate = Array(repeating: false, count: units.count)
        // A unit is late if nothing reads it, or only late units do: decided from the last node to the first.
        for index in units.indices.sorted(by: { units[$0].nodes.last! > units[$1].nodes.last! }) {
            isLate[index] = readers[index].allSatisfy { isLate[$0] } && units[index].writesReplacement(graph)
        }
        var ready = Heap(units.indices.filter { missing[$0] == 0 }.map { priority($0, isLate[$0]) })
        var order: [Int] = []
        while let (_, index) = ready.popMinimum() {
            order.append(index)
            for reader in readers[index] {
                missing[reader] -= 1
                if missing[reader] == 0 { ready.insert(priority(reader, isLate[reader])) }
            }
        }
        return order.count == units.count ? order : nil
    }

    private func priority(_ unit: Int, _ isLate: Bool) -> (Int, Int) {
        (units[unit].nodes.last! + (isLate ? graph.nodes.count : 0), unit)
    }

    /// Follows views back to the units that compute what they show.
    private func collectUnits(feeding node: Int, into set: inout Set<Int>) {
        var pending = [node]
        while let next = pending.popLast() {
            if let unit = unitOf[next] {
                set.insert(unit)
            } else {
                pending.append(contentsOf: graph.inputs(next))
            }
        }
    }

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

extension Unit {
    /// Whether one of its nodes is an output that takes over an input's memory.
    func writesReplacement(_ graph: IndexedGraph) -> Bool {
        graph.graph.outputs.contains { $0.replaces != nil && nodes.contains(graph[$0.node]) }
    }
}

/// A binary heap of (priority, item).
private struct Heap {
    private var items: [(Int, Int)] = []

    init(_ items: [(Int, Int)]) {
        for item in items { insert(item) }
    }

    mutating func insert(_ item: (Int, Int)) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popMinimum() -> (Int, Int)? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            if least == parent { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
