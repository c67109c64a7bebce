import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor

/// Makes a graph of the message of a file, or says what is wrong with it.
struct ONNXReader {
    private let file: ONNXFile
    private var graph = ONNXGraph()
    /// What is defined so far.
    private var defined: Set<String> = []

    /// The newest set of operators that is known.
    static let newestVersion = 27

    /// - Parameter isDescription: Whether weights may come without numbers.
    static func graph(
        _ model: Onnx_ModelProto, _ file: ONNXFile, isDescription: Bool = false
    ) throws(FormatError) -> ONNXGraph {
        var reader = ONNXReader(file: file)
        try reader.read(model, isDescription: isDescription)
        return reader.graph
    }

    private init(file: ONNXFile) { self.file = file }

    private mutating func read(_ model: Onnx_ModelProto, isDescription: Bool) throws(FormatError) {
        guard model.hasGraph, model.irVersion > 0 || !model.opsetImport.isEmpty else {
            throw FormatError(
                .malformed, path: file.path, "the file holds no model", expected: "a model of ONNX",
                received: model.hasGraph ? "a graph without a version" : "no graph", remedy: "Check the path.")
        }
        try readVersions(model)
        let proto = model.graph
        guard proto.sparseInitializer.isEmpty else {
            throw file.unsupported(
                "the model holds sparse weights", expected: "dense ones",
                received: "\(proto.sparseInitializer.count) sparse",
                remedy: "Export the model without them.")
        }
        try readInitializers(proto, isDescription: isDescription)
        for input in proto.input where graph.constants[input.name] == nil && !isVariable(input.name) {
            guard !input.name.isEmpty, defined.insert(input.name).inserted else {
                throw file.malformed(
                    "two inputs have one name, or one has none", expected: "names of their own",
                    received: input.name.quoted)
            }
            graph.inputs.append(try port(input))
        }
        try readNodes(proto)
        guard !proto.output.isEmpty else { throw file.malformed("the model yields nothing", expected: "outputs") }
        for output in proto.output {
            guard defined.contains(output.name) else {
                throw file.malformed(
                    "nothing yields the output \(output.name.quoted)", expected: "the output of a node")
            }
            graph.outputs.append(try port(output))
        }
        guard Set(graph.outputs.map(\.name)).count == graph.outputs.count else {
            throw file.malformed("an output stands twice", expected: "each output once")
        }
    }

    private func isVariable(_ name: String) -> Bool {
        defined.contains(name) && !graph.inputs.contains { $0.name == name }
    }

    // MARK: Operators

    private mutating func readVersions(_ model: Onnx_ModelProto) throws(FormatError) {
        for set in model.opsetImport {
            let domain = set.domain == "ai.onnx" ? "" : set.domain
            graph.versions[domain] = max(graph.versions[domain] ?? .min, Int(set.version))
        }
        // Files of before the sets had numbers.
        if graph.versions[""] == nil { graph.versions[""] = 1 }
        guard let version = graph.versions[""], (1...ONNXReader.newestVersion).contains(version) else {
            throw file.unsupported(
                "the model uses a set of operators that is not known",
                expected: "opset 1 to \(ONNXReader.newestVersion)",
                received: "opset \(graph.versions[""] ?? 0)",
                remedy: "Export the model with opset_version=\(ONNXReader.newestVersion) or less.")
        }
        let unknown = ONNXReader.unknownKinds(in: model)
        guard unknown.isEmpty else {
            throw file.unsupported(
                "the model uses operators that are not known",
                expected: "operators of ONNX of the table in Documentation/Interoperability.md",
                received: unknown.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                    .map { "\($0.key.shown) (\($0.value)×)" }.shown(),
                remedy: "Export the model without them, or with its functions inlined.")
        }
    }

    /// Operators that are not known, with how many nodes have them; nodes within nodes count.
    private static func unknownKinds(in model: Onnx_ModelProto) -> [String: Int] {
        var unknown: [String: Int] = [:]
        var waiting = [model.graph]
        while let graph = waiting.popLast() {
            for node in graph.node {
                let name = ["", "ai.onnx"].contains(node.domain) ? node.opType : "\(node.domain).\(node.opType)"
                if ONNXOperators.table[name] == nil { unknown[name, default: 0] += 1 }
                for attribute in node.attribute { waiting += attribute.hasG ? [attribute.g] : attribute.graphs }
            }
        }
        return unknown
    }

    // MARK: Weights and constants

    private mutating func readInitializers(_ proto: Onnx_GraphProto, isDescription: Bool) throws(FormatError) {
        let uses = ONNXUses(proto)
        for tensor in proto.initializer {
            let what = "the tensor \(tensor.name.quoted)"
            guard !tensor.name.isEmpty, defined.insert(tensor.name).inserted else {
                throw file.malformed(
                    "two tensors have one name, or one has none", expected: "names of their own",
                    received: tensor.name.quoted)
            }
            try add(tensor, tensor.name, uses, what, isDescription: isDescription)
        }
        for node in proto.node where node.opType == "Constant" && node.output.count == 1 && !node.output[0].isEmpty {
            guard let tensor = node.attribute.first(where: { $0.name == "value" && $0.hasT })?.t,
                uses.isWeight(node.output[0], tensor), !defined.contains(node.output[0])
            else { continue }
            defined.insert(node.output[0])
            try add(
                tensor, node.output[0], uses, "the constant \(node.output[0].quoted)", isDescription: isDescription)
        }
    }

    private mutating func add(
        _ proto: Onnx_TensorProto, _ name: String, _ uses: ONNXUses, _ what: String, isDescription: Bool
    ) throws(FormatError) {
        guard uses.isWeight(name, proto) else {
            graph.constants[name] = try file.tensor(proto, what)
            return
        }
        let shape = try file.shape(proto.dims, what)
        let order = uses.order(name, rank: shape.rank)
        var start: Tensor?
        var type = ONNXType(rawValue: proto.dataType) ?? .float
        if !isDescription {
            let read = try file.tensor(proto, what)
            type = read.type
            start = ONNXValue(read.tensor, read.type).laid(order).cast(to: .float32)
            do { try start?.evaluated() } catch {
                throw file.malformed("\(what) can't be laid out: \(error)".shown(300))
            }
        }
        graph.weights.append(
            ONNXWeight(
                name: name, shape: shape.dimensions, order: order, type: type, isTrainable: !uses.isState(name),
                start: start))
    }

    // MARK: Nodes

    private mutating func readNodes(_ proto: Onnx_GraphProto) throws(FormatError) {
        let later = Set(proto.node.flatMap(\.output))
        for node in proto.node {
            if node.opType == "Constant", let output = node.output.first,
                graph.weights.contains(where: { $0.name == output })
            {
                continue
            }
            let label =
                "the node \((node.name.isEmpty ? node.output.first ?? "" : node.name).quoted) (\(node.opType.shown))"
            for input in node.input where !input.isEmpty && !defined.contains(input) {
                throw later.contains(input)
                    ? file.malformed(
                        "\(label) reads \(input.quoted), which a later node yields",
                        expected: "nodes in order, and no cycle")
                    : file.malformed(
                        "\(label) reads \(input.quoted), which nothing yields",
                        expected: "an input, a weight or the output of a node")
            }
            for output in node.output where !output.isEmpty && !defined.insert(output).inserted {
                throw file.malformed(
                    "\(label) yields \(output.quoted), which there is already", expected: "each name once")
            }
            var attributes: [String: ONNXAttribute] = [:]
            for attribute in node.attribute {
                attributes[attribute.name] = try read(attribute, "the attribute \(attribute.name.quoted) of \(label)")
            }
            graph.nodes.append(
                ONNXNode(
                    name: node.name, kind: node.opType, domain: node.domain == "ai.onnx" ? "" : node.domain,
                    inputs: node.input, outputs: node.output, attributes: attributes))
        }
    }

    private func read(_ proto: Onnx_AttributeProto, _ what: String) throws(FormatError) -> ONNXAttribute {
        switch proto.type {
        case .int: .int(Int(proto.i))
        case .float: .float(Double(proto.f))
        case .string: .string(String(decoding: proto.s, as: UTF8.self))
        case .ints: .ints(proto.ints.map { Int($0) })
        case .floats: .floats(proto.floats.map { Double($0) })
        case .strings: .strings(proto.strings.map { String(decoding: $0, as: UTF8.self) })
        case .tensor: .tensor(try file.tensor(proto.t, what))
        case .undefined: undefined(proto)
        default: .other("\(proto.type)")
        }
    }

    /// Files of before attributes had types.
    private func undefined(_ proto: Onnx_AttributeProto) -> ONNXAttribute {
        if proto.hasI { return .int(Int(proto.i)) }
        if proto.hasF { return .float(Double(proto.f)) }
        if proto.hasS { return .string(String(decoding: proto.s, as: UTF8.self)) }
        if !proto.floats.isEmpty { return .floats(proto.floats.map { Double($0) }) }
        return .ints(proto.ints.map { Int($0) })
    }

    // MARK: Inputs and outputs

    private func port(_ proto: Onnx_ValueInfoProto) throws(FormatError) -> ONNXGraph.Port {
        guard case .tensorType(let tensor)? = proto.type.value else {
            if !proto.hasType { return ONNXGraph.Port(name: proto.name, type: .float, shape: nil) }
            throw file.unsupported(
                "\(proto.name.quoted) is no tensor", expected: "tensors as inputs and outputs",
                received: "a sequence, a map or an optional value", remedy: "Export the model without it.")
        }
        guard let type = ONNXType(rawValue: tensor.elemType), type.elementType != nil else {
            throw file.unsupported(
                "\(proto.name.quoted) holds elements that are not read", expected: "numbers or truth values",
                received: ONNXType(rawValue: tensor.elemType)?.name ?? "type \(tensor.elemType)",
                remedy: "Export the model in float32.")
        }
        guard tensor.hasShape else { return ONNXGraph.Port(name: proto.name, type: type, shape: nil) }
        let extents: [Int?] = tensor.shape.dim.map { dim in
            guard case .dimValue(let extent)? = dim.value, extent > 0 || extent == 0 && type != .float else {
                return nil
            }
            return Int(extent)
        }
        return ONNXGraph.Port(name: proto.name, type: type, shape: extents)
    }
}
