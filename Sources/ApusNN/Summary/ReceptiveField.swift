import ApusGraph

/// The part of the input that one element of a result depends on.
struct ReceptiveField: Hashable {
    /// Height and width; `nil` where everything counts.
    var size: Size2D?
    /// The distance in the input between neighbours in the result.
    var step: Size2D

    static let element = ReceptiveField(size: Size2D(1, 1), step: Size2D(1, 1))
    static let everything = ReceptiveField(size: nil, step: Size2D(1, 1))

    /// A window moves over the result.
    func under(window: ImageSize, strides: ImageSize, dilation: ImageSize = ImageSize(height: 1, width: 1))
        -> ReceptiveField
    {
        guard let size else { return self }
        return ReceptiveField(
            size: Size2D(
                size.height +| (window.height - 1) *| dilation.height *| step.height,
                size.width +| (window.width - 1) *| dilation.width *| step.width),
            step: Size2D(step.height *| strides.height, step.width *| strides.width))
    }

    /// The field of what depends on two results.
    func joined(_ other: ReceptiveField) -> ReceptiveField {
        guard let size, let otherSize = other.size else { return .everything }
        return ReceptiveField(
            size: Size2D(Swift.max(size.height, otherSize.height), Swift.max(size.width, otherSize.width)),
            step: Size2D(Swift.max(step.height, other.step.height), Swift.max(step.width, other.step.width)))
    }

    /// The field of every node that depends on an input.
    static func fields(from input: Node, of nodes: [Node]) -> [Node: ReceptiveField] {
        var fields: [Node: ReceptiveField] = [input: .element]
        for node in nodes where fields[node] == nil {
            let known = node.inputs.compactMap { fields[$0] }
            guard let first = known.first else { continue }
            let joined = known.dropFirst().reduce(first) { $0.joined($1) }
            switch node.operation {
            case .convolution(let geometry):
                let kernel = node.inputs[1].shape
                fields[node] = joined.under(
                    window: ImageSize(height: kernel[0], width: kernel[1]), strides: geometry.strides,
                    dilation: geometry.dilation)
            case .maxPool(let geometry), .averagePool(let geometry):
                fields[node] = joined.under(window: geometry.window, strides: geometry.strides)
            case .unary, .binary, .select, .clamp, .cast, .stopGradient, .broadcast, .slice, .pad, .concatenate,
                .batchNorm,
                .layerNorm:
                fields[node] = joined
            // Only the channels' axis: positions stay apart.
            case .softmax(let axis), .logSoftmax(let axis):
                fields[node] = axis == node.shape.rank - 1 ? joined : .everything
            case .reduce(_, let axes): fields[node] = axes == [node.inputs[0].shape.rank - 1] ? joined : .everything
            // Sequences as images of height 1, and back.
            case .reshape
            where node.inputs[0].shape.dimensions.filter({ $0 != 1 }) == node.shape.dimensions.filter({ $0 != 1 }):
                fields[node] = joined
            default: fields[node] = .everything
            }
        }
        return fields
    }
}
