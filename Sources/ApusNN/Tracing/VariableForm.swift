package import ApusGraph

/// What a variable is used for, so far as its place in files of other frameworks depends on it.
package enum VariableForm: Hashable, Sendable {
    /// Its elements have one order everywhere.
    case plain
    /// The kernel of a convolution, [..., in, out].
    case convolution
    /// The kernel of a product, [in, out].
    case product
    /// The kernel of a product of flattened images or sequences, [product, out]; their shape [H, W, C] is given.
    case productOfFlattened(Shape)
    /// A factor for each channel, [C], as a layer of its own.
    case channelScale
    /// The statistics or factors of a batch normalization, [C].
    case batchNorm
}

extension TracedModel {
    /// Every variable that was asked for, in order, with what it is used for.
    var usedDescriptions: [(path: String, description: VariableDescription)] {
        let nodes = Node.sorted(outputs.leaves.map(\.node) + updates.values.map(\.node))
        var users: [Node: Node] = [:]
        for node in nodes { for input in node.inputs where users[input] == nil { users[input] = node } }
        let places = PlacesOfVariables(records)
        return descriptions.map { path, description in
            var description = description
            description.layerKind = places.kind(path)
            description.place = places.place(path)
            description.form =
                switch description.layerKind {
                case BatchNorm.kind: .batchNorm
                case ChannelScale.kind: .channelScale
                default: TracedModel.form(of: variable(path).node, users)
                }
            return (path, description)
        }
    }

    /// What a variable is used for, by the node that uses it first.
    private static func form(of variable: Node, _ users: [Node: Node]) -> VariableForm {
        var node = variable
        while let user = users[node] {
            switch user.operation {
            case .reshape, .cast, .stopGradient: node = user
            case .convolution where user.inputs[1] == node, .convolutionInputGradient where user.inputs[1] == node:
                return .convolution
            case .matmul where user.inputs[1] == node && node.shape.rank == 2:
                return flattened(user.inputs[0]).map { .productOfFlattened($0) } ?? .product
            default: return .plain
            }
        }
        return .plain
    }

    /// Whether convolutions or poolings yield what x is made of, and not words, states or products.
    private static func isRead(byWindows x: Node) -> Bool {
        var node = x
        while true {
            switch node.operation {
            case .gather, .scan, .matmul, .attention: return false
            case .convolution, .maxPool, .averagePool: return true
            default:
                guard let input = node.inputs.first else { return true }
                node = input
            }
        }
    }

    /// The shape [H, W, C] of the images whose elements stand in the rows of x, if they were flattened on the way.
    private static func flattened(_ x: Node, depth: Int = 0) -> Shape? {
        guard depth < 16 else { return nil }
        switch x.operation {
        case .reshape:
            let shape = x.inputs[0].shape
            guard shape.rank > 2, shape[0] == x.shape[0], x.shape.rank == 2 else { return nil }
            let sample = Shape(Array(shape.dimensions.dropFirst()))
            // Sequences have their channels first where windows go over them, else last.
            guard sample.rank > 2 || isRead(byWindows: x.inputs[0]) else { return nil }
            // Channels alone have one order.
            return sample.dimensions.dropLast().allSatisfy { $0 == 1 } ? nil : sample
        case .unary, .binary, .select, .clamp, .cast, .stopGradient:
            for input in x.inputs where input.shape == x.shape {
                if let shape = flattened(input, depth: depth + 1) { return shape }
            }
            return nil
        default: return nil
        }
    }
}
