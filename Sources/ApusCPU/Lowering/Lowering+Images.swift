import ApusGraph
import CKernels

extension Lowering {
    // MARK: Pooling

    mutating func pool(_ number: Int) {
        if fusion.lanes.contains(number) { return lanesPool(number) }
        let node = graph.nodes[number]
        switch node.operation {
        case .maxPool(let geometry): plainStep(number, apus_max_pool, poolParameters(geometry, node.inputs[0].type))
        case .maxPoolSelect(let geometry):
            plainStep(number, apus_max_pool_select, poolParameters(geometry, node.inputs[0].type))
        case .averagePool(let geometry):
            plainStep(number, apus_average_pool, poolParameters(geometry, node.inputs[0].type))
        case .maxPoolGradient(let geometry):
            let parameters = poolParameters(geometry, node.type)
            plainStep(
                number, apus_max_pool_gradient, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_pool_gradient_scratch_bytes)))
        case .averagePoolGradient(let geometry, _):
            let parameters = poolParameters(geometry, node.type)
            plainStep(
                number, apus_average_pool_gradient, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_pool_gradient_scratch_bytes)))
        default: preconditionFailure("\(node.operation.name) is not a pooling")
        }
    }

    private func poolParameters(_ geometry: PoolGeometry, _ image: TensorType) -> apus_pool_parameters {
        let shape = image.shape
        let padding = geometry.effectivePadding(image: ImageSize(height: shape[1], width: shape[2]))
        return apus_pool_parameters(
            samples: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]), channels: Int64(shape[3]),
            window_height: Int64(geometry.window.height), window_width: Int64(geometry.window.width),
            stride_height: Int64(geometry.strides.height), stride_width: Int64(geometry.strides.width),
            pad_top: Int64(padding.top), pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom),
            pad_right: Int64(padding.right), type: Int64(image.elementType.rawValue),
            count_padding: geometry.countsPadding ? 1 : 0)
    }

    // MARK: Normalization

    /// The two rows of a tensor [2, C] as values of their own: they lie one behind the other.
    private mutating func rows(of number: Int) -> (first: ValueID, second: ValueID) {
        let type = graph.nodes[number].type
        let row = TensorType([type.shape[1]], type.elementType)
        let access = Access(value(number), type.shape)
        let first = temporary(row)
        let second = temporary(row)
        copy(access.sliced([AxisSlice(start: 0, count: 1), AxisSlice(start: 0, count: type.shape[1])]), to: first, row)
        copy(
            access.sliced([AxisSlice(start: 1, count: 1), AxisSlice(start: 0, count: type.shape[1])]), to: second, row)
        return (first, second)
    }

    /// Joins two rows to a tensor [2, C].
    private mutating func join(_ first: ValueID, _ second: ValueID, to number: Int) {
        let type = graph.nodes[number].type
        let target = result(number)
        for (index, row) in [first, second].enumerated() {
            var parameters = apus_copy_parameters()
            parameters.rank = 1
            fill(&parameters.shape, [type.shape[1]])
            fill(&parameters.source_strides, [1])
            fill(&parameters.destination_strides, [1])
            parameters.destination_offset = Int64(index * type.shape[1])
            parameters.element_bytes = Int64(type.elementType.byteCount)
            step("copy", apus_copy, [.read(row), .write(target)], parameters)
        }
    }

    mutating func normalization(_ number: Int) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        let shape = node.inputs[0].shape
        let channels = shape[-1]
        var parameters = apus_normalization_parameters()
        parameters.rows = Int64(channels > 0 ? shape.count / channels : 0)
        parameters.channels = Int64(channels)
        parameters.type = Int64(node.inputs[0].elementType.rawValue)
        parameters.epsilon = node.operation.epsilon
        let scratch = Operand.scratch(
            byteCount: Int(withUnsafePointer(to: parameters, apus_normalization_scratch_bytes)))
        let row = TensorType([channels], .float32)
        let x = Operand.read(value(inputs[0]))
        let name = node.operation.name
        switch node.operation {
        case .channelMoments:
            let (mean, variance) = (temporary(row), temporary(row))
            step(name, apus_moments, [x, .write(mean), .write(variance), scratch], parameters, cost: node.cost)
            join(mean, variance, to: number)
        case .batchNorm:
            let others = inputs[1...].map { value($0) }
            step(
                name, apus_batch_norm,
                [
                    x, .read(others[2]), .read(others[3]), .read(others[0]), .read(others[1]), .none,
                    .write(result(number)),
                ],
                parameters, cost: node.cost)
        case .batchNormTraining:
            let (scale, offset) = (value(inputs[1]), value(inputs[2]))
            let moments = rows(of: inputs[3])
            step(
                name, apus_batch_norm,
                [
                    x, .read(moments.first), .read(moments.second), .read(scale), .read(offset), .none,
                    .write(result(number)),
                ], parameters, cost: node.cost)
        case .batchNormParameterGradient:
            let g = value(inputs[1])
            let moments = rows(of: inputs[2])
            let (scale, offset) = (temporary(row), temporary(row))
            step(
                name, apus_batch_norm_gradient,
                [
                    x, .read(g), .read(moments.first), .read(moments.second), .none, .none, .none, .write(scale),
                    .write(offset), .none, scratch,
                ], parameters, cost: node.cost)
            join(scale, offset, to: number)
        case .batchNormInputGradient:
            let (g, scale) = (value(inputs[1]), value(inputs[2]))
            let moments = rows(of: inputs[3])
            step(
                name, apus_batch_norm_gradient,
                [
                    x, .read(g), .read(moments.first), .read(moments.second), .read(scale), .none,
                    .write(result(number)), .none, .none, .none, scratch,
                ], parameters, cost: node.cost)
        case .layerNorm:
            step(
                name, apus_layer_norm,
                [x, .read(value(inputs[1])), .read(value(inputs[2])), .write(result(number)), .none, .none], parameters,
                cost: node.cost)
        default: preconditionFailure("\(name) is not a normalization")
        }
    }

    // MARK: Convolution

    mutating func convolution(_ pattern: ConvolutionPattern) {
        let node = graph.nodes[pattern.convolution]
        let (x, kernel) = (graph[node.inputs[0]], graph[node.inputs[1]])
        guard case .convolution(let geometry) = node.operation else { preconditionFailure("not a convolution") }
        convolutionStep(
            geometry, image: node.inputs[0].type, kernel: node.inputs[1].shape, direction: APUS_ONEDNN_FORWARD,
            direct: apus_direct_convolution,
            operands: [
                .read(value(x)), .read(value(kernel)),
                pattern.bias.map { .read(value(graph.withoutRounding($0))) } ?? .none,
                .write(result(pattern.result)),
            ], hasBias: pattern.bias != nil, relu: pattern.relu, cost: node.cost)
    }

    mutating func convolutionInputGradient(_ number: Int) {
        let node = graph.nodes[number]
        guard case .convolutionInputGradient(let geometry, _) = node.operation else {
            preconditionFailure("not a gradient")
        }
        let inputs = graph.inputs(number)
        convolutionStep(
            geometry, image: node.type, kernel: node.inputs[1].shape, direction: APUS_ONEDNN_INPUT_GRADIENT,
            direct: apus_direct_convolution_gradient_x,
            operands: [.read(value(inputs[0])), .read(value(inputs[1])), .write(result(number))], cost: node.cost)
    }

    mutating func convolutionKernelGradient(_ number: Int) {
        let node = graph.nodes[number]
        guard case .convolutionKernelGradient(let geometry, _) = node.operation else {
            preconditionFailure("not a gradient")
        }
        let inputs = graph.inputs(number)
        convolutionStep(
            geometry, image: node.inputs[0].type, kernel: node.shape, direction: APUS_ONEDNN_KERNEL_GRADIENT,
            direct: apus_direct_convolution_gradient_w,
            operands: [.read(value(inputs[0])), .read(value(inputs[1])), .write(result(number))], cost: node.cost)
    }

    /// A convolution or one of its gradients: by Winograd, by oneDNN, or by plain loops where it has no implementation.
    private mutating func convolutionStep(
        _ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape, direction: apus_onednn_direction,
        direct: @escaping apus_kernel, operands: [Operand], hasBias: Bool = false, relu: Bool = false, cost: Cost
    ) {
        guard image.shape.count > 0, kernel.count > 0 else { return }
        let parameters = apus_direct_convolution_parameters(geometry, image: image, kernel: kernel)
        let names = ["convolution", "convolution input gradient", "convolution kernel gradient"]
        let name = names[Int(direction.rawValue)] + (hasBias ? "+bias" : "") + (relu ? "+relu" : "")
        if ConvolutionChoice(geometry, image: image, kernel: kernel) == .winograd {
            let winograd = apus_winograd_parameters(geometry, image: image, kernel: kernel, relu: relu)
            let (run, byteCount): (apus_kernel, Int64) = withUnsafePointer(to: winograd) { parameters in
                switch direction {
                case APUS_ONEDNN_FORWARD: (apus_winograd, apus_winograd_scratch_bytes(parameters))
                case APUS_ONEDNN_INPUT_GRADIENT:
                    (apus_winograd_gradient_x, apus_winograd_gradient_x_scratch_bytes(parameters))
                default: (apus_winograd_gradient_w, apus_winograd_gradient_w_scratch_bytes(parameters))
                }
            }
            return step("winograd \(name)", run, operands + [.scratch(byteCount: Int(byteCount))], winograd, cost: cost)
        }
        guard let plan = LibraryPlan(direction, geometry, image: image, kernel: kernel, hasBias: hasBias) else {
            step("direct \(name)", direct, operands, parameters, cost: cost)
            return
        }
        // The kernel gradient has a place for the bias gradient, which is a sum of its own here.
        let bias: [Operand] = direction == APUS_ONEDNN_KERNEL_GRADIENT ? [.none] : []
        step(
            "\(name) [oneDNN \(plan.name)]", apus_onednn_run, operands + bias + [plan.scratch], plan.parameters,
            cost: cost)
    }
}

extension apus_direct_convolution_parameters {
    init(_ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape) {
        self.init(
            samples: Int64(image.shape[0]), height: Int64(image.shape[1]), width: Int64(image.shape[2]),
            channels_in: Int64(image.shape[3]), channels_out: Int64(kernel[3]), kernel_height: Int64(kernel[0]),
            kernel_width: Int64(kernel[1]), stride_height: Int64(geometry.strides.height),
            stride_width: Int64(geometry.strides.width), dilation_height: Int64(geometry.dilation.height),
            dilation_width: Int64(geometry.dilation.width), pad_top: Int64(geometry.padding.top),
            pad_left: Int64(geometry.padding.left), pad_bottom: Int64(geometry.padding.bottom),
            pad_right: Int64(geometry.padding.right), groups: Int64(geometry.groups),
            type: Int64(image.elementType.rawValue))
    }
}

extension Operation {
    /// The ε of a normalization, else 0.
    var epsilon: Double {
        switch self {
        case .batchNorm(let epsilon), .batchNormTraining(let epsilon), .batchNormParameterGradient(let epsilon),
            .batchNormInputGradient(let epsilon), .layerNorm(let epsilon):
            epsilon
        default: 0
        }
    }
}
