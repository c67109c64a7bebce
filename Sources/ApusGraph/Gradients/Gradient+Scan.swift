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
        let arrivals = arrivals()
        let slopes = slopes(arrivals)
        return joined(arrivals, slopes, loop(arrivals, slopes))
    }

    // MARK: What arrives

    /// What arrives at the outputs of entries: from the entries after them, and from outside.
    private struct Arrivals {
        /// Stand-ins for the gradients to what is carried, from the entries after.
        var carried: [Node] = []
        /// The gradients to what is carried out of the last entry.
        var ofLast: [Node] = []
        /// The gradients to what is carried into the first entry, which is kept, too.
        var ofFirst: [FlatPieces] = []
        /// The gradients to outputs of an entry.
        var seeds: [(output: Node, seed: Node)] = []
    }

    private mutating func arrivals() -> Arrivals {
        var all = Arrivals()
        let (outputs, parts, length) = (body.graph.outputs.map(\.node), body.parts, body.length)
        for (output, part) in zip(outputs, parts).prefix(body.carryCount) {
            let carried = Self.stand(for: output, "gradient of carry", all.carried.count)
            func entries(_ first: Int, _ count: Int) -> FlatPieces {
                let start = part.start + first * part.stride
                return gradient.part(start..<(start + count * part.stride))
            }
            let (stride, own) = (part.stride, entries(body.isReversed ? 0 : 1, length))
            let place = body.isReversed ? 0 : (length - 1) * stride
            let (ofLast, others) = length > 0 ? own.divided(place..<(place + stride)) : (own, own)
            all.ofLast.append(ofLast.part(place..<(place + stride)).joined(output.shape, output.elementType))
            all.ofFirst.append(entries(body.isReversed ? length : 0, 1))
            all.carried.append(carried)
            let outside = read(others, Shape([length] + output.shape.dimensions), for: output)
            all.seeds.append((output, outside.map { carried + $0 } ?? carried))
        }
        for (output, part) in zip(outputs, parts).dropFirst(body.carryCount) {
            let pieces = gradient.part(part.start..<(part.start + part.shape.count))
            if let outside = read(pieces, part.shape, for: output) { all.seeds.append((output, outside)) }
        }
        return all
    }

    /// What each entry reads of pieces, for one of its outputs; `nil` if they are all zeros.
    private mutating func read(_ pieces: FlatPieces, _ shape: Shape, for output: Node) -> Node? {
        pieces.isEmpty ? nil : read(pieces.joined(shape, output.elementType), for: output)
    }

    // MARK: What an entry computes

    /// The gradients that an entry computes.
    private struct Slopes {
        /// To what is carried into it.
        var carries: [Node]
        /// To what it reads: its place among the sequences, and the number of the yield.
        var entries: [(place: Int, yield: Int)]
        /// To constants: parts that are products over samples.
        var products: [(place: Int, products: [Product])] = []
        /// And parts that are summed up from entry to entry.
        var sums: [Sum] = []
    }

    private mutating func slopes(_ arrivals: Arrivals) -> Slopes {
        let entryPlaces = (0..<body.sequenceCount).filter { wanted[body.carryCount + $0] }
        let constantPlaces = (0..<body.constantCount).filter { wanted[firstConstant + $0] }
        let targets = body.carries + entryPlaces.map { body.entries[$0] } + constantPlaces.map { body.constants[$0] }
        let gradients = Node.gradients(
            of: arrivals.seeds.map(\.output), seeds: arrivals.seeds.map(\.seed), withRespectTo: targets)
        let others = gradients.dropFirst(body.carryCount)
        var all = Slopes(
            carries: Array(gradients.prefix(body.carryCount)),
            entries: zip(entryPlaces, others).map { ($0, yield($1)) })
        for (place, gradient) in zip(constantPlaces, others.dropFirst(entryPlaces.count)) {
            let terms = gradient.terms
            let found = terms.map { Product($0, body) }
            all.products.append((place, found.compactMap { $0 }))
            let rest = zip(terms, found).filter { $1 == nil }.map(\.0)
            guard let head = rest.first else { continue }
            let sum = rest.dropFirst().reduce(head, +).cast(to: body.elementType)
            let stand = Self.stand(for: sum, "sum", all.sums.count)
            all.sums.append(Sum(constant: place, before: stand, after: stand + sum))
        }
        for product in all.products.flatMap(\.products) {
            for factor in [product.left, product.right] where !isRead(factor.node) { _ = yield(factor.node) }
        }
        return all
    }

    // MARK: The loop

    /// The backward pass, with all entries of what it reads and yields.
    private struct Loop {
        /// The gradients to initial values, and the sums.
        var carried: [Node]
        /// All entries of what stands for one.
        var all: [Node: Node]
        /// All entries of what each yields, in the order of the yields.
        var yielded: [Node]
    }

    private mutating func loop(_ arrivals: Arrivals, _ slopes: Slopes) -> Loop {
        let inputs = node.inputs
        // What the forward pass keeps.
        let computed = slopes.carries + slopes.sums.map(\.after) + yields
        let kept = Node.products(of: body, neededBy: computed)
        let forward = kept.isEmpty ? body : body.yielding(kept)
        let result = kept.isEmpty ? node : Node(.scan(forward), inputs)
        var stands: [Node: Node] = [:]
        for (value, part) in zip(kept, forward.parts[body.parts.count...]) {
            stands[value] = read(result.part(part), for: value)
        }

        let carryCount = body.carryCount
        let history = body.parts[..<carryCount].map { result.part($0).entries(body.isReversed ? 1 : 0, body.length) }
        let states = zip(body.carries, history).map { ($0, $1) }
        let given = states + zip(body.entries, inputs[carryCount..<firstConstant]).map { ($0, $1) }
        let (scan, inner) = Node.scan(
            Node.substituted(computed, stands), carries: arrivals.carried + slopes.sums.map(\.before),
            keeps: Array(repeating: false, count: carryCount + slopes.sums.count),
            entries: given.map(\.0) + sequences.map(\.entry),
            initial: arrivals.ofLast + slopes.sums.map { $0.before.filled(0) },
            sequences: given.map(\.1) + sequences.map(\.all), length: body.length, isReversed: !body.isReversed)
        // What it captures is made of the body's own constants, whose values are here.
        let constants = Dictionary(uniqueKeysWithValues: zip(body.constants, inputs[firstConstant...]))
        let backward = Node(scan.operation, Node.substituted(scan.inputs, constants))
        let found = inner.parts.map { backward.part($0) }
        let count = carryCount + slopes.sums.count
        let pairs = given + sequences.map { ($0.entry, $0.all) } + zip(yields, found[count...]).map { ($0, $1) }
        return Loop(
            carried: Array(found[..<count]), all: Dictionary(pairs, uniquingKeysWith: { first, _ in first }),
            yielded: Array(found[count...]))
    }

    // MARK: The results

    /// The gradients to the inputs.
    private func joined(_ arrivals: Arrivals, _ slopes: Slopes, _ loop: Loop) -> [Node?] {
        let (inputs, carryCount) = (node.inputs, body.carryCount)
        var results: [Node?] = Array(repeating: nil, count: inputs.count)
        for index in 0..<carryCount where wanted[index] {
            let (carried, initial) = (loop.carried[index], arrivals.ofFirst[index])
            results[index] =
                initial.isEmpty ? carried : carried + initial.joined(inputs[index].shape, inputs[index].elementType)
        }
        for (place, yield) in slopes.entries {
            results[carryCount + place] = loop.yielded[yield].cast(to: body.entries[place].elementType)
        }
        for (place, products) in slopes.products {
            var terms = products.map { $0.total(loop.all[$0.left.node]!, loop.all[$0.right.node]!) }
            if let sum = slopes.sums.firstIndex(where: { $0.constant == place }) {
                terms.append(loop.carried[carryCount + sum].cast(to: body.constants[place].elementType))
            }
            results[firstConstant + place] = terms.dropFirst().reduce(terms[0], +)
        }
        return results
    }

    /// The place of the first constant among the inputs.
    private var firstConstant: Int { body.carryCount + body.sequenceCount }

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
