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
    convenience init?(_ convolution: Convolution) {
        guard LibraryPlan.supports(convolution.image.elementType) else { return nil }
        let shape = apus_convolution_shape(convolution)
        let direction =
            switch convolution.direction {
            case .forward: APUS_ONEDNN_FORWARD
            case .inputGradient: APUS_ONEDNN_INPUT_GRADIENT
            case .kernelGradient: APUS_ONEDNN_KERNEL_GRADIENT
            }
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_plan_convolution(direction, $0, nil, 0) }) else {
            return nil
        }
        self.init(plan)
    }

    /// What brings the kernel of a forward convolution into the library's order, and the size of the result; `nil` if it is.
    static func preparation(_ convolution: Convolution) -> (plan: LibraryPlan, byteCount: Int)? {
        guard supports(convolution.image.elementType) else { return nil }
        let shape = apus_convolution_shape(convolution)
        var byteCount: Int64 = 0
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_kernel_preparation($0, &byteCount) }) else {
            return nil
        }
        return (LibraryPlan(plan), Int(byteCount))
    }

    /// A batch of bfloat16 matrix products with a result of the same type; `nil` if the library has no good implementation.
    convenience init?(_ product: MatrixProduct) {
        guard LibraryPlan.supports(.bfloat16) else { return nil }
        let shape = apus_onednn_matrix_shape(product)
        guard let plan = withUnsafePointer(to: shape, { apus_onednn_matrix_product($0, nil, nil, 0) }) else {
            return nil
        }
        self.init(plan)
    }
}
