import ApusGraph
import CKernels

extension Lowering {
    // MARK: Pooling

    mutating func pool(_ number: Int) {
        if fusion.lanes.contains(number) { return lanesPool(number) }
        let node = graph.nodes[number]
        switch node.operation {
        case .maxPool(let geometry): maxPool(number, geometry)
        case .maxPoolSelect(let geometry):
            plainStep(number, apus_max_pool_select, poolParameters(geometry, node.inputs[0].type))
        case .averagePool(let geometry):
            plainStep(number, apus_average_pool, poolParameters(geometry, node.inputs[0].type))
        case .maxPoolGradient(let geometry):
            let parameters = poolParameters(geometry, node.type)
            if let indices = maxima[Maxima(image: graph.inputs(number)[0], geometry: geometry)] {
                let g = value(graph.inputs(number)[1])
                return step(
                    "maxPoolGradient", apus_max_pool_indexed_gradient,
                    [.read(g), .read(indices), .write(result(number))], parameters, cost: node.cost)
            }
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

    /// A maximum; where a gradient follows, it notes where the maxima were, so that the image need not be kept.
    private mutating func maxPool(_ number: Int, _ geometry: PoolGeometry) {
        let node = graph.nodes[number]
        let image = graph.inputs(number)[0]
        let parameters = poolParameters(geometry, node.inputs[0].type)
        let hasGradient = graph.users[image].contains { user in
            if case .maxPoolGradient(geometry) = graph.nodes[user].operation {
                graph.inputs(user)[0] == image
            } else {
                false
            }
        }
        guard hasGradient, geometry.window.height * geometry.window.width <= 256, node.elementType != .float64,
            node.shape.count > 0
        else { return plainStep(number, apus_max_pool, parameters) }
        let indices = temporary(TensorType(node.shape, .uint8))
        maxima[Maxima(image: image, geometry: geometry)] = indices
        let x = value(image)
        step(
            "maxPool+indices", apus_max_pool_indexed, [.read(x), .write(result(number)), .write(indices)], parameters,
            cost: node.cost)
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
        var operands = operands
        let isPrepared =
            direction == APUS_ONEDNN_FORWARD
            && prepareKernel(&operands[1], geometry, image: image, kernel: kernel, hasBias: hasBias, relu: relu)
        let plan = LibraryPlan(
            direction, geometry, image: image, kernel: kernel, hasBias: hasBias, relu: relu, isPrepared: isPrepared)
        guard let plan else {
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

extension Lowering {
    /// Brings a constant kernel into the library's order when it changes, in place of every run. Returns whether it did.
    private mutating func prepareKernel(
        _ operand: inout Operand, _ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape, hasBias: Bool,
        relu: Bool
    ) -> Bool {
        guard case .read(let id) = operand, !options.constantInputs.isEmpty, isConstant(id),
            let (plan, byteCount) = LibraryPlan.preparation(
                geometry, image: image, kernel: kernel, hasBias: hasBias, relu: relu)
        else { return false }
        let prepared = temporary(TensorType([byteCount], .uint8))
        step(
            "kernel preparation", apus_onednn_run, [operand, .write(prepared), plan.scratch], plan.parameters)
        operand = .read(prepared)
        return true
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
