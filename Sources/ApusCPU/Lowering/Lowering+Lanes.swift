import ApusGraph
import CKernels

extension Lowering {
    // MARK: Conversion

    /// A tensor [N, H, W, C] in the lanes layout.
    mutating func packed(_ source: ValueID, _ type: TensorType) -> ValueID {
        let result = temporary(type, .lanes)
        step("pack lanes", apus_lanes_pack, [.read(source), .write(result)], packParameters(type), cost: moved(type))
        return result
    }

    /// A tensor in the lanes layout in row-major order.
    mutating func unpacked(_ source: ValueID, _ type: TensorType) -> ValueID {
        let result = temporary(type)
        guard type.elementType == .float32 else {
            // The kernel moves float32 alone: bool goes there and back.
            let numbers = TensorType(type.shape, .float32)
            let wide = temporary(numbers, .lanes)
            convert(source, type.elementType, to: wide, .float32, count: plan[source].elementCount)
            let rows = unpacked(wide, numbers)
            convert(rows, .float32, to: result, type.elementType, count: type.shape.count)
            return result
        }
        step(
            "unpack lanes", apus_lanes_unpack, [.read(source), .write(result)], packParameters(type), cost: moved(type))
        return result
    }

    /// A gradient in the lanes layout whose padding lanes are 0: what elementwise operations made of them must not reach the sums
    /// over samples.
    mutating func lanesGradientValue(_ number: Int) -> ValueID {
        let value = lanesValue(number)
        let type = graph.nodes[number].type
        if type.shape[0] % 16 != 0 {
            step("clear lanes", apus_lanes_clear_padding, [.write(value)], packParameters(type))
        }
        return value
    }

    private func packParameters(_ type: TensorType) -> apus_lanes_pack_parameters {
        let shape = type.shape
        return apus_lanes_pack_parameters(
            samples: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]), channels: Int64(shape[3]),
            type: Int32(type.elementType.rawValue), scale: 1, offset: 0)
    }

    private func moved(_ type: TensorType) -> Cost { Cost(flops: 0, bytes: 2 * type.byteCount) }

    // MARK: Pooling

    /// A pooling or its gradient whose tensors are in the lanes layout.
    mutating func lanesPool(_ number: Int) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        let operands = inputs.map { Operand.read(lanesValue($0)) } + [.write(lanesResult(number))]
        switch node.operation {
        case .maxPool(let geometry):
            step(
                "lanes maxPool", apus_lanes_max_pool, operands, lanesParameters(geometry, node.inputs[0].shape),
                cost: node.cost)
        case .maxPoolGradient(let geometry):
            step(
                "lanes maxPoolGradient", apus_lanes_max_pool_gradient, operands, lanesParameters(geometry, node.shape),
                cost: node.cost)
        case .averagePool(let geometry):
            step(
                "lanes averagePool", apus_lanes_average_pool, operands, lanesParameters(geometry, node.inputs[0].shape),
                cost: node.cost)
        case .averagePoolGradient(let geometry, _):
            step(
                "lanes averagePoolGradient", apus_lanes_average_pool_gradient, operands,
                lanesParameters(geometry, node.shape), cost: node.cost)
        default: preconditionFailure("\(node.operation.name) is not a pooling")
        }
    }

    private func lanesParameters(_ geometry: PoolGeometry, _ image: Shape) -> apus_lanes_pool_parameters {
        let padding = geometry.effectivePadding(image: ImageSize(height: image[1], width: image[2]))
        return apus_lanes_pool_parameters(
            samples: Int64(image[0]), channels: Int64(image[3]), height: Int64(image[1]), width: Int64(image[2]),
            window_height: Int64(geometry.window.height), window_width: Int64(geometry.window.width),
            stride_height: Int64(geometry.strides.height), stride_width: Int64(geometry.strides.width),
            pad_top: Int64(padding.top), pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom),
            pad_right: Int64(padding.right), count_padding: geometry.countsPadding ? 1 : 0)
    }
}

extension PoolGeometry {
    /// The padding with which rounding down gives the geometry's output size: `ceilMode` as padding at the end.
    func effectivePadding(image: ImageSize) -> ImagePadding {
        guard ceilMode, let output = output(image: image) else { return padding }
        var padding = padding
        padding.bottom = max(0, (output.height - 1) * strides.height + window.height - image.height - padding.top)
        padding.right = max(0, (output.width - 1) * strides.width + window.width - image.width - padding.left)
        return padding
    }
}
