import ApusGraph
import ApusNN
import ApusTensor

/// The layers that single nodes stand for.
enum ONNXLayerKinds {
    typealias Weighed = ONNXLayerBuilder.Weighed

    /// What stands for a node.
    struct Step {
        var layers: [Weighed]
        /// Whether elements keep their order, whatever that is.
        var keepsOrder = false
        /// Whether the result lacks axes of extent 1.
        var isPooled = false
        /// The value that it yields, if that is the one of a later node.
        var output: String?
    }

    /// The layers of a node with one input; `nil` if there are none.
    static func step(
        _ node: ONNXNode, _ builder: ONNXLayerBuilder, input: String, place: ONNXLayerBuilder.Place
    ) throws -> Step? {
        let node = Node(node: node, graph: builder.graph)
        guard node.node.inputs.first == input, let shape = builder.shape(input) else { return nil }
        if let activation = try node.activation(rank: shape.count) {
            return Step(
                layers: [Weighed(layer: ActivationLayer(activation))], keepsOrder: true, isPooled: place.isPooled)
        }
        switch node.node.kind {
        case "Dropout":
            return Step(
                layers: [Weighed(layer: Dropout(try node.number("ratio", input: 1) ?? 0.5))], keepsOrder: true,
                isPooled: place.isPooled)
        case "Gemm", "MatMul": return try node.dense(builder, place)
        default: break
        }
        guard place.flat == nil else { return nil }
        if place.isPooled { return try node.convolutionOfOnePixel() }
        switch node.node.kind {
        case "Conv": return try node.convolution(shape).map { Step(layers: [$0]) }
        case "BatchNormalization": return try node.batchNorm().map { Step(layers: [$0]) }
        case "MaxPool", "AveragePool": return try node.pooling(shape).map { Step(layers: [Weighed(layer: $0)]) }
        case "GlobalAveragePool": return Step(layers: [Weighed(layer: GlobalAveragePool())], isPooled: true)
        case "GlobalMaxPool": return Step(layers: [Weighed(layer: GlobalMaxPool())], isPooled: true)
        case "LRN":
            let layer = LocalResponseNorm(
                try node.int("size") ?? 1, alpha: try node.number("alpha") ?? 1e-4,
                beta: try node.number("beta") ?? 0.75, k: try node.number("bias") ?? 1)
            return layer.size % 2 == 1 ? Step(layers: [Weighed(layer: layer)]) : nil
        default: return nil
        }
    }
}

extension ONNXLayerKinds {
    /// A node whose settings are numbers of the file.
    fileprivate struct Node {
        let node: ONNXNode
        let graph: ONNXGraph

        // MARK: Settings

        func int(_ name: String) throws -> Int? {
            guard case .int(let value)? = node.attributes[name] else { return nil }
            return value
        }

        func number(_ name: String, input place: Int? = nil) throws -> Double? {
            if case .float(let value)? = node.attributes[name] { return value }
            guard let place, node.inputs.indices.contains(place), let constant = graph.constants[node.inputs[place]],
                constant.tensor.count == 1
            else { return nil }
            return constant.tensor.item(as: Double.self)
        }

        func ints(_ name: String) -> [Int]? {
            guard case .ints(let values)? = node.attributes[name] else { return nil }
            return values
        }

        /// A weight in an order of its axes; `nil` if the input is none.
        func weight(_ place: Int, order: [Int]? = nil) -> Tensor? {
            guard node.inputs.indices.contains(place),
                let weight = graph.weights.first(where: { $0.name == node.inputs[place] }), let start = weight.start
            else { return nil }
            let value = ONNXValue(start, .float, order: weight.order)
            return order.map(value.laid) ?? value.plain
        }

        private func has(_ place: Int) -> Bool { node.inputs.indices.contains(place) && !node.inputs[place].isEmpty }

        /// The bias, if there is one.
        private func bias(_ place: Int) throws -> [Tensor] {
            guard has(place) else { return [] }
            guard let bias = weight(place), bias.rank <= 2, bias.shape[-1] == bias.count else {
                throw ONNXLayerBuilder.NotALayer()
            }
            return [bias.reshaped(to: [bias.count])]
        }

        // MARK: Kinds

        func activation(rank: Int) throws -> Activation? {
            switch node.kind {
            case "Relu": return .relu
            case "LeakyRelu": return .leakyReLU(negativeSlope: try number("alpha") ?? 0.01)
            case "Elu": return .elu(alpha: try number("alpha") ?? 1)
            case "Celu": return .celu(alpha: try number("alpha") ?? 1)
            case "Selu" where node.attributes.isEmpty: return .selu
            case "Sigmoid": return .sigmoid
            case "Tanh": return .tanh
            case "Softplus": return .softplus
            case "Softsign": return .softsign
            case "Exp": return .exponential
            case "Mish": return .mish
            case "HardSwish": return .hardSwish
            case "Gelu":
                if case .string("tanh")? = node.attributes["approximate"] { return .gelu(approximate: true) }
                return .gelu()
            case "HardSigmoid":
                let (alpha, beta) = (try number("alpha") ?? 0.2, try number("beta") ?? 0.5)
                return abs(alpha - 1 / 6) < 1e-6 && beta == 0.5 ? .hardSigmoid : nil
            case "Clip":
                let (low, high) = (try number("min", input: 1), try number("max", input: 2))
                return low == 0 && high == 6 ? .relu6 : low == 0 && high == nil ? .relu : nil
            case "Softmax", "LogSoftmax":
                let axis = try int("axis") ?? ((graph.versions[""] ?? 1) < 13 ? 1 : -1)
                guard rank == 2, axis == 1 || axis == -1 else { return nil }
                return node.kind == "Softmax" ? .softmax : .logSoftmax
            default: return nil
            }
        }

        /// A dense layer; the bias may be an addition behind it.
        func dense(_ builder: ONNXLayerBuilder, _ place: ONNXLayerBuilder.Place) throws -> Step? {
            guard let shape = builder.shape(node.inputs[0]),
                shape.count == 2 || node.kind == "MatMul" && place.flat == nil,
                !place.isPooled, shape.count < 4
            else { return nil }
            var kernel: Tensor?
            var bias: [Tensor] = []
            var output: String?
            if node.kind == "Gemm" {
                guard try number("alpha") ?? 1 == 1, try number("beta") ?? 1 == 1, try int("transA") ?? 0 == 0 else {
                    return nil
                }
                kernel = weight(1, order: try int("transB") ?? 0 != 0 ? [1, 0] : [0, 1])
                bias = try self.bias(2)
            } else {
                kernel = weight(1)
                if let next = builder.reader(node.outputs[0]), next.kind == "Add",
                    let other = next.inputs.first(where: { $0 != node.outputs[0] }),
                    let weight = graph.weights.first(where: { $0.name == other }), weight.shape.count == 1,
                    let start = weight.start
                {
                    (bias, output) = ([start], next.outputs.first)
                }
            }
            guard var kernel, kernel.rank == 2 else { return nil }
            if let flat = place.flat, flat.pixels > 1 {
                // Rows in the order of the file, channels first, become those of images with their channels last.
                kernel = kernel.reshaped(to: [flat.channels, flat.pixels, kernel.shape[1]]).transposed([1, 0, 2])
                    .reshaped(to: kernel.shape)
            }
            let layer = Dense(kernel.shape[1], useBias: !bias.isEmpty)
            return Step(layers: [Weighed(layer: layer, weights: [kernel] + bias)], output: output)
        }

        /// Of what was pooled to one pixel a convolution of one pixel is a dense layer.
        func convolutionOfOnePixel() throws -> Step? {
            guard node.kind == "Conv", try int("group") ?? 1 == 1, (ints("pads") ?? []).allSatisfy({ $0 == 0 }),
                let rank = weight(1)?.rank, let kernel = weight(1, order: ONNXValue.kernelOrder(rank)),
                kernel.count == kernel.shape[-1] * kernel.shape[-2]
            else { return nil }
            let bias = try bias(2)
            let layer = Dense(kernel.shape[-1], useBias: !bias.isEmpty)
            return Step(
                layers: [
                    Weighed(layer: layer, weights: [kernel.reshaped(to: [kernel.shape[-2], kernel.shape[-1]])] + bias)
                ], isPooled: true)
        }

        func convolution(_ shape: [Int]) throws -> Weighed? {
            guard shape.count == 4, let kernel = weight(1, order: ONNXValue.kernelOrder(4)), kernel.rank == 4,
                let padding = try padding()
            else { return nil }
            let bias = try bias(2)
            let layer = Conv2D(
                filters: kernel.shape[-1], kernelSize: size(kernel.shape.dimensions),
                strides: size(ints("strides") ?? [1, 1]), padding: padding,
                dilation: size(ints("dilations") ?? [1, 1]), groups: try int("group") ?? 1, useBias: !bias.isEmpty)
            return Weighed(layer: layer, weights: [kernel] + bias)
        }

        func batchNorm() throws -> Weighed? {
            let weights = (1...4).compactMap { weight($0) }
            guard weights.count == 4, try int("training_mode") ?? 0 == 0 else { return nil }
            let layer = BatchNorm(momentum: try number("momentum") ?? 0.9, epsilon: try number("epsilon") ?? 1e-5)
            return Weighed(layer: layer, weights: weights)
        }

        func pooling(_ shape: [Int]) throws -> (any Layer)? {
            guard shape.count == 4, let window = ints("kernel_shape"), window.count == 2,
                (ints("dilations") ?? []).allSatisfy({ $0 == 1 }), let padding = try padding()
            else { return nil }
            let (strides, isCeil) = (size(ints("strides") ?? [1, 1]), try int("ceil_mode") ?? 0 != 0)
            guard node.kind == "AveragePool" else {
                return MaxPool2D(size(window), strides: strides, padding: padding, ceilMode: isCeil)
            }
            let countsPadding = try int("count_include_pad") ?? 0 != 0
            guard !isCeil else { return nil }
            return AveragePool2D(size(window), strides: strides, padding: padding, countsPadding: countsPadding)
        }

        private func size(_ values: [Int]) -> Size2D { Size2D(values[0], values[1]) }

        /// The padding as layers say it; `nil` where they can't.
        private func padding() throws -> Padding? {
            if case .string(let mode)? = node.attributes["auto_pad"], mode != "NOTSET" {
                return mode == "SAME_UPPER" ? .same : mode == "VALID" ? .valid : nil
            }
            guard let pads = ints("pads"), pads.contains(where: { $0 != 0 }) else { return .valid }
            guard pads.count == 4, pads.allSatisfy({ $0 >= 0 }) else { return nil }
            return .explicit(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
        }
    }
}
