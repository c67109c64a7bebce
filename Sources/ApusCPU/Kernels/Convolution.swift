package import ApusGraph
import CKernels

/// A convolution or one of its gradients, with what its kernel does besides: all that decides which kernel computes it.
package struct Convolution: Hashable {
    /// What is computed.
    enum Direction: Hashable {
        case forward, inputGradient, kernelGradient
    }

    var direction: Direction
    var geometry: ConvolutionGeometry
    /// [N, H, W, C], the larger side of the convolution.
    var image: TensorType
    /// [kh, kw, C / groups, O]
    var kernel: Shape
    var hasBias = false
    var relu = false
    /// Whether a tensor of the result's shape is added before the ReLU.
    var hasResidual = false
    /// Whether the kernel is in the library's order already.
    var isPrepared = false

    /// The convolution that a node is; `nil` if it is another operation.
    package init?(_ node: Node) {
        switch node.operation {
        case .convolution(let own):
            (direction, geometry, image, kernel) = (.forward, own, node.inputs[0].type, node.inputs[1].shape)
        case .convolutionInputGradient(let own, _):
            (direction, geometry, image, kernel) = (.inputGradient, own, node.type, node.inputs[1].shape)
        case .convolutionKernelGradient(let own, _):
            (direction, geometry, image, kernel) = (.kernelGradient, own, node.inputs[0].type, node.shape)
        default: return nil
        }
    }

    /// Whether it is a product of matrices: each pixel's channels times the kernel.
    var isProduct: Bool {
        let one = ImageSize(height: 1, width: 1)
        let padding = geometry.padding
        return image.elementType == .float32 && kernel[0] == 1 && kernel[1] == 1 && geometry.strides == one
            && geometry.groups == 1
            && [padding.top, padding.left, padding.bottom, padding.right].allSatisfy { $0 == 0 }
    }

    /// The pixels of all images.
    var pixels: Int { image.shape[0] * image.shape[1] * image.shape[2] }
}

// MARK: Parameters

extension apus_winograd_parameters {
    init(_ convolution: Convolution) {
        let (image, kernel, padding) = (convolution.image, convolution.kernel, convolution.geometry.padding)
        self.init(
            samples: Int64(image.shape[0]), height: Int64(image.shape[1]), width: Int64(image.shape[2]),
            channels_in: Int64(kernel[2]), channels_out: Int64(kernel[3]), pad_top: Int64(padding.top),
            pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom), pad_right: Int64(padding.right),
            threads: Int64(apus_thread_count()), relu: convolution.relu ? 1 : 0,
            type: Int32(image.elementType.rawValue))
    }
}

extension apus_gemm_parameters {
    /// The product that a convolution of a pixel is, or a gradient of it: X · W, G · Wᵀ, Xᵀ · G.
    init(_ convolution: Convolution) {
        let (pixels, inputs, outputs) = (convolution.pixels, convolution.kernel[2], convolution.kernel[3])
        self.init()
        (batch, alpha) = (1, 1)
        switch convolution.direction {
        case .forward:
            (m, k, n) = (Int64(pixels), Int64(inputs), Int64(outputs))
            (a_row_stride, a_column_stride, b_row_stride, b_column_stride) = (k, 1, n, 1)
        case .inputGradient:
            (m, k, n) = (Int64(pixels), Int64(outputs), Int64(inputs))
            (a_row_stride, a_column_stride, b_row_stride, b_column_stride) = (k, 1, 1, k)
        case .kernelGradient:
            (m, k, n) = (Int64(inputs), Int64(pixels), Int64(outputs))
            (a_row_stride, a_column_stride, b_row_stride, b_column_stride) = (1, m, n, 1)
        }
        (c_row_stride, c_batch_stride) = (n, m * n)
        has_bias = convolution.hasBias ? 1 : 0
        adds = convolution.hasResidual ? 1 : 0
        activation = Int32((convolution.relu ? APUS_ACTIVATION_RELU : APUS_ACTIVATION_NONE).rawValue)
    }
}

extension apus_direct_convolution_parameters {
    init(_ convolution: Convolution) {
        let (image, kernel, geometry) = (convolution.image, convolution.kernel, convolution.geometry)
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

extension apus_unfolded_parameters {
    init(_ convolution: Convolution) {
        self.init(
            convolution: apus_direct_convolution_parameters(convolution), relu: convolution.relu ? 1 : 0,
            adds: convolution.hasResidual ? 1 : 0)
    }
}

extension apus_convolution_shape {
    init(_ convolution: Convolution) {
        let direct = apus_direct_convolution_parameters(convolution)
        self.init(
            n: direct.samples, h: direct.height, w: direct.width, in_channels: direct.channels_in,
            out_channels: direct.channels_out, kernel_h: direct.kernel_height, kernel_w: direct.kernel_width,
            stride_h: direct.stride_height, stride_w: direct.stride_width, pad_top: direct.pad_top,
            pad_left: direct.pad_left, pad_bottom: direct.pad_bottom, pad_right: direct.pad_right,
            dilation_h: direct.dilation_height, dilation_w: direct.dilation_width, groups: direct.groups,
            type: Int32(convolution.image.elementType.rawValue), has_bias: convolution.hasBias ? 1 : 0,
            relu: convolution.relu ? 1 : 0, prepared: convolution.isPrepared ? 1 : 0)
    }
}
