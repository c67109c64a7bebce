import ApusGraph
import CKernels

/// A computation that oneDNN has planned.
final class LibraryPlan {
    private let plan: OpaquePointer

    private init(_ plan: OpaquePointer) { self.plan = plan }

    deinit { apus_onednn_plan_destroy(plan) }

    var name: String { String(cString: apus_onednn_plan_name(plan)) }
    var scratch: Operand { .scratch(byteCount: Int(apus_onednn_plan_scratch_bytes(plan))) }

    /// The plan as the parameters of `apus_onednn_run`, which keep it.
    var parameters: ParameterBlock {
        ParameterBlock(adopting: UnsafeRawPointer(plan)) { [self] _ in withExtendedLifetime(self) {} }
    }

    /// Whether the library may compute in an element type: its kernels for bfloat16 need AVX-512.
    private static func supports(_ type: ElementType) -> Bool {
        type == .float32 || type == .bfloat16 && apus_isa() == APUS_ISA_AVX512
    }

    /// A convolution or one of its gradients; `nil` if the library has no good implementation.
    convenience init?(
        _ direction: apus_onednn_direction, _ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape,
        hasBias: Bool = false, relu: Bool = false, isPrepared: Bool = false
    ) {
        guard LibraryPlan.supports(image.elementType) else { return nil }
        let shape = LibraryPlan.shape(
            geometry, image: image, kernel: kernel, hasBias: hasBias, relu: relu, isPrepared: isPrepared)
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_plan_convolution(direction, $0, nil, 0) }) else {
            return nil
        }
        self.init(plan)
    }

    /// What brings the kernel of a forward convolution into the library's order, and the size of the result; `nil` if it is.
    static func preparation(
        _ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape, hasBias: Bool, relu: Bool
    ) -> (plan: LibraryPlan, byteCount: Int)? {
        guard supports(image.elementType) else { return nil }
        let shape = shape(
            geometry, image: image, kernel: kernel, hasBias: hasBias, relu: relu, isPrepared: false)
        var byteCount: Int64 = 0
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_kernel_preparation($0, &byteCount) }) else {
            return nil
        }
        return (LibraryPlan(plan), Int(byteCount))
    }

    private static func shape(
        _ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape, hasBias: Bool, relu: Bool, isPrepared: Bool
    ) -> apus_convolution_shape {
        let parameters = apus_direct_convolution_parameters(geometry, image: image, kernel: kernel)
        return apus_convolution_shape(
            n: parameters.samples, h: parameters.height, w: parameters.width, in_channels: parameters.channels_in,
            out_channels: parameters.channels_out, kernel_h: parameters.kernel_height,
            kernel_w: parameters.kernel_width, stride_h: parameters.stride_height, stride_w: parameters.stride_width,
            pad_top: parameters.pad_top, pad_left: parameters.pad_left, pad_bottom: parameters.pad_bottom,
            pad_right: parameters.pad_right, dilation_h: parameters.dilation_height,
            dilation_w: parameters.dilation_width, groups: parameters.groups,
            type: Int32(image.elementType.rawValue), has_bias: hasBias ? 1 : 0, relu: relu ? 1 : 0,
            prepared: isPrepared ? 1 : 0)
    }

    /// A batch of bfloat16 matrix products with a result of the same type.
    convenience init?(_ shape: apus_onednn_matrix_shape) {
        guard LibraryPlan.supports(.bfloat16) else { return nil }
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_matrix_product($0, nil, nil, 0) }) else {
            return nil
        }
        self.init(plan)
    }
}

extension Node {
    /// Whether oneDNN computes a product of bfloat16 matrices, all in row-major order.
    var hasBFloat16Product: Bool {
        guard case .matmul = operation, inputs.allSatisfy({ $0.shape.count > 0 }) else { return false }
        let (m, n, k) = (shape[-2], shape[-1], inputs[0].shape[-1])
        return LibraryPlan(matrixShape(a: (m * k, k, 1), b: (k * n, n, 1))) != nil
    }

    /// The shape of a bfloat16 matrix product whose operands lie at given strides of batch, row and column.
    func matrixShape(a: (Int, Int, Int), b: (Int, Int, Int)) -> apus_onednn_matrix_shape {
        let (m, n, k) = (Int64(shape[-2]), Int64(shape[-1]), Int64(inputs[0].shape[-1]))
        let type = Int32(ElementType.bfloat16.rawValue)
        return apus_onednn_matrix_shape(
            batch: Int64(shape.dimensions.dropLast(2).reduce(1, *)), m: m, n: n, k: k, a_batch_stride: Int64(a.0),
            a_row_stride: Int64(a.1), a_column_stride: Int64(a.2), b_batch_stride: Int64(b.0),
            b_row_stride: Int64(b.1), b_column_stride: Int64(b.2), c_batch_stride: m * n, c_row_stride: n, type: type,
            result_type: type)
    }

    /// Whether there is a kernel for a convolution of bfloat16 images, or one of its gradients.
    var hasBFloat16Convolution: Bool {
        let geometry: ConvolutionGeometry
        let (image, kernel): (TensorType, Shape)
        let direction: apus_onednn_direction
        switch operation {
        case .convolution(let own):
            (geometry, image, kernel, direction) = (own, inputs[0].type, inputs[1].shape, APUS_ONEDNN_FORWARD)
        case .convolutionInputGradient(let own, _):
            (geometry, image, kernel, direction) = (own, type, inputs[1].shape, APUS_ONEDNN_INPUT_GRADIENT)
        case .convolutionKernelGradient(let own, _):
            (geometry, image, kernel, direction) = (own, inputs[0].type, shape, APUS_ONEDNN_KERNEL_GRADIENT)
        default: return false
        }
        return ConvolutionChoice(geometry, image: image, kernel: kernel) == .winograd
            || LibraryPlan(direction, geometry, image: image, kernel: kernel) != nil
    }
}
