extension Node {
    /// The gradients of a scan to its inputs: another scan, in the other direction.
    func scanGradients(_ body: ScanBody, _ g: Node, wanted: [Bool]) -> [Node?] {
        guard body.keeps.allSatisfy({ $0 }) else {
            let problem = Node(
                problem:
                    "the gradient of a scan can't be differentiated again; give second derivatives a loop of their own",
                operation: "scan")
            return wanted.map { $0 ? problem : nil }
        }
        var backward = ScanGradient(self, body, FlatPieces(g), wanted: wanted)
        return backward.results()
    }
}

/// The backward pass of a scan.
///
/// It goes through the entries in the other direction. What the body computed is computed again from what was carried into each entry, except for
/// products and convolutions: the forward pass keeps those that are needed. The gradient to a constant that is a product over samples, as
/// that to a kernel is, becomes one product over the samples of all entries; others are summed up from entry to entry.
private struct ScanGradient {
    let node: Node
    let body: ScanBody
    let gradient: FlatPieces
    let wanted: [Bool]
    /// What each entry of the backward pass reads: a stand-in and the values of all entries.
    private var sequences: [(entry: Node, all: Node)] = []
    /// What each entry yields.
    private var yields: [Node] = []

    init(_ node: Node, _ body: ScanBody, _ gradient: FlatPieces, wanted: [Bool]) {
        (self.node, self.body, self.gradient, self.wanted) = (node, body, gradient, wanted)
    }

    private static func stand(for node: Node, _ name: String, _ index: Int) -> Node {
        Node(.input("\(name) \(index)", node.type))
    }

    /// Adds what each entry reads, and returns what stands for it.
    private mutating func read(_ all: Node, for node: Node) -> Node {
        let entry = Self.stand(for: node, "entry", sequences.count)
        sequences.append((entry, all))
        return entry
    }

    /// Adds what each entry yields, in the type of the loop, unless it is known already; returns the number of the yield.
    private mutating func yield(_ node: Node) -> Int {
        let node = node.cast(to: body.elementType)
        if let known = yields.firstIndex(where: { $0 === node }) { return known }
        yields.append(node)
        return yields.count - 1
    }

    mutating func results() -> [Node?] {
        let (parts, length, inputs) = (body.parts, body.length, node.inputs)
        let (carryCount, sequenceCount) = (body.carryCount, body.sequenceCount)
        let first = carryCount + sequenceCount
        let outputs = body.graph.outputs.map(\.node)

        // What arrives at each output of an entry: from the entries after it, and from outside.
        let arriving = (0..<carryCount).map { Self.stand(for: outputs[$0], "gradient of carry", $0) }
        let (before, after, last) = body.isReversed ? (1, 0, 0) : (0, 1, length)
        var (starts, beforeFirst): ([Node], [FlatPieces]) = ([], [])
        var seeds: [(output: Node, seed: Node)] = []
        for index in 0..<carryCount {
            let (shape, type) = (outputs[index].shape, outputs[index].elementType)
            func entries(_ first: Int, _ count: Int) -> FlatPieces {
                let start = parts[index].start + first * parts[index].stride
                return gradient.part(start..<(start + count * parts[index].stride))
            }
            let (stride, own) = (parts[index].stride, entries(after, length))
            let place = (last - after) * stride
            let (ofLast, others) = length > 0 ? own.divided(place..<(place + stride)) : (own, own)
            starts.append(ofLast.part(place..<(place + stride)).joined(shape, type))
            beforeFirst.append(entries(body.isReversed ? length : 0, 1))
            guard !others.isEmpty else {
                seeds.append((outputs[index], arriving[index]))
                continue
            }
            seeds.append(
                (
                    outputs[index],
                    arriving[index] + read(others.joined(Shape([length] + shape.dimensions), type), for: outputs[index])
                ))
        }
        for index in carryCount..<outputs.count {
            let pieces = gradient.part(parts[index].start..<(parts[index].start + parts[index].shape.count))
            guard !pieces.isEmpty else { continue }
            seeds.append(
                (
                    outputs[index],
                    read(pieces.joined(parts[index].shape, outputs[index].elementType), for: outputs[index])
                ))
        }

        // What is differentiated: numbers that somebody wants.
        let entryPlaces = (0..<sequenceCount).filter { wanted[carryCount + $0] }
        let constantPlaces = (0..<body.constantCount).filter { wanted[first + $0] }
        let targets = body.carries + entryPlaces.map { body.entries[$0] } + constantPlaces.map { body.constants[$0] }
        let gradients = Node.gradients(of: seeds.map(\.output), seeds: seeds.map(\.seed), withRespectTo: targets)
        let ofEntries = gradients[carryCount...].prefix(entryPlaces.count).map { yield($0) }

        // The parts of the gradient to each constant.
        var sums: [Sum] = []
        var products: [[Product]] = []
        for (place, gradient) in zip(constantPlaces, gradients[(carryCount + entryPlaces.count)...]) {
            let terms = gradient.terms
            let found = terms.map { Product($0, body) }
            products.append(found.compactMap { $0 })
            let rest = zip(terms, found).filter { $1 == nil }.map(\.0)
            guard let head = rest.first else { continue }
            let sum = rest.dropFirst().reduce(head, +).cast(to: body.elementType)
            let stand = Self.stand(for: sum, "sum", sums.count)
            sums.append(Sum(constant: place, before: stand, after: stand + sum))
        }
        for product in products.joined() {
            for factor in [product.left, product.right] where !isRead(factor.node) { _ = yield(factor.node) }
        }

        // What the forward pass keeps.
        let computed: [Node] = gradients[..<carryCount] + sums.map(\.after) + yields
        let kept = Node.products(of: body, neededBy: computed)
        let forward = kept.isEmpty ? body : body.yielding(kept)
        let result = kept.isEmpty ? node : Node(.scan(forward), inputs)
        let history = parts[..<carryCount].map { result.part($0).entries(before, length) }
        var stands: [Node: Node] = [:]
        for (value, part) in zip(kept, forward.parts[outputs.count...]) {
            stands[value] = read(result.part(part), for: value)
        }

        let states = zip(body.carries, history).map { ($0, $1) }
        let given = states + zip(body.entries, inputs[carryCount..<first]).map { ($0, $1) }
        let (scan, inner) = Node.scan(
            Node.substituted(computed, stands), carries: arriving + sums.map(\.before),
            keeps: Array(repeating: false, count: carryCount + sums.count),
            entries: given.map(\.0) + sequences.map(\.entry),
            initial: starts + sums.map { $0.before.filled(0) },
            sequences: given.map(\.1) + sequences.map(\.all), length: length, isReversed: !body.isReversed)
        // What it captures is made of the body's own constants, whose values are here.
        let backward = Node(
            scan.operation,
            Node.substituted(scan.inputs, Dictionary(uniqueKeysWithValues: zip(body.constants, inputs[first...]))))
        let found = inner.parts.map { backward.part($0) }
        let yielded = found[(carryCount + sums.count)...]

        var results: [Node?] = Array(repeating: nil, count: inputs.count)
        for index in 0..<carryCount where wanted[index] {
            // The initial value is also the first that is kept.
            let initial = beforeFirst[index]
            results[index] =
                initial.isEmpty
                ? found[index] : found[index] + initial.joined(inputs[index].shape, inputs[index].elementType)
        }
        for (place, yield) in zip(entryPlaces, ofEntries) {
            results[carryCount + place] = yielded[yielded.startIndex + yield].cast(to: body.entries[place].elementType)
        }
        func all(_ factor: Node) -> Node {
            if let place = given.firstIndex(where: { $0.0 === factor }) { return given[place].1 }
            if let place = sequences.firstIndex(where: { $0.entry === factor }) { return sequences[place].all }
            return yielded[yielded.startIndex + yields.firstIndex { $0 === factor }!]
        }
        for (place, products) in zip(constantPlaces, products) {
            var terms = products.map { $0.total(all($0.left.node), all($0.right.node)) }
            if let sum = sums.firstIndex(where: { $0.constant == place }) {
                terms.append(found[carryCount + sum].cast(to: body.constants[place].elementType))
            }
            results[first + place] = terms.dropFirst().reduce(terms[0], +)
        }
        return results
    }

    /// Whether the backward pass reads a value of each entry, so that those of all entries are known.
    private func isRead(_ node: Node) -> Bool {
        (body.carries + body.entries + sequences.map(\.entry)).contains { $0 === node }
    }

    /// A part of a constant's gradient that is summed up from entry to entry.
    private struct Sum {
        let constant: Int
        let before: Node
        let after: Node
    }
}

/// A matrix that is a product over samples: leftᵀ · right for left [N, m] and right [N, n].
private struct Product {
    let left: Factor
    let right: Factor
    let type: ElementType

    /// - Returns: `nil` if the node is not such a product, or of values that a loop can't yield.
    init?(_ node: Node, _ body: ScanBody) {
        type = node.elementType
        var product = node
        if case .cast = product.operation { product = product.inputs[0] }
        guard case .matmul = product.operation, product.shape.rank == 2,
            case .transpose([1, 0]) = product.inputs[0].operation,
            let left = Factor(product.inputs[0].inputs[0], body), let right = Factor(product.inputs[1], body)
        else { return nil }
        (self.left, self.right) = (left, right)
    }

    /// The sum of the products of all entries, as one product.
    func total(_ left: Node, _ right: Node) -> Node {
        func rows(_ all: Node, _ type: ElementType) -> Node {
            all.reshape([all.shape[0] *| all.shape[1], all.shape[2]]).cast(to: type)
        }
        return Node.matmul(rows(left, self.left.type).matrixTransposed, rows(right, self.right.type)).cast(to: type)
    }

    /// A factor in the type of the loop, and the type in which it is multiplied.
    struct Factor {
        let node: Node
        let type: ElementType

        /// - Returns: `nil` if the type of the loop does not hold its values.
        init?(_ node: Node, _ body: ScanBody) {
            type = node.elementType
            if case .cast = node.operation, node.inputs[0].elementType == body.elementType {
                self.node = node.inputs[0]
                return
            }
            guard type == body.elementType || (type, body.elementType) == (.bfloat16, .float32) else { return nil }
            self.node = node.cast(to: body.elementType)
        }
    }
}

extension Node {
    /// The terms of a sum.
    fileprivate var terms: [Node] {
        var (terms, rest) = ([Node](), [self])
        while let node = rest.popLast() {
            if case .binary(.add) = node.operation { rest += node.inputs.reversed() } else { terms.append(node) }
        }
        return terms
    }

    /// The products and convolutions of a loop's body that nodes need, each with what is added to it, if a loop can yield them.
    fileprivate static func products(of body: ScanBody, neededBy nodes: [Node]) -> [Node] {
        var users: [Node: [Node]] = [:]
        let all = body.graph.nodes
        for node in all { for input in Set(node.inputs) { users[input, default: []].append(node) } }
        let results = Set(body.graph.outputs.map(\.node))
        var candidates: Set<Node> = []
        for node in all where node.elementType == body.elementType {
            switch node.operation {
            case .matmul, .convolution, .convolutionInputGradient, .convolutionKernelGradient: break
            default: continue
            }
            var end = node
            while !results.contains(end), let user = users[end], user.count == 1, case .binary(.add) = user[0].operation
            {
                end = user[0]
            }
            candidates.insert(end)
        }
        var found: [Node] = []
        for node in sorted(nodes, leavingOut: candidates.contains) {
            for input in node.inputs where candidates.contains(input) && !found.contains(where: { $0 === input }) {
                found.append(input)
            }
        }
        return found
    }
}
