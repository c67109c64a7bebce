import Apus

/// A part of a network as pictures of networks draw it: a convolution, a block, a pooling, a dense layer.
struct NetworkBox {
    enum Kind: Int, CaseIterable {
        case input, convolution, block, pooling, dense
    }

    var kind: Kind
    /// The width of what it yields in pixels; 1 for a vector.
    var side: Int
    /// The channels or units of what it yields.
    var channels: Int
    /// What training adjusts in it.
    var parameters = 0
    /// The operations of its forward pass for one sample.
    var flops = 0

    /// The boxes of a network from its input to its output. Normalizations, activations and whatever else keeps the picture
    /// belong to the box before them; what stands in a block or in parallel branches is one box.
    static func boxes(of model: Sequential, input: Shape) throws -> [NetworkBox] {
        var boxes = [NetworkBox(.input, input)]
        var shape = input
        for layer in parts(of: model) {
            let summary = try Sequential([layer]).summary(input: shape)
            shape = summary.rows.last?.outputShape ?? shape
            if let kind = kind(of: layer) { boxes.append(NetworkBox(kind, shape)) }
            boxes[boxes.count - 1].parameters += summary.trainableCount
            boxes[boxes.count - 1].flops += summary.flops
        }
        return boxes
    }

    private init(_ kind: Kind, _ shape: Shape) {
        self.kind = kind
        side = shape.rank == 3 ? shape[1] : 1
        channels = shape[-1]
    }

    private static func parts(of layer: any Layer) -> [any Layer] {
        switch layer {
        case let whole as Sequential: whole.layers.flatMap { parts(of: $0) }
        case let named as Named: parts(of: named.layer)
        default: [layer]
        }
    }

    private static func kind(of layer: any Layer) -> Kind? {
        switch layer {
        case is Conv2D: .convolution
        case is Residual, is Parallel: .block
        case is MaxPool2D, is AveragePool2D, is AdaptiveAveragePool2D, is GlobalAveragePool: .pooling
        case is Dense: .dense
        default: nil
        }
    }
}
