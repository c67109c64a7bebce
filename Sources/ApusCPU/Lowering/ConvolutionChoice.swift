import ApusGraph
import CKernels

/// Which kernel computes a convolution and its gradients: a rule, nothing is tried out.
package enum ConvolutionChoice: Hashable {
    /// Whether programs that are compiled now may use Winograd: comparisons of its accuracy switch it off.
    @TaskLocal package static var allowsWinograd = true

    /// Own Winograd: 36 multiplications for 16 results in place of 144.
    case winograd
    /// oneDNN, or plain loops where it has no implementation.
    case general

    /// - Parameters:
    ///   - image: [N, H, W, C], the larger side of the convolution.
    ///   - kernel: [kh, kw, C / groups, O]
    init(_ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape) {
        let one = ImageSize(height: 1, width: 1)
        let padding = geometry.padding
        let fits =
            [.float32, .bfloat16].contains(image.elementType) && kernel[0] == 3 && kernel[1] == 3
            && geometry.strides == one
            && geometry.dilation == one && geometry.groups == 1 && image.shape[1] >= 4 && image.shape[2] >= 4
            && [padding.top, padding.left, padding.bottom, padding.right].allSatisfy { (0...2).contains($0) }
        // The transforms cost as much as some channels' multiplications, and those of the kernel as much as some tiles'.
        let tiles = image.shape[0] * ((image.shape[1] + 3) / 4) * ((image.shape[2] + 3) / 4)
        self = Self.allowsWinograd && fits && kernel[2] >= 32 && kernel[3] >= 32 && tiles >= 16 ? .winograd : .general
    }
}

extension apus_winograd_parameters {
    init(_ geometry: ConvolutionGeometry, image: TensorType, kernel: Shape, relu: Bool = false) {
        self.init(
            samples: Int64(image.shape[0]), height: Int64(image.shape[1]), width: Int64(image.shape[2]),
            channels_in: Int64(kernel[2]), channels_out: Int64(kernel[3]), pad_top: Int64(geometry.padding.top),
            pad_left: Int64(geometry.padding.left), pad_bottom: Int64(geometry.padding.bottom),
            pad_right: Int64(geometry.padding.right), threads: Int64(apus_thread_count()), relu: relu ? 1 : 0,
            type: Int32(image.elementType.rawValue))
    }
}
