import ApusGraph
import ApusTensor

/// What the layers of convolution share: how a window moves, and images of height 1 for sequences.
struct Convolution {
    var window: Size2D
    var strides: Size2D
    var padding: Padding
    var dilation: Size2D

    /// The same along a sequence, which is an image of height 1.
    static func sequence(window: Int, strides: Int, padding: Padding, dilation: Int) -> Convolution {
        Convolution(
            window: Size2D(1, window), strides: Size2D(1, strides), padding: padding.alongSequence,
            dilation: Size2D(1, dilation))
    }

    func check(_ check: inout Check, isSequence: Bool = false) {
        func expectPositive(_ name: String, _ size: Size2D) {
            if isSequence { check.expectPositive(name, size.width) } else { check.expectPositive(name, size) }
        }
        expectPositive("kernelSize", window)
        expectPositive("strides", strides)
        expectPositive("dilation", dilation)
        check.expectNotNegative("padding", padding.edges)
    }

    private func geometry(image: ImageSize, groups: Int) -> ConvolutionGeometry {
        ConvolutionGeometry(
            strides: strides.imageSize,
            padding: padding.resolved(
                image: image, window: window.imageSize, strides: strides.imageSize, dilation: dilation.imageSize),
            dilation: dilation.imageSize, groups: groups)
    }

    /// x [N, H, W, C], kernel [h, w, C / groups, O] → [N, H′, W′, O].
    func applied(to x: Tensor, _ kernel: Tensor, groups: Int) -> Tensor {
        let geometry = geometry(image: ImageSize(height: x.shape[1], width: x.shape[2]), groups: groups)
        return Tensor(.convolution(geometry), [x.asFactor.node, kernel.node])
    }

    /// x [N, H, W, O], kernel [h, w, C, O] → [N, H′, W′, C], the image whose convolution has the shape of x.
    func transposed(_ x: Tensor, _ kernel: Tensor, outputPadding: Size2D) -> Tensor {
        func extent(_ size: Int, _ window: Int, _ stride: Int, _ dilation: Int, _ edges: Int, _ extra: Int) -> Int {
            let covered = dilation * (window - 1) + 1
            return switch padding {
            case .valid: size * stride + Swift.max(covered - stride, 0)
            case .same: size * stride
            case .explicit: (size - 1) * stride - edges + covered + extra
            }
        }
        let edges = if case .explicit(let edges) = padding { edges } else { Edges2D(top: 0) }
        let image = ImageSize(
            height: extent(
                x.shape[1], window.height, strides.height, dilation.height, edges.top + edges.bottom,
                outputPadding.height),
            width: extent(
                x.shape[2], window.width, strides.width, dilation.width, edges.left + edges.right, outputPadding.width))
        let geometry = geometry(image: image, groups: 1)
        return Tensor(.convolutionInputGradient(geometry, image: image), [x.asFactor.node, kernel.node])
    }

    /// What is wrong with the channels of an input for so many groups.
    static func checkGroups(_ check: inout Check, _ x: Tensor, groups: Int, filters: Int) {
        check.expectPositive("groups", groups)
        check.expect(
            groups <= 0 || filters % groups == 0,
            "filters must be a multiple of groups: \(groups) does not divide \(filters)")
        check.expectInput(
            x.shape[-1] % groups == 0,
            "expected a multiple of \(groups) input channels (axis \(x.rank - 1)), one part for each group, but received "
                + "\(x.shape[-1]) in shape \(x.shape)")
    }
}

extension Tensor {
    /// Sequences [N, L, C] as images [N, 1, L, C].
    var heightened: Tensor { expandingShape(at: 1) }
    /// A kernel [k, in, out] as [1, k, in, out].
    var heightenedKernel: Tensor { expandingShape(at: 0) }
    /// Images [N, 1, L, C] as sequences [N, L, C].
    var lowered: Tensor { problems.isEmpty ? squeezingShape(at: -3) : self }
}
