import ApusGraph

extension Units {
    /// The units in an order in which each comes after what it reads, or `nil` if fusion made a cycle.
    ///
    /// Of what can run, the unit with the shortest way to an output comes first: the gradient of a weight and its update before the
    /// next layer's gradients. So operands are still in the cache and need not be kept. What depends on inputs alone keeps its place
    /// among the nodes. Updates run when nobody reads the old value any more, and what is recomputed right before its reader.
    func ordered() -> [Int]? {
        let dependencies = dependencies()
        // Updates that need each other's old values close a circle; then values are staged, in whatever order.
        return order(dependencies.adding(antidependencies())) ?? order(dependencies)
    }

    private func order(_ dependencies: [Set<Int>]) -> [Int]? {
        let lazy = list.indices.filter { isRecomputed(list[$0]) }
        let isLazy = Set(lazy)
        // A reader waits for what a lazy unit needs, not for the unit itself.
        var missing = dependencies.map(\.count)
        var readers = Array(repeating: [Int](), count: list.count)
        var waits = dependencies
        for unit in list.indices where !isLazy.isDisjoint(with: waits[unit]) {
            while let inner = waits[unit].first(where: isLazy.contains) {
                waits[unit].remove(inner)
                waits[unit].formUnion(dependencies[inner].subtracting([unit]))
            }
        }
        for (index, set) in waits.enumerated() {
            missing[index] = set.count
            for other in set { readers[other].append(index) }
        }
        let distances = distancesToOutputs(dependencies)
        func priority(_ unit: Int) -> (Int, Int) {
            (distances[unit].map { $0 - list.count } ?? list[unit].nodes.last!, unit)
        }

        var order: [Int] = []
        var done = Array(repeating: false, count: list.count)
        func append(_ unit: Int) {
            guard !done[unit] else { return }
            for inner in dependencies[unit].sorted() where isLazy.contains(inner) { append(inner) }
            done[unit] = true
            order.append(unit)
        }
        var ready = Heap(list.indices.filter { missing[$0] == 0 && !isLazy.contains($0) }.map(priority))
        while let (_, index) = ready.popMinimum() {
            append(index)
            for reader in readers[index] {
                missing[reader] -= 1
                if missing[reader] == 0, !isLazy.contains(reader) { ready.insert(priority(reader)) }
            }
        }
        for unit in lazy where missing[unit] == 0 { append(unit) }
        return order.count == list.count ? order : nil
    }

    private func isRecomputed(_ unit: Unit) -> Bool { unit.nodes.allSatisfy { recomputed.contains(graph.nodes[$0]) } }

    /// The units that each unit reads from.
    private func dependencies() -> [Set<Int>] {
        let noting = noting
        return list.indices.map { index in
            var found: Set<Int> = []
            for node in list[index].nodes {
                found.formUnion(graph.inputs(node).compactMap { unitOf[source($0)] })
            }
            found.formUnion(list[index].fusion.reads.compactMap { noting[$0] })
            found.remove(index)
            return found
        }
    }

    /// The unit that can note each side value.
    private var noting: [SideValue: Int] {
        var noting: [SideValue: Int] = [:]
        for (index, unit) in list.enumerated() { for value in unit.fusion.notes { noting[value] = index } }
        return noting
    }

    /// For each unit that overwrites an input: the others that read the input, and those that may fail, so that a program that fails
    /// leaves its inputs as they were.
    private func antidependencies() -> [Set<Int>] {
        var readers: [Int: Set<Int>] = [:]
        for (index, unit) in list.enumerated() {
            for node in unit.nodes {
                for input in graph.inputs(node) { readers[source(input), default: []].insert(index) }
            }
        }
        let fallible = list.indices.filter { list[$0].nodes.contains { graph.nodes[$0].operation.mayFail } }
        var found = Array(repeating: Set<Int>(), count: list.count)
        for output in graph.graph.outputs {
            guard let slot = output.replaces, let unit = unitOf[graph[output.node]] else { continue }
            let input = graph.graph.inputs[slot]
            if graph.contains(input) { found[unit].formUnion(readers[graph[input]] ?? []) }
            found[unit].formUnion(fallible)
            found[unit].remove(unit)
        }
        return found
    }

    /// For each unit that depends on others, the most units on the way to an output.
    private func distancesToOutputs(_ dependencies: [Set<Int>]) -> [Int?] {
        var distances = Array(repeating: 0, count: list.count)
        for index in list.indices.sorted(by: { list[$0].nodes.last! > list[$1].nodes.last! }) {
            for other in dependencies[index] { distances[other] = max(distances[other], distances[index] + 1) }
        }
        return list.indices.map { dependencies[$0].isEmpty ? nil : distances[$0] }
    }

    /// What a node shows if it is a view: a computed node, an input or a constant.
    private func source(_ node: Int) -> Int {
        var node = node
        while unitOf[node] == nil, let shown = graph.inputs(node).first { node = shown }
        return node
    }
}

extension Operation {
    /// Whether a kernel may refuse values: indices and labels that are out of range.
    fileprivate var mayFail: Bool {
        switch self {
        case .gather, .scatterAdd, .gatherAlong, .scatterAddAlong, .softmaxCrossEntropy, .softmaxCrossEntropyGradient:
            true
        case .scan(let body): body.graph.nodes.contains { $0.operation.mayFail }
        default: false
        }
    }
}

extension [Set<Int>] {
    fileprivate func adding(_ others: [Set<Int>]) -> [Set<Int>] { zip(self, others).map { $0.union($1) } }
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
