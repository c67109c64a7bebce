import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Convolutions and transposed ones, over 1 to 3 axes.
    static let convolutions: [String: Operator] = [
        "Conv": { call in
            let (x, kernel) = (try call.input(0), try call.input(1))
            try call.demand(kernel.rank == x.rank && x.rank >= 3, "the kernel \(kernel.shape) does not fit \(x.shape)")
            let window = try ONNXWindow(call, x, size: Array(kernel.shape.dropFirst(2)))
            return [
                try layer(call, x, kernel) { x, kernel, groups in
                    try convolved(x, kernel, window, groups: groups)
                }
            ]
        },
        "ConvTranspose": { call in
            let (x, kernel) = (try call.input(0), try call.input(1))
            try call.demand(kernel.rank == x.rank && x.rank >= 3, "the kernel \(kernel.shape) does not fit \(x.shape)")
            try call.demand(
                kernel.shape[0] == x.shape[1],
                "the kernel takes \(kernel.shape[0]) channels, but there are \(x.shape[1])")
            let window = try ONNXWindow(call, x, size: Array(kernel.shape.dropFirst(2)), isTransposed: true)
            let placed = try transposedPlace(call, window)
            return [
                try layer(call, x, kernel) { x, kernel, groups in
                    try spread(x, kernel, placed.window, placed.outputs, groups: groups)
                }
            ]
        },
    ]

    /// Where the image of a transposed convolution lies in what it could fill, and its extents.
    private static func transposedPlace(
        _ call: ONNXCall, _ given: ONNXWindow
    ) throws -> (window: ONNXWindow, outputs: [Int]) {
        var window = given
        let axes = window.extents.count
        let extra = try call.ints("output_padding") ?? Array(repeating: 0, count: axes)
        try call.demand(
            extra.count == axes && extra.allSatisfy { (0...1 << 24).contains($0) },
            "output_padding must be \(axes) numbers from 0, received \(extra)")
        let shape = try call.ints("output_shape")
        let mode = try call.string("auto_pad", "NOTSET")
        var outputs: [Int] = []
        for axis in 0..<axes {
            let full = window.strides[axis] * (window.extents[axis] - 1) + extra[axis] + window.covered[axis]
            try call.demand(full < 1 << 30, "the image would have the extent \(full)")
            if let shape {
                try call.demand(
                    shape.count >= axes && shape.allSatisfy { (0...1 << 24).contains($0) },
                    "output_shape \(shape) is none of \(axes) axes")
                outputs.append(shape[shape.count - axes + axis])
            } else if mode.hasPrefix("SAME") {
                outputs.append(window.extents[axis] *| window.strides[axis])
            } else {
                outputs.append(full -| window.low[axis] -| window.high[axis])
                if mode == "VALID" {
                    (window.low[axis], window.high[axis]) = (0, 0)
                    outputs[axis] = full
                }
                continue
            }
            let total = full - outputs[axis]
            window.low[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
            if total < 0 { window.low[axis] = 0 }
            window.high[axis] = total - window.low[axis]
        }
        try call.demand(
            outputs.allSatisfy { (1...1 << 24).contains($0) }, "the image would have the extents \(outputs)")
        return (window, outputs)
    }

    /// What kernels have in common: groups, the order of axes, the bias.
    private static func layer(
        _ call: ONNXCall, _ x: ONNXValue, _ kernel: ONNXValue,
        _ convolve: (_ x: Tensor, _ kernel: Tensor, _ groups: Int) throws -> Tensor
    ) throws -> ONNXValue {
        let groups = try call.int("group", 1)
        try call.demand(groups > 0, "the number of groups must be positive, received \(groups)")
        let order = ONNXValue.channelsLast(x.rank)
        let images = x.laid(order).asFactor
        let window = kernel.laid(ONNXValue.kernelOrder(x.rank))
        let isFit = window.elementType == images.elementType || images.elementType == .bfloat16
        var result = try convolve(images, isFit ? window : window.cast(to: images.elementType), groups)
        if let bias = call.optional(2) { result = result + bias.plain.cast(to: result.elementType) }
        guard result.problems.isEmpty else { return ONNXValue(result, x.type) }
        return ONNXValue(result, x.type, order: order)
    }

    // MARK: Convolution

    /// x [N, ..., C], kernel [..., C / groups, O] → [N, ..., O].
    private static func convolved(
        _ x: Tensor, _ kernel: Tensor, _ window: ONNXWindow, groups: Int
    ) throws -> Tensor {
        let outputs = try window.outputs()
        guard window.extents.count == 3 else { return onImages(x, kernel, window, outputs, groups) }
        // Over volumes: the sum over the window's depth of convolutions of slices, which are samples.
        let depth = x.padded([(0, 0), (window.low[0], window.high[0]), (0, 0), (0, 0), (0, 0)])
        let volume = x.shape.dimensions
        var sum: Tensor?
        for place in 0..<window.size[0] {
            let slices =
                [
                    AxisSlice(start: 0, count: volume[0]),
                    AxisSlice(start: place * window.dilations[0], count: outputs[0], stride: window.strides[0]),
                ] + volume[2...].map { AxisSlice(start: 0, count: $0) }
            let images = Tensor(.slice(slices), [depth.node]).reshaped(
                to: Shape([volume[0] * outputs[0]] + volume[2...]))
            let part = onImages(images, kernel[place], window, Array(outputs[1...]), groups)
            sum = sum.map { $0 + part } ?? part
        }
        guard let sum else { throw ONNXProblem("the window is empty") }
        return sum.reshaped(to: Shape([volume[0]] + outputs + [sum.shape.dimensions.last ?? 0]))
    }

    private static func onImages(
        _ x: Tensor, _ kernel: Tensor, _ window: ONNXWindow, _ outputs: [Int], _ groups: Int
    ) -> Tensor {
        let isSequence = x.rank == 3
        let images = isSequence ? x.expandingShape(at: 1) : x
        let square = isSequence ? kernel.expandingShape(at: 0) : kernel
        let geometry = ConvolutionGeometry(
            strides: window.image(window.strides, 1), padding: window.padding,
            dilation: window.image(window.dilations, 1), groups: groups)
        let result = Tensor(.convolution(geometry), [images.node, square.node])
        return isSequence ? result.squeezingShape(at: 1) : result
    }

    // MARK: Transposed convolution

    /// x [N, ..., I], kernel [..., O / groups, I] → [N, outputs..., O].
    private static func spread(
        _ x: Tensor, _ kernel: Tensor, _ window: ONNXWindow, _ outputs: [Int], groups: Int
    ) throws -> Tensor {
        guard window.extents.count == 3 else { return spreadOnImages(x, kernel, window, outputs, groups) }
        let volume = x.shape.dimensions
        let (stride, full) = (window.strides[0], window.strides[0] * (volume[1] - 1) + window.covered[0])
        let slices = x.reshaped(to: Shape([volume[0] * volume[1]] + volume[2...]))
        var sum: Tensor?
        for place in 0..<window.size[0] {
            let images = spreadOnImages(slices, kernel[place], window, Array(outputs[1...]), groups)
            let rest = Array(images.shape.dimensions.dropFirst())
            guard images.problems.isEmpty else { return images }
            // Slices move apart by the stride, with nothing between them.
            let apart = images.reshaped(to: Shape([volume[0], volume[1], 1] + rest))
                .padded([(0, 0), (0, 0), (0, stride - 1)] + rest.map { _ in (0, 0) })
                .reshaped(to: Shape([volume[0], volume[1] * stride] + rest))
            let start = place * window.dilations[0]
            let end = full - start - (volume[1] - 1) * stride - 1
            let none = rest.map { _ in (low: 0, high: 0) }
            let cut = Tensor(
                .slice(
                    ([volume[0], (volume[1] - 1) * stride + 1] + rest).map { AxisSlice(start: 0, count: $0) }),
                [apart.node])
            let part = cut.padded([(0, 0), (start, end)] + none)
            sum = sum.map { $0 + part } ?? part
        }
        guard let sum else { throw ONNXProblem("the window is empty") }
        return placed(sum, axis: 1, low: window.low[0], count: outputs[0])
    }

    private static func spreadOnImages(
        _ x: Tensor, _ kernel: Tensor, _ window: ONNXWindow, _ outputs: [Int], _ groups: Int
    ) -> Tensor {
        let isSequence = x.rank == 3
        let images = isSequence ? x.expandingShape(at: 1) : x
        let square = isSequence ? kernel.expandingShape(at: 0) : kernel
        let (strides, covered) = (window.image(window.strides, 1), window.image(window.covered, 1))
        // All that the windows reach; of it the image is a part, or it lies in the image.
        let full = ImageSize(
            height: strides.height * (images.shape[1] - 1) + covered.height,
            width: strides.width * (images.shape[2] - 1) + covered.width)
        let geometry = ConvolutionGeometry(
            strides: strides, dilation: window.image(window.dilations, 1), groups: groups)
        let size = window.image(outputs, 1)
        var inner = geometry
        inner.padding = window.padding
        let edges = [inner.padding.top, inner.padding.bottom, inner.padding.left, inner.padding.right]
        let isInner =
            edges.allSatisfy { $0 >= 0 } && size.height + edges[0] + edges[1] - full.height < strides.height
            && size.width + edges[2] + edges[3] - full.width < strides.width
            && size.height + edges[0] + edges[1] >= full.height && size.width + edges[2] + edges[3] >= full.width
        var result: Tensor
        if isInner {
            result = Tensor(.convolutionInputGradient(inner, image: size), [images.node, square.node])
        } else {
            result = Tensor(.convolutionInputGradient(geometry, image: full), [images.node, square.node])
            guard result.problems.isEmpty else { return result }
            result = placed(result, axis: 1, low: inner.padding.top, count: size.height)
            result = placed(result, axis: 2, low: inner.padding.left, count: size.width)
        }
        return isSequence ? result.squeezingShape(at: 1) : result
    }

    /// A part of an axis from a place on, with zeros where it is longer.
    private static func placed(_ x: Tensor, axis: Int, low: Int, count: Int) -> Tensor {
        var edges = x.shape.dimensions.map { _ in (low: 0, high: 0) }
        edges[axis] = (Swift.max(0, -low), Swift.max(0, count + low - x.shape[axis]))
        let padded = x.padded(edges)
        return ONNXValue(padded, .float).sliced(axis: axis, Swift.max(0, low), count).tensor
    }
}
