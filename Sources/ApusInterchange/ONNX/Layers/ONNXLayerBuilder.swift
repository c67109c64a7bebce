import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor

/// Finds the layers that nodes stand for, and puts them into parts.
struct ONNXLayerBuilder {
    let graph: ONNXGraph
    /// The shapes of all values in the order of the file, for one sample.
    let shapes: [String: [Int]]
    /// How often each value is read.
    private var readers: [String: Int] = [:]
    private var places: [String: Place] = [:]
    private var parts: [Part] = []
    /// Nodes that are part of a layer before them.
    private var taken: Set<String> = []

    /// Where a value of the file comes from.
    struct Place {
        enum Source: Hashable {
            case input(String)
            case part(Int)
        }
        var source: Source
        /// Channels and pixels that lie in another order than in the file, since images were flattened.
        var flat: (channels: Int, pixels: Int)?
        /// Whether axes of extent 1 are missing that the file has: a pooling of whole images gives [N, C].
        var isPooled = false
    }

    /// A layer with the tensors of its variables in the order in which it asks for them.
    struct Weighed {
        let layer: any Layer
        var weights: [Tensor] = []
    }

    private struct Part {
        let from: [Place.Source]
        var merge = Parallel.Merge.add
        var layers: [Weighed] = []
        /// The value that it yields.
        var end: String
    }

    init(_ graph: ONNXGraph, shapes: [String: [Int]]) {
        self.graph = graph
        self.shapes = shapes
        for node in graph.nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
        for output in graph.outputs { readers[output.name, default: 0] += 2 }
        for input in graph.inputs { places[input.name] = Place(source: .input(input.name)) }
    }

    // MARK: Nodes

    mutating func build(path: String) throws {
        var unknown: [String: Int] = [:]
        var lost: Set<String> = []
        for node in graph.nodes where !taken.contains(node.outputs.first ?? "") {
            do { try add(node) } catch is NotALayer {
                // What only follows from it is no news.
                if lost.isDisjoint(with: node.inputs) { unknown[node.kind, default: 0] += 1 }
                lost.formUnion(node.outputs)
            }
        }
        for output in graph.outputs where unknown.isEmpty {
            guard let place = places[output.name], !place.isPooled, (place.flat?.pixels ?? 1) == 1 else {
                unknown["the shape of the output \(output.name)"] = 1
                continue
            }
        }
        guard unknown.isEmpty else {
            throw FormatError(
                .unsupported, path: path, "not all of the model are layers",
                expected: "chains and branches of convolutions, dense layers, normalizations, poolings and activations",
                received: unknown.sorted { $0.key < $1.key }.map { "\($0.key.shown) (\($0.value)×)" }.shown(),
                remedy: "Use the model as it is: it trains, too.")
        }
    }

    /// What no layer stands for.
    struct NotALayer: Error, CustomStringConvertible {
        var description: String { "other layers than those that are known" }
    }

    private mutating func add(_ node: ONNXNode) throws {
        let output = node.outputs.first ?? ""
        guard node.kind != "Constant" else { return }
        // Only what is read, and what was recognized before.
        guard node.outputs.dropFirst().allSatisfy({ readers[$0] == nil }) else { throw NotALayer() }
        let inputs = node.inputs.filter { places[$0] != nil }
        guard let first = inputs.first, let place = places[first] else {
            guard let output = node.outputs.first, readers[output] != nil else { return }
            // Shapes that are computed, which layers know by themselves.
            if node.kind == "Shape" || shapeKinds.contains(node.kind) { return }
            throw NotALayer()
        }
        if inputs.count > 1 {
            try merge(node, inputs, output)
            return
        }
        if node.kind == "Shape" { return }
        if let same = try passed(node, first, place, output) {
            places[output] = same
            return
        }
        if let step = try ONNXLayerKinds.step(node, self, input: first, place: place) {
            append(step.layers, to: first, output: step.output ?? output)
            if let end = step.output { taken.insert(end) }
            places[step.output ?? output]?.flat = step.keepsOrder ? place.flat : nil
            places[step.output ?? output]?.isPooled = step.isPooled
            return
        }
        throw NotALayer()
    }

    /// What only computes shapes.
    private let shapeKinds: Set = [
        "Gather", "Slice", "Concat", "Unsqueeze", "Squeeze", "Cast", "Mul", "Add", "Identity",
    ]

    /// The place of a node's output where nothing happens to the elements; images that are flattened get a layer.
    private mutating func passed(
        _ node: ONNXNode, _ input: String, _ place: Place, _ output: String
    ) throws -> Place? {
        switch node.kind {
        case "Identity":
            rename(input, output)
            return place
        case "Flatten", "Reshape", "Squeeze":
            guard let (from, to) = shape(input).flatMap({ from in shape(output).map { (from, $0) } }) else {
                return nil
            }
            if from == to {
                rename(input, output)
                return place
            }
            guard to.count == 2, to[0] == from[0] else { throw NotALayer() }
            if place.isPooled {
                var flat = place
                flat.isPooled = false
                rename(input, output)
                return flat
            }
            guard from.count > 2, place.flat == nil else { throw NotALayer() }
            append([Weighed(layer: Flatten())], to: input, output: output)
            var flat = places[output] ?? place
            flat.flat = (from[1], from[2...].product)
            return flat
        default: return nil
        }
    }

    /// Several values that become one.
    private mutating func merge(_ node: ONNXNode, _ inputs: [String], _ output: String) throws {
        guard inputs.count == node.inputs.count else { throw NotALayer() }
        let merge: Parallel.Merge
        switch node.kind {
        case "Add", "Sum": merge = .add
        case "Sub": merge = .subtract
        case "Mul": merge = .multiply
        case "Max": merge = .maximum
        case "Min": merge = .minimum
        case "Mean": merge = .average
        case "Concat":
            guard case .int(1)? = node.attributes["axis"] else { throw NotALayer() }
            merge = .concatenate
        default: throw NotALayer()
        }
        let from = inputs.compactMap { places[$0] }
        guard from.allSatisfy({ $0.flat == nil && $0.isPooled == from[0].isPooled }),
            merge == .concatenate || Set(inputs.map { shape($0) ?? [] }).count == 1
        else { throw NotALayer() }
        parts.append(Part(from: from.map(\.source), merge: merge, end: output))
        places[output] = Place(source: .part(parts.count - 1), isPooled: from[0].isPooled)
    }

    func shape(_ value: String) -> [Int]? { shapes[value] }

    /// Puts layers behind a value: into its part if nobody else reads it, else into one of their own.
    private mutating func append(_ layers: [Weighed], to input: String, output: String) {
        if case .part(let index)? = places[input]?.source, parts[index].end == input, readers[input] == 1 {
            parts[index].layers += layers
            parts[index].end = output
            places[output] = Place(source: .part(index))
        } else if let source = places[input]?.source {
            parts.append(Part(from: [source], layers: layers, end: output))
            places[output] = Place(source: .part(parts.count - 1))
        }
    }

    /// A value by another name.
    private mutating func rename(_ input: String, _ output: String) {
        if case .part(let index)? = places[input]?.source, parts[index].end == input, readers[input] == 1 {
            parts[index].end = output
        }
    }

    /// The only reader of a value.
    func reader(_ value: String) -> ONNXNode? {
        readers[value] == 1 ? graph.nodes.first { $0.inputs.contains(value) } : nil
    }

    // MARK: The model

    /// The model with its weights.
    func layers(_ inputs: Signature) throws -> ONNXLayers {
        guard !parts.isEmpty else { throw NotALayer() }
        if parts.count == 1, case .input? = parts[0].from.first, parts[0].from.count == 1, graph.outputs.count == 1,
            inputs.names.count == 1
        {
            let model = Sequential(parts[0].layers.map(\.layer))
            return ONNXLayers(
                model: model, variables: try weights(of: model, inputs, parts: [("", parts[0])]), inputs: inputs,
                outputNames: [""])
        }
        let names = parts.indices.map { partName($0, parts[$0]) }
        guard Set(names).count == names.count else { throw NotALayer() }
        func name(_ source: Place.Source) -> String {
            switch source {
            case .input(let name): name
            case .part(let index): names[index]
            }
        }
        let model = ModelGraph(
            Dictionary(
                uniqueKeysWithValues: zip(names, parts).map { named, part in
                    var result = ModelGraph.Part(merge: part.merge, isOutput: isOutput(part))
                    result.layers = Sequential(part.layers.map(\.layer))
                    result.from = PartNames(part.from.map(name))
                    return (named, result)
                }))
        let variables = try weights(of: model, inputs, parts: zip(names, parts).map { ($0 + "/", $1) })
        return ONNXLayers(
            model: model, variables: variables, inputs: inputs,
            outputNames: graph.outputs.map { output in
                parts.firstIndex { $0.end == output.name }.map { names[$0] } ?? output.name
            })
    }

    private func isOutput(_ part: Part) -> Bool { graph.outputs.contains { $0.name == part.end } }

    /// A part's name: that of the output, else a number.
    private func partName(_ number: Int, _ part: Part) -> String {
        isOutput(part) ? String(part.end.map { $0 == "/" ? "_" : $0 }) : "part\(number)"
    }

    /// The weights of the file at the paths of the layers.
    private func weights(
        of model: any Model, _ inputs: Signature, parts: [(prefix: String, part: Part)]
    ) throws -> Variables {
        var variables = try model.initialized(inputs: inputs, seed: 0)
        for (prefix, part) in parts {
            for (index, weighed) in part.layers.enumerated() {
                let path = "\(prefix)\(index).\(weighed.layer.kind)/"
                let own = variables.paths.filter { $0.hasPrefix(path) }
                guard own.count == weighed.weights.count else { throw NotALayer() }
                for (path, weight) in zip(own, weighed.weights) { try variables.setValue(path, weight) }
            }
        }
        return variables
    }
}
