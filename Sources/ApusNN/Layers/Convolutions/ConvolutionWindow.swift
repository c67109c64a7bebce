import ApusGraph
import ApusTensor

/// How the window of a convolution moves: what the layers of convolution have in common, for sequences and for images.
///
/// Along a sequence it moves as over an image of height 1.
///
/// ```swift
/// let layer = Conv2D(filters: 8, kernelSize: [3, 5], strides: 2)
/// let window: ConvolutionWindow<TwoAxes> = layer.window
/// print(window.kernelSize.height, window.strides.width)   // 3 2
/// ```
public struct ConvolutionWindow<Axes: SpatialAxes>: Sendable, Hashable {
    /// The window: how many positions one output looks at.
    public var kernelSize: Axes.Size
    /// The steps between windows.
    public var strides: Axes.Size
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// The distance between the positions of a window.
    public var dilation: Axes.Size

    /// The shape of a kernel.
    func kernelShape(_ inputs: Int, _ outputs: Int) -> Shape {
        let size = Axes.size2D(kernelSize)
        return Axes.areOne ? [size.width, inputs, outputs] : [size.height, size.width, inputs, outputs]
    }

    // MARK: Checks

    func check(_ check: inout Check) {
        func expectPositive(_ name: String, _ size: Axes.Size) {
            let size = Axes.size2D(size)
            if Axes.areOne { check.expectPositive(name, size.width) } else { check.expectPositive(name, size) }
        }
        expectPositive("kernelSize", kernelSize)
        expectPositive("strides", strides)
        expectPositive("dilation", dilation)
        check.expectNotNegative("padding", padding.edges)
        check.expect(
            padding != .causal || Axes.areOne,
            "causal padding is for sequences, of images no side is the past; try .same or .explicit")
    }

    // MARK: Convolutions

    /// x [N, ..., C], kernel [..., C / groups, O] → [N, ..., O].
    func applied(to x: Tensor, _ kernel: Tensor, groups: Int) -> Tensor {
        onImages(x, kernel) { x, kernel in
            let geometry = geometry(image: ImageSize(height: x.shape[1], width: x.shape[2]), groups: groups)
            return Tensor(.convolution(geometry), [x.asFactor.node, kernel.node])
        }
    }

    /// x [N, ..., O], kernel [..., C, O] → [N, ..., C], the input whose convolution has the shape of x.
    func transposed(_ x: Tensor, _ kernel: Tensor, outputPadding: Axes.Size) -> Tensor {
        onImages(x, kernel) { x, kernel in
            var extra = Axes.size2D(outputPadding)
            if Axes.areOne { extra.height = 0 }
            let image = transposedSize(of: x, outputPadding: extra)
            return Tensor(
                .convolutionInputGradient(geometry(image: image, groups: 1), image: image),
                [x.asFactor.node, kernel.node])
        }
    }

    private func transposedSize(of x: Tensor, outputPadding: Size2D) -> ImageSize {
        let (window, strides, dilation) = (
            Axes.size2D(kernelSize), Axes.size2D(strides), Axes.size2D(dilation)
        )
        func extent(_ size: Int, _ window: Int, _ stride: Int, _ dilation: Int, _ edges: Int, _ extra: Int) -> Int {
            let covered = dilation *| (window -| 1) +| 1
            return switch padding {
            case .valid: size *| stride +| Swift.max(covered -| stride, 0)
            case .same, .causal: size *| stride
            case .explicit: (size - 1) *| stride -| edges +| covered +| extra
            }
        }
        let edges = if case .explicit(let edges) = imagePadding { edges } else { Edges2D(top: 0) }
        return ImageSize(
            height: extent(
                x.shape[1], window.height, strides.height, dilation.height, edges.top +| edges.bottom,
                outputPadding.height),
            width: extent(
                x.shape[2], window.width, strides.width, dilation.width, edges.left +| edges.right, outputPadding.width)
        )
    }

    // MARK: Images of height 1

    private var imagePadding: Padding { Axes.areOne ? padding.alongSequence : padding }

    private func geometry(image: ImageSize, groups: Int) -> ConvolutionGeometry {
        let (window, strides, dilation) = (
            Axes.size2D(kernelSize).imageSize, Axes.size2D(strides).imageSize, Axes.size2D(dilation).imageSize
        )
        return ConvolutionGeometry(
            strides: strides,
            padding: imagePadding.resolved(image: image, window: window, strides: strides, dilation: dilation),
            dilation: dilation, groups: groups)
    }

    /// A function of images and a kernel, applied to sequences as well.
    private func onImages(_ x: Tensor, _ kernel: Tensor, _ body: (Tensor, Tensor) -> Tensor) -> Tensor {
        Axes.areOne ? body(x.heightened, kernel.heightenedKernel).lowered : body(x, kernel)
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
