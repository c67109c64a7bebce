import ApusBackend
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor

/// A value of the graph that is being written.
struct ExportedValue {
    /// Where the elements are.
    enum Source {
        /// What a node yields, or an input.
        case named(String)
        /// Numbers that are known; they become an initializer in the layout in which they are read.
        case constant(Tensor, of: Node)
    }

    var source: Source
    var layout: AxisLayout

    var isConstant: Bool {
        if case .constant = source { true } else { false }
    }
}

/// Writes the nodes of a traced model as those of ONNX.
///
/// Nodes are visited after their inputs. Each has a value: a name in ONNX and a layout of its axes. Operators that images come in
/// channels first for (convolutions, poolings, normalizations) ask for that layout; what works element by element keeps the layout it
/// finds. What was visited but is part of an operator that says more (`HardSwish`, `Gemm`) is not needed by anything, and goes.
final class GraphExporter {
    /// What inputs and outputs without a name are called.
    static let (input, output) = ("input", "output")

    let trace: SampleTrace
    private(set) var graph = ExportedGraph()
    private var values: [Node: ExportedValue] = [:]
    private var constants: Set<Node> = []
    /// Additions of a bias that are part of the operator before them, with the operand that they have the value of.
    private var absorbed: [Node: Node] = [:]
    /// What is stretched by an integer along its axes, by the node that results.
    var resized: [Node: (source: Node, scales: [Int])] = [:]
    private var names: Set<String> = []
    private var known: [ExportedGraph.Node: String] = [:]
    private var initializers: [InitializerKey: String] = [:]
    private var shared: [SharedKey: String] = [:]
    private var stored: [String: String] = [:]
    /// The node that is being visited.
    private(set) var current: Node

    private struct SharedKey: Hashable {
        let shape: Shape
        let type: ElementType
        let values: [Double]
    }

    private struct InitializerKey: Hashable {
        let node: Node
        let order: [Int]
        let parts: [AxisExtent]
        let shape: Shape
    }

    /// - Throws: `FormatError` for what ONNX has no counterpart of.
    static func graph(_ trace: SampleTrace, layout: ImageLayout) throws -> ExportedGraph {
        let exporter = GraphExporter(trace)
        try exporter.run(layout)
        return exporter.graph
    }

    private init(_ trace: SampleTrace) {
        self.trace = trace
        current = trace.nodes[0]
    }

    private func run(_ layout: ImageLayout) throws {
        try reserveNames()
        for (name, node) in trace.inputs {
            let name = name.isEmpty ? GraphExporter.input : name
            var value = ExportedValue(source: .named(name), layout: AxisLayout(trace.shape(ofInput: node)))
            value.layout.axes = layout.axes(value.layout)
            graph.inputs.append(port(name, value, node.elementType))
            values[node] = value
        }
        findConstants()
        let read = readNodes()
        for node in trace.nodes where values[node] == nil && !constants.contains(node) && read.contains(node) {
            switch node.operation {
            // Written where they are read.
            case .broadcast, .input: continue
            default: current = node
            }
            if let source = absorbed[node] { values[node] = values[source] } else { values[node] = try exported(node) }
        }
        for (name, node) in trace.outputs { try yield(name.isEmpty ? GraphExporter.output : name, node, layout) }
        graph.removeUnused()
    }

    /// The nodes that anything reads: not the steps of layers that are written as one operator.
    private func readNodes() -> Set<Node> {
        var read: Set<Node> = []
        var rest = trace.outputs.map(\.node)
        while let node = rest.popLast() {
            guard read.insert(node).inserted else { continue }
            if let call = recurrentCall(node) { rest.append(call.x) } else { rest += node.inputs }
        }
        return read
    }

    /// Inputs and outputs have their names; everything else takes others.
    private func reserveNames() throws {
        let ports =
            trace.inputs.map { $0.name.isEmpty ? GraphExporter.input : $0.name }
            + trace.outputs.map { $0.name.isEmpty ? GraphExporter.output : $0.name }
        for name in ports where !names.insert(name).inserted {
            throw trace.unsupported(
                nil, "two of its inputs and outputs are called \"\(name)\"", remedy: "Give each a name of its own.")
        }
    }

    private func yield(_ name: String, _ node: Node, _ layout: ImageLayout) throws {
        current = node
        var value = try value(of: node)
        value = arranged(value, layout.axes(value.layout))
        guard case .named(let source) = value.source else { preconditionFailure("arranged values have names") }
        let isOwn =
            graph.nodes.contains { $0.outputs.contains(source) } && !graph.outputs.contains { $0.name == source }
        if isOwn {
            graph.rename(source, to: name)
            for (node, value) in values {
                if case .named(source) = value.source { values[node]!.source = .named(name) }
            }
            known = known.filter { $0.value != source }
        } else {
            graph.nodes.append(
                ExportedGraph.Node(
                    type: "Identity", inputs: [source], outputs: [name], attributes: [:], name: unique("Identity")))
        }
        graph.outputs.append(port(name, value, node.elementType))
    }

    private func port(_ name: String, _ value: ExportedValue, _ type: ElementType) -> ExportedGraph.Port {
        let extents = value.layout.extents.map { extent -> ExportedGraph.Extent in
            switch extent {
            case .fixed(let count): .fixed(count)
            case .samples(let factor): .open(factor == 1 ? "N" : "\(factor)N")
            }
        }
        return ExportedGraph.Port(name: name, extents: extents, elementType: type)
    }

    /// Notes which nodes have values that are known: they depend on no input, nor on the number of samples.
    private func findConstants() {
        for node in trace.nodes where values[node] == nil {
            let isKnown =
                switch node.operation {
                case .input: node.attachment is Buffer
                case .constant, .iota: true
                case .random: false
                default: node.inputs.allSatisfy(constants.contains)
                }
            if isKnown, trace.shape(node).allSatisfy(\.isFixed) { constants.insert(node) }
        }
    }

    // MARK: Values

    /// The value of a node that has been visited, or that needs no visit.
    func value(of node: Node) throws -> ExportedValue {
        if let value = values[node] { return value }
        let value = constants.contains(node) ? try constant(node) : try stretched(node)
        values[node] = value
        return value
    }

    /// Whether the value of a node is known.
    func isConstant(_ node: Node) -> Bool { constants.contains(node) }

    private func constant(_ node: Node) throws -> ExportedValue {
        switch node.operation {
        case .reshape, .transpose:
            // Kernels keep their names.
            let input = try value(of: node.inputs[0])
            if let moved = moved(node, input) { return moved }
        default: break
        }
        let tensor = try Tensor(node).evaluated()
        return ExportedValue(source: .constant(tensor, of: node), layout: AxisLayout(trace.shape(node)))
    }

    /// A reshape or transposition that only changes the layout; `nil` if it must be written.
    func moved(_ node: Node, _ input: ExportedValue) -> ExportedValue? {
        var value = input
        switch node.operation {
        case .reshape:
            guard let layout = input.layout.reshaped(trace.shape(node)) else { return nil }
            value.layout = layout
        case .transpose(let permutation): value.layout = input.layout.transposed(permutation)
        default: return nil
        }
        return value
    }

    /// Lets an addition have the value of one of its operands, which contains the other already.
    func absorb(_ addition: Node, into operand: Node) { absorbed[addition] = operand }

    // MARK: Names

    /// A name that nothing has yet.
    func unique(_ name: String) -> String {
        if names.insert(name).inserted { return name }
        var number = 2
        while !names.insert("\(name)_\(number)").inserted { number += 1 }
        return "\(name)_\(number)"
    }

    /// A name below that of the layer that is being written.
    private func named(_ name: String) -> String {
        let layer = trace.layer(current).withDots
        return unique(layer.isEmpty ? name : "\(layer).\(name)")
    }

    /// Adds a node of one result; the same operator on the same values is written once.
    func add(_ type: String, _ inputs: [String], _ attributes: [String: ExportedGraph.Attribute] = [:]) -> String {
        add(type, inputs, attributes, results: 1)[0]
    }

    /// Adds a node of several results.
    func add(
        _ type: String, _ inputs: [String], _ attributes: [String: ExportedGraph.Attribute] = [:], results: Int
    ) -> [String] {
        let key = ExportedGraph.Node(type: type, inputs: inputs, outputs: [], attributes: attributes, name: "")
        if results == 1, let name = known[key] { return [name] }
        let name = named(type)
        let outputs = [name] + (1..<max(1, results)).map { unique("\(name)_result\($0)") }
        graph.nodes.append(
            ExportedGraph.Node(type: type, inputs: inputs, outputs: outputs, attributes: attributes, name: name))
        known[key] = name
        return outputs
    }

    /// The name of whole numbers that an operator takes, such as axes.
    func numbers(_ numbers: [Int]) -> String { shared(Tensor(numbers, shape: [numbers.count], type: .int64)) }

    /// The name of one number that an operator takes.
    func number(_ value: Double, _ type: ElementType) -> String { shared(Tensor.full([], value, type: type)) }

    /// The name of a few numbers, which are stored once and named by what they are: `int64_0_-1`, `float32_0.5`.
    func shared(_ tensor: Tensor, name: String? = nil) -> String {
        let values = tensor.scalars(as: Double.self)
        let key = SharedKey(shape: tensor.shape, type: tensor.elementType, values: values)
        if let known = shared[key] { return known }
        let texts = values.prefix(8).map { value in
            tensor.elementType.isFloatingPoint ? "\(Float(value))" : "\(Int(value))"
        }
        let name = unique(name ?? (["\(tensor.elementType)"] + texts).joined(separator: "_"))
        graph.initializers.append(ExportedGraph.Initializer(name: name, tensor: tensor))
        shared[key] = name
        return name
    }

    /// The name of numbers that are stored under a name in the form in which one operator reads them.
    func stored(_ tensor: Tensor, _ name: String) -> String {
        if let known = stored[name] { return known }
        let own = unique(name)
        graph.initializers.append(ExportedGraph.Initializer(name: own, tensor: tensor))
        stored[name] = own
        return own
    }

    /// The name of a constant in a layout.
    func initializer(_ tensor: Tensor, of node: Node, _ layout: AxisLayout, _ axes: [[Int]]) -> String {
        let (stored, order) = (layout.axes.flatMap { $0 }, axes.flatMap { $0 })
        let extents = axes.map { layout.extent($0) }
        guard let shape = extents.fixedShape, let parts = stored.map({ layout.parts[$0] }).fixedShape else {
            preconditionFailure("constants do not depend on the number of samples")
        }
        let permutation = order.map { stored.firstIndex(of: $0)! }
        let key = InitializerKey(
            node: node, order: permutation, parts: parts.dimensions.map { .fixed($0) }, shape: shape)
        if let known = initializers[key] { return known }
        var value = tensor
        if permutation != Array(permutation.indices) { value = value.reshaped(to: parts).transposed(permutation) }
        if value.shape != shape { value = value.reshaped(to: shape) }
        var origin = node
        while case .stopGradient = origin.operation { origin = origin.inputs[0] }
        let path = trace.variables[origin]?.withDots
        if path == nil, shape.count == 1 { return shared(value) }
        let name = path.map(unique) ?? named("constant")
        graph.initializers.append(ExportedGraph.Initializer(name: name, tensor: value))
        initializers[key] = name
        return name
    }
}

extension String {
    /// A path with dots: `block.conv.kernel`.
    var withDots: String { split(separator: "/").joined(separator: ".") }
}
