import ApusFormats
import ApusGraph
import ApusInference
import ApusNN
import ApusTensor

/// A model at inference as a graph for any number of samples.
///
/// The model is traced for two numbers of samples. What differs between the two depends on them; it must be a multiple.
struct SampleTrace {
    /// The numbers of samples that are traced for; extents that are in the ratio of these are multiples.
    private static let sampleCounts = (2, 3)

    /// The nodes, each after its inputs.
    let nodes: [Node]
    /// The inputs of the model in order.
    let inputs: [(name: String, node: Node)]
    /// The outputs of the model in order.
    let outputs: [(name: String, node: Node)]
    /// The variables' paths by their nodes.
    let variables: [Node: String]
    /// The nodes that read a node, each once.
    let users: [Node: [Node]]
    /// The nodes of variables by their paths.
    let variableNodes: [String: Node]
    /// Calls of recurrent layers by what they yield.
    let recurrentCalls: [Node: RecurrentCall]
    private let shapes: [Node: [AxisExtent]]
    private let places: [Node: Place]
    private let path: String

    /// The layer that made a node.
    struct Place {
        var path: String
        var label: String
    }

    /// - Throws: `GraphError` if the model does not fit its inputs, `VariablesError` if the variables belong to another one,
    ///   `FormatError` if the model depends on the number of samples in a way that a graph for any number can't.
    init(_ model: some Model, _ variables: Variables, _ inputs: Signature, path: String) throws {
        let values = variables.paths.map { variables[$0]! }
        try evaluate(values)
        let given = Dictionary(uniqueKeysWithValues: zip(variables.paths, values))
        let (first, names) = try SampleTrace.traced(model, given, inputs, samples: SampleTrace.sampleCounts.0)
        let (second, _) = try SampleTrace.traced(model, given, inputs, samples: SampleTrace.sampleCounts.1)
        self.path = path
        self.inputs = names
        outputs = first.outputs.map { ($0.name, $0.tensor.node) }
        self.variables = Dictionary(zip(values.map(\.node), variables.paths)) { first, _ in first }
        variableNodes = Dictionary(uniqueKeysWithValues: zip(variables.paths, values.map(\.node)))
        recurrentCalls = RecurrentCall.calls(first.records)
        nodes = Node.sorted(outputs.map(\.node))
        guard !nodes.isEmpty else {
            throw FormatError(
                .unsupported, path: path, "the model yields nothing", remedy: "Write a model that has outputs.")
        }
        places = SampleTrace.places(first)
        var users: [Node: [Node]] = [:]
        for node in nodes {
            for input in node.inputs where users[input]?.last != node { users[input, default: []].append(node) }
        }
        self.users = users
        shapes = try SampleTrace.shapes(nodes, Node.sorted(second.outputs.leaves.map(\.node)), places, path)
    }

    private static func traced(
        _ model: some Model, _ variables: [String: Tensor], _ inputs: Signature, samples: Int
    ) throws -> (TracedModel, inputs: [(name: String, node: Node)]) {
        let inputs = inputs.map { name, input in
            let shape = Shape([samples] + input.shape.dimensions)
            return (
                name: name,
                node: Node(.input(name.isEmpty ? "input" : name, TensorType(shape, input.elementType)))
            )
        }
        // Of attention ONNX knows the parts; loops are written out.
        let traced = AttentionExpansion.$isWanted.withValue(true) {
            LoopExpansion.$isWanted.withValue(true) {
                TracedModel(
                    model, Values(inputs.map { ($0.name, Tensor($0.node)) }), mode: .inference,
                    key: Tensor(Node(.input("key", TensorType([2], .int64)))), variables: variables)
            }
        }
        if let (path, _) = traced.missing.first { throw VariablesError(lacking: path) }
        try traced.validate()
        return (traced, inputs)
    }

    /// The innermost layer around each node.
    private static func places(_ traced: TracedModel) -> [Node: Place] {
        var places: [Node: Place] = [:]
        for record in traced.records {
            let inputs = Set(record.inputs.leaves.map(\.node))
            let place = Place(path: record.path, label: record.layer.label)
            // Inner layers come before the one around them, and have their nodes already.
            let own = Node.sorted(record.outputs.leaves.map(\.node), leavingOut: inputs.contains)
            for node in own where places[node] == nil { places[node] = place }
        }
        return places
    }

    /// The extents of every node, from both traces.
    private static func shapes(
        _ nodes: [Node], _ others: [Node], _ places: [Node: Place], _ path: String
    ) throws(FormatError) -> [Node: [AxisExtent]] {
        func problem(_ node: Node, _ problem: String) -> FormatError {
            FormatError(
                .unsupported, path: path,
                "\(places[node].described) can't be written for any number of samples: \(problem)",
                remedy: "Write the layer so that it does the same to each sample.")
        }
        guard nodes.count == others.count else {
            let place = zip(nodes, others).first { $0.operation.name != $1.operation.name }?.0 ?? nodes[nodes.count - 1]
            throw problem(place, "it has other operations for \(sampleCounts.1) samples than for \(sampleCounts.0)")
        }
        var shapes: [Node: [AxisExtent]] = [:]
        for (node, other) in zip(nodes, others) {
            guard node.operation.withoutExtents(node) == other.operation.withoutExtents(other),
                node.shape.rank == other.shape.rank
            else { throw problem(node, "its \(node.operation.name) depends on that number") }
            shapes[node] = try zip(node.shape.dimensions, other.shape.dimensions).map {
                (a, b) throws(FormatError) -> AxisExtent in
                guard a > 0 else { throw problem(node, "its \(node.operation.name) has an empty axis") }
                if a == b { return .fixed(a) }
                guard a % sampleCounts.0 == 0, a / sampleCounts.0 * sampleCounts.1 == b else {
                    throw problem(
                        node,
                        "its \(node.operation.name) has the extents \(a) and \(b) for \(sampleCounts.0) and "
                            + "\(sampleCounts.1) samples")
                }
                return .samples(a / sampleCounts.0)
            }
        }
        return shapes
    }

    /// The extents of a node's axes.
    func shape(_ node: Node) -> [AxisExtent] { shapes[node]! }

    /// The extents of an input's axes; nothing may read it.
    func shape(ofInput node: Node) -> [AxisExtent] {
        [.samples(1)] + node.shape.dimensions.dropFirst().map { .fixed($0) }
    }

    /// The only node that reads a node, if there is exactly one and the model does not yield the node.
    func onlyUser(_ node: Node) -> Node? {
        guard let users = users[node], users.count == 1, !outputs.contains(where: { $0.node == node }) else {
            return nil
        }
        return users[0]
    }

    /// The path of the layer that made a node; that of the model is empty.
    func layer(_ node: Node) -> String { places[node]?.path ?? "" }

    /// An error that names the layer of a node.
    ///
    /// - Parameter node: `nil` for what is wrong with all of the model.
    func unsupported(_ node: Node?, _ problem: String, remedy: String) -> FormatError {
        FormatError(
            .unsupported, path: path, "\(node.flatMap { places[$0] }.described) can't be written as ONNX: \(problem)",
            remedy: remedy)
    }
}

extension SampleTrace.Place? {
    /// The layer in messages: `the layer 2.lambda (Lambda("noise"))`.
    fileprivate var described: String {
        guard let self, !self.path.isEmpty else { return "the model" }
        return "the layer \(self.path) (\(self.label))"
    }
}

extension ApusGraph.Operation {
    /// The operation without what follows from the shapes of its node, for comparing those of different numbers of samples.
    fileprivate func withoutExtents(_ node: Node) -> ApusGraph.Operation {
        switch self {
        case .input(_, let type): .input("", TensorType([], type.elementType))
        case .constant(let value, let type): .constant(value, TensorType([], type.elementType))
        case .iota(let axis, let type): .iota(axis: axis, TensorType([], type.elementType))
        case .random(let distribution, let stream, let type):
            .random(distribution, stream: stream, TensorType([], type.elementType))
        case .reshape: .reshape([])
        case .broadcast: .broadcast([])
        case .slice(let slices):
            .slice(
                zip(slices, node.inputs[0].shape.dimensions).map { slice, extent in
                    slice.isWhole(extent) ? AxisSlice(start: 0, count: -1) : slice
                })
        default: self
        }
    }
}

extension AxisSlice {
    /// Whether the slice takes all of an axis.
    func isWhole(_ extent: Int) -> Bool { start == 0 && count == extent && stride == 1 }
}
