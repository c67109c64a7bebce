import ApusBackend
import ApusGraph
import ApusReference
import ApusTestSupport

/// Draws graphs of the operations that fusion, views and memory planning treat in different ways.
struct RandomGraph {
    private var generator: PhiloxGenerator
    private var inputs: [Node] = []
    /// float32 nodes to build on.
    private var pool: [Node] = []

    /// - Parameter imageBatch: The number of images, or `nil` for matrices and vectors only.
    init(seed: UInt64, imageBatch: Int?) {
        generator = PhiloxGenerator(seed: seed)
        for shape in [[4, 6], [6], [4, 1], [], [2, 4, 6], [6, 4], [1]] as [Shape] { addInput(shape) }
        if let imageBatch {
            for shape in [[imageBatch, 6, 5, 2], [3], [2]] as [Shape] { addInput(shape) }
        }
    }

    /// The graph with `size` random nodes; some are outputs, some outputs replace inputs, some are gradients.
    static func draw(seed: UInt64, size: Int, imageBatch: Int?) -> (graph: Graph, values: [ReferenceValue]) {
        var random = RandomGraph(seed: seed, imageBatch: imageBatch)
        while random.pool.count < size { random.grow() }
        let outputs = random.outputs()
        let values = random.inputs.map { input in
            TestInput.floating(input.shape, .uniform(-1...1)).draw(.float32, using: &random.generator)
        }
        return (Graph(inputs: random.inputs, outputs: outputs), values)
    }

    private mutating func addInput(_ shape: Shape) {
        let node = Node(.input("x\(inputs.count)", TensorType(shape, .float32)))
        inputs.append(node)
        pool.append(node)
    }

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func chance(_ percent: Int) -> Bool { number(0..<100) < percent }

    private mutating func pick(_ condition: (Node) -> Bool = { _ in true }) -> Node? {
        // Recent nodes more often: long chains.
        let candidates = pool.filter(condition)
        guard !candidates.isEmpty else { return nil }
        let recent = candidates.suffix(8)
        return chance(60) ? recent.randomElement(using: &generator) : candidates.randomElement(using: &generator)
    }

    // MARK: Growing

    private mutating func grow() {
        guard let node = chance(75) ? grown() : grownImage() ?? grown(), node.isValid, node.shape.count <= 4000 else {
            return
        }
        pool.append(node)
    }

    private mutating func grown() -> Node? {
        let x = pick()!
        let rank = x.shape.rank
        switch number(0..<21) {
        case 0, 1:
            return x.unary([.tanh, .sigmoid, .sine, .negate, .relu, .absolute].randomElement(using: &generator)!)
        case 2, 3, 4:
            let y = chance(50) ? pick { $0.shape == x.shape }! : pick { Shape.broadcast($0.shape, x.shape) != nil }!
            let sum = Node.binary([.add, .subtract, .maximum, .minimum].randomElement(using: &generator)!, x, y)
            return chance(30) ? sum.unary(.tanh) : sum
        case 5:
            let y = pick { Shape.broadcast($0.shape, x.shape) != nil }!
            return Node.binary(.multiply, x, y).unary(.tanh)
        case 6: return Node.binary(.multiply, x, .constant(0.5))
        case 7:
            // The derivatives that products absorb.
            guard let g = pick({ $0.shape == x.shape }) else { return nil }
            let y = x.unary(.tanh)
            switch number(0..<3) {
            case 0:
                return Node.select(
                    .binary(.greater, inputs[0].shape == x.shape ? inputs[0] : y, .constant(0)), g, .constant(0))
            case 1: return Node.binary(.multiply, g, .binary(.subtract, .constant(1), y.unary(.square)))
            default: return Node.binary(.multiply, .binary(.multiply, g, y), .binary(.subtract, .constant(1), y))
            }
        case 8: return rank > 0 ? x.reduce([.sum, .mean].randomElement(using: &generator)!, [number(0..<rank)]) : nil
        case 9: return rank > 1 ? x.transpose(Array(0..<rank).shuffled(using: &generator)) : nil
        case 10:
            if x.shape.count == 24 {
                return x.reshape(([[4, 6], [6, 4], [24], [2, 3, 4]] as [Shape]).randomElement(using: &generator)!)
            }
            return x.reshape(Shape([1] + x.shape.dimensions))
        case 11:
            guard rank > 0 else { return nil }
            let axis = number(0..<rank)
            guard x.shape[axis] > 1 else { return nil }
            let slices = x.shape.dimensions.enumerated().map { index, extent in
                index == axis
                    ? AxisSlice(start: 1, count: extent / 2, stride: extent > 2 ? 2 : 1)
                    : AxisSlice(start: 0, count: extent)
            }
            let sliced = Node(.slice(slices), [x])
            return sliced.isValid ? sliced : nil
        case 12: return rank > 0 ? Node(.reverse(axes: [number(0..<rank)]), [x]) : nil
        case 13:
            guard rank > 0, rank < 4 else { return nil }
            return Node(
                .pad(
                    (0..<rank).map { _ in AxisPadding(low: number(0..<2), high: number(0..<2)) }, value: .floating(0.25)
                ), [x])
        case 14:
            guard rank > 0, let y = pick({ $0.shape == x.shape }) else { return nil }
            return Node(.concatenate(axis: number(0..<rank)), [x, y])
        case 15, 16, 17:
            guard let a = pick({ $0.shape.rank == 2 }),
                let b = pick({ $0.shape.rank == 2 && $0.shape[0] == a.shape[1] })
            else { return nil }
            var product = Node.matmul(a, b)
            if chance(50), let bias = pick({ $0.shape == [product.shape[1]] }) {
                product = Node.binary(.add, product, bias)
            }
            return chance(60) ? product.unary([.relu, .tanh, .sigmoid].randomElement(using: &generator)!) : product
        case 18: return rank > 0 ? Node(.softmax(axis: rank - 1), [x]) : nil
        case 19:
            // Two heads of queries, and one or two of keys and values, over three positions or six.
            guard let q = pick({ $0.shape.count == 24 }), let k = pick({ $0.shape.count == 24 }),
                let v = pick({ $0.shape.count == 24 })
            else { return nil }
            var form = AttentionForm(isCausal: chance(50), scale: chance(50) ? 0.5 : 1)
            let shape = ([[2, 3, 2, 2], [2, 6, 1, 2]] as [Shape]).randomElement(using: &generator)!
            var operands = [q.reshape([2, 3, 2, 2]), k.reshape(shape), v.reshape(shape)]
            if chance(40) {
                let type = TensorType([chance(50) ? 2 : 1, 1, chance(50) ? 3 : 1, shape[1]], .int32)
                // Of positions: gradients to numbers that are added may be 0 but for rounding.
                let seen = Node.binary(
                    .less, Node(.iota(axis: 3, type)), .constant(Double(number(1..<shape[1] + 1)), [], .int32))
                form.mask = chance(50) ? .seen : .added
                operands.append(
                    form.mask == .seen
                        ? seen : Node.select(seen, seen.cast(to: .float32), Node.constant(-Double.infinity)))
            }
            return Node(.attention(form), operands)
        default:
            return rank > 0
                ? Node(.cumulativeSum(axis: rank - 1, exclusive: chance(50), reverse: chance(50)), [x]).unary(.tanh)
                : nil
        }
    }

    private mutating func grownImage() -> Node? {
        guard let x = pick({ $0.shape.rank == 4 && $0.shape[1] >= 2 && $0.shape[2] >= 2 }) else { return nil }
        let two = ImageSize(height: 2, width: 2)
        switch number(0..<6) {
        case 0, 1, 2:
            let size = Swift.min(3, x.shape[1], x.shape[2])
            let kernelShape: Shape = [size, size, x.shape[3], number(1..<4)]
            let known = inputs.filter { $0.shape == kernelShape }
            if known.isEmpty || chance(50) { addInput(kernelShape) }
            let kernel = inputs.last { $0.shape == kernelShape }!
            let padding = chance(50) ? ImagePadding(top: 1, left: 1, bottom: 1, right: 1) : .zero
            var y = Node(.convolution(ConvolutionGeometry(padding: padding)), [x, kernel])
            if chance(60), let bias = pick({ $0.shape == [kernelShape[3]] }) { y = Node.binary(.add, y, bias) }
            if chance(80) { y = y.unary(chance(60) ? .relu : .tanh) }
            if chance(50), y.isValid, y.shape[1] >= 2, y.shape[2] >= 2 {
                y = Node(.maxPool(PoolGeometry(window: two, strides: two)), [y])
            }
            return y.unary(.tanh)
        case 3: return Node(.averagePool(PoolGeometry(window: two, strides: two, ceilMode: chance(50))), [x])
        case 4: return Node(.maxPool(PoolGeometry(window: two, strides: ImageSize(height: 1, width: 1))), [x])
        default: return Node.binary(.multiply, x, .binary(.add, x, .constant(0.5)))
        }
    }

    // MARK: Outputs

    private mutating func outputs() -> [Graph.Output] {
        var nodes: [Node] = []
        for _ in 0..<number(1..<5) { nodes.append(pick()!) }
        nodes.append(pool.last!)
        if chance(60) {
            let losses = nodes.map { $0.unary(.square).reduce(.sum, Array(0..<$0.shape.rank)) }
            let loss = losses.dropFirst().reduce(losses[0]) { Node.binary(.add, $0, $1) }
            let targets = inputs.filter { _ in chance(50) }
            nodes += Node.gradients(of: [loss], withRespectTo: targets)
        }
        var taken: Set<Int> = []
        return nodes.enumerated().map { index, node in
            let fitting = inputs.indices.filter { inputs[$0].type == node.type && !taken.contains($0) }
            let replaced = chance(50) ? fitting.randomElement(using: &generator) : nil
            if let replaced { taken.insert(replaced) }
            return Graph.Output(name: "\(index)", node: node, replaces: replaced)
        }
    }
}
