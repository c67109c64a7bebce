extension Inference {
    func matmul() -> TensorType {
        let (a, b) = (inputs[0].shape, inputs[1].shape)
        expectFloatingPoint(0)
        expectSameType(0, 1)
        guard a.rank >= 2, b.rank >= 2 else {
            problems.append("expected matrices but received shapes \(a) and \(b)")
            return Self.unknown
        }
        expect(
            a[-1] == b[-2],
            "the left matrix \(a) has \(a[-1]) columns but the right matrix \(b) has \(b[-2]) rows")
        expect(
            a.dimensions.dropLast(2) == b.dimensions.dropLast(2),
            "the leading axes of \(a) and \(b) differ")
        return TensorType(Shape(a.dimensions.dropLast() + [b[-1]]), inputs[0].elementType)
    }

    func convolution() -> TensorType {
        expectFloatingPoint(0, 1)
        let type = inputs[0].elementType
        // Kernels and their gradients are float32 also where images are bfloat16.
        let hasWideKernel = type == .bfloat16 && inputs[1].elementType == .float32
        if case .convolutionKernelGradient = operation {
            expectSameType(0, 1)
        } else if !hasWideKernel {
            expectSameType(0, 1)
        }
        guard expectRank(0, 4, "a tensor [N, H, W, C]"), expectRank(1, 4, "a tensor of four axes") else {
            return Self.unknown
        }
        let (a, b) = (inputs[0].shape, inputs[1].shape)
        switch operation {
        case .convolution(let geometry):
            guard let output = convolutionOutput(geometry, x: a, kernel: b) else { return Self.unknown }
            return TensorType(output, type)
        case .convolutionInputGradient(let geometry, let image):
            let x: Shape = [a[0], image.height, image.width, b[2] *| geometry.groups]
            guard let output = convolutionOutput(geometry, x: x, kernel: b) else { return Self.unknown }
            expectShape(0, output, "a gradient")
            return TensorType(x, inputs[0].elementType)
        case .convolutionKernelGradient(let geometry, let window):
            let kernel: Shape = [window.height, window.width, a[3] / max(1, geometry.groups), b[3]]
            guard let output = convolutionOutput(geometry, x: a, kernel: kernel) else { return Self.unknown }
            expectShape(1, output, "a gradient")
            return TensorType(kernel, type.accumulator)
        default: preconditionFailure("\(operation.name) is not a convolution")
        }
    }

    private func convolutionOutput(_ geometry: ConvolutionGeometry, x: Shape, kernel: Shape) -> Shape? {
        expect(
            geometry.strides.height > 0 && geometry.strides.width > 0,
            "strides must be positive, received \(geometry.strides.height) × \(geometry.strides.width)")
        expect(
            geometry.dilation.height > 0 && geometry.dilation.width > 0,
            "dilation must be positive, received \(geometry.dilation.height) × \(geometry.dilation.width)")
        expect(
            geometry.groups > 0 && x[3] % max(1, geometry.groups) == 0 && kernel[3] % max(1, geometry.groups) == 0,
            "\(geometry.groups) groups do not divide \(x[3]) input and \(kernel[3]) output channels")
        expect(
            [geometry.padding.top, geometry.padding.left, geometry.padding.bottom, geometry.padding.right]
                .allSatisfy { $0 >= 0 },
            "padding can't be negative")
        guard problems.isEmpty else { return nil }
        expect(
            kernel[2] *| geometry.groups == x[3],
            "the kernel \(kernel) expects \(kernel[2] *| geometry.groups) input channels (axis 3) but the input \(x) has \(x[3])"
        )
        let image = ImageSize(height: x[1], width: x[2])
        let window = ImageSize(height: kernel[0], width: kernel[1])
        guard window.height > 0, window.width > 0, let output = geometry.output(image: image, window: window) else {
            let dilated =
                "\(geometry.dilation.height *| (window.height -| 1) +| 1) × \(geometry.dilation.width *| (window.width -| 1) +| 1)"
            let padding = geometry.padding
            problems.append(
                "the window of \(dilated) does not fit the padded image of "
                    + "\(image.height +| padding.top +| padding.bottom) × \(image.width +| padding.left +| padding.right); "
                    + "use a smaller kernel, more padding, or fewer layers that shrink the image")
            return nil
        }
        guard problems.isEmpty else { return nil }
        return [x[0], output.height, output.width, kernel[3]]
    }

    func pooling() -> TensorType {
        expectFloatingPoint(0)
        guard expectRank(0, 4, "a tensor [N, H, W, C]") else { return Self.unknown }
        let x = inputs[0].shape
        switch operation {
        case .maxPool(let geometry), .averagePool(let geometry):
            guard let output = poolOutput(geometry, x) else { return Self.unknown }
            return TensorType(output, inputs[0].elementType)
        case .maxPoolGradient(let geometry):
            guard let output = poolOutput(geometry, x) else { return Self.unknown }
            expectSameType(0, 1)
            expectShape(1, output, "a gradient")
            return inputs[0]
        case .maxPoolSelect(let geometry):
            guard let output = poolOutput(geometry, x) else { return Self.unknown }
            expectSameType(0, 1)
            expectShape(1, x, "values")
            return TensorType(output, inputs[0].elementType)
        case .averagePoolGradient(let geometry, let image):
            let input: Shape = [x[0], image.height, image.width, x[3]]
            guard let output = poolOutput(geometry, input) else { return Self.unknown }
            expectShape(0, output, "a gradient")
            return TensorType(input, inputs[0].elementType)
        default: preconditionFailure("\(operation.name) is not a pooling")
        }
    }

    private func poolOutput(_ geometry: PoolGeometry, _ x: Shape) -> Shape? {
        let (window, strides, padding) = (geometry.window, geometry.strides, geometry.padding)
        expect(
            window.height > 0 && window.width > 0 && strides.height > 0 && strides.width > 0,
            "window and strides must be positive, received \(window.height) × \(window.width) and \(strides.height) × \(strides.width)"
        )
        expect(
            [padding.top, padding.bottom].allSatisfy { (0..<max(1, window.height)).contains($0) }
                && [padding.left, padding.right].allSatisfy { (0..<max(1, window.width)).contains($0) },
            "padding must be smaller than the window")
        guard problems.isEmpty else { return nil }
        guard let output = geometry.output(image: ImageSize(height: x[1], width: x[2])) else {
            problems.append(
                "the window of \(window.height) × \(window.width) does not fit the image of \(x[1]) × \(x[2]); "
                    + "use a smaller window or fewer layers that shrink the image")
            return nil
        }
        return [x[0], output.height, output.width, x[3]]
    }

    func normalization() -> TensorType {
        let x = inputs[0]
        expectFloatingPoint(0)
        let statistics = statisticsType
        for index in inputs.indices.dropFirst() {
            let expected = isImage(index) ? x.elementType : statistics
            expect(
                inputs[index].elementType == expected,
                "expected elements of type \(expected) beside \(x) but received \(inputs[index]); "
                    + "convert them with cast(to: .\(expected))")
        }
        guard x.shape.rank >= 1 else {
            problems.append("expected a tensor with channels but received a scalar")
            return Self.unknown
        }
        let channels: Shape = [x.shape[-1]]
        let pairs: Shape = [2, x.shape[-1]]
        switch operation {
        case .channelMoments: return TensorType(pairs, statistics)
        case .batchNorm:
            for (index, what) in ["a scale", "an offset", "a mean", "a variance"].enumerated() {
                expectShape(index + 1, channels, what)
            }
            return x
        case .batchNormTraining:
            expectShape(1, channels, "a scale")
            expectShape(2, channels, "an offset")
            expectShape(3, pairs, "moments")
            return x
        case .batchNormParameterGradient:
            expectShape(1, x.shape, "a gradient")
            expectShape(2, pairs, "moments")
            return TensorType(pairs, statistics)
        case .batchNormInputGradient:
            expectShape(1, x.shape, "a gradient")
            expectShape(2, channels, "a scale")
            expectShape(3, pairs, "moments")
            expectShape(4, pairs, "a parameter gradient")
            return x
        case .layerNorm:
            expectShape(1, channels, "a scale")
            expectShape(2, channels, "an offset")
            return x
        default: preconditionFailure("\(operation.name) is not a normalization")
        }
    }

    /// Whether an input of a normalization has an element for each of x.
    private func isImage(_ index: Int) -> Bool {
        switch operation {
        case .batchNormParameterGradient, .batchNormInputGradient: index <= 1
        default: index == 0
        }
    }

    /// The element type of scales, offsets and statistics of batch normalization.
    private var statisticsType: ElementType {
        if case .layerNorm = operation { inputs[0].elementType } else { inputs[0].elementType.accumulator }
    }

    func softmax() -> TensorType {
        let x = inputs[0]
        expectFloatingPoint(0)
        switch operation {
        case .softmax(let axis), .logSoftmax(let axis):
            checkAxis(axis, x.shape)
            return x
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient:
            guard expectRank(0, 2, "logits [N, C]") else { return Self.unknown }
            expectInteger(1, "labels")
            expectShape(1, [x.shape[0]], "labels")
            if case .softmaxCrossEntropy = operation { return TensorType([x.shape[0]], x.elementType) }
            expectSameType(0, 2)
            expectShape(2, [x.shape[0]], "a gradient")
            return x
        default: preconditionFailure("\(operation.name) is not a softmax")
        }
    }
}
