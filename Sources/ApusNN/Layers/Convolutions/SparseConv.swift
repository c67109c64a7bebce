public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A convolution in which each output channel sees some of the input channels: y[o] = act(Σ over c in connections[o] of x[c] ∗ W[o, c] + b[o]).
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, connections], b and the outputs' channels as many as there are lists.
/// The kernels lie in the order of the lists. LeCun et al. (1998), table I.
///
/// ```swift
/// // Two maps of channels 0 and 1, one of all three: [8, 8, 3] → [6, 6, 3] by 7 kernels
/// let layer = SparseConv2D(kernelSize: 3, connections: [[0, 1], [0, 1], [0, 1, 2]])
/// print(try layer.summary(input: [8, 8, 3]).parameterCount)   // 66: 3·3·7 + 3
/// ```
public struct SparseConv2D: KernelLayer, CheckedLayer {
    /// The input channels of each output channel.
    public var connections: [[Int]]
    /// How the window moves.
    public var window: ConvolutionWindow<TwoAxes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// A convolution over images with a table of connections: [N, H, W, C] → [N, H′, W′, connections.count].
    ///
    /// - Parameters:
    ///   - kernelSize: The extent of the window along each axis, at least 1.
    ///   - connections: The input channels of each output channel, each at most once in a list.
    ///   - strides: The distance between neighbouring windows along each axis, at least 1.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - activation: The function applied to the result; none unless given.
    ///   - useBias: Whether an offset b is added.
    ///   - kernelInitializer: The start values of the kernels.
    ///   - biasInitializer: The start values of the offset b.
    public init(
        kernelSize: Size2D, connections: [[Int]], strides: Size2D = 1, padding: Padding = .valid,
        activation: Activation = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros
    ) {
        self.connections = connections
        window = ConvolutionWindow(kernelSize: kernelSize, strides: strides, padding: padding, dilation: 1)
        options = KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer)
    }

    public static let kind = "sparseConv2D"

    public static let schema = Schema(
        SparseConv2D(kernelSize: 0, connections: []),
        [
            .required("kernelSize", \.window.kernelSize), .required("connections", \.connections),
            .optional("strides", \.window.strides), .optional("padding", \.window.padding),
        ] + kernelFields)

    func check(_ check: inout Check, _ x: Tensor) {
        window.check(&check)
        check.expect(
            !connections.isEmpty && connections.allSatisfy { !$0.isEmpty && Set($0).count == $0.count },
            "connections must name at least one input channel for each output channel, each once")
        check.expectImages()
        guard check.passed else { return }
        let channels = x.shape[-1]
        let beyond = connections.joined().first { !(0..<channels).contains($0) }
        check.expectInput(
            beyond == nil, "a connection names the channel \(beyond ?? 0) but the input \(x.shape) has \(channels)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let (channels, filters) = (x.shape[-1], connections.count)
        // Where each kernel stands in the whole one, which has zeros elsewhere.
        let places = connections.enumerated().flatMap { output, inputs in inputs.map { $0 * filters + output } }
        let (height, width) = (window.kernelSize.height, window.kernelSize.width)
        let kernels = options.kernel([height, width, places.count], in: context)
        let whole = kernels.scatterAdded(
            Tensor(places.map(Double.init), type: .int64), size: channels *| filters, axis: 2
        ).reshaped(to: [height, width, channels, filters])
        return options.finished(window.applied(to: x, whole, groups: 1), outputs: filters, in: context)
    }
}
