public import ApusConfiguration
import ApusTensor

/// A layer whose window moves over sequences or images: 1-D and 2-D are one type, of which the axes are an argument.
///
/// ```swift
/// func widened<L: ConvolutionLayer>(_ layer: L) -> L {
///     var layer = layer
///     layer.padding = .same
///     return layer
/// }
/// let layer = widened(Conv2D(filters: 8, kernelSize: 3))
/// ```
public protocol ConvolutionLayer: Layer, Configurable {
    /// The type of numbers that stand for an axis each: one, or a height and a width.
    associatedtype Axes: SpatialAxes
    /// How the window moves.
    var window: ConvolutionWindow<Axes> { get set }
}

extension ConvolutionLayer {
    /// The window: how many positions one output looks at.
    public var kernelSize: Axes.Size {
        get { window.kernelSize }
        set { window.kernelSize = newValue }
    }

    /// The steps between windows.
    public var strides: Axes.Size {
        get { window.strides }
        set { window.strides = newValue }
    }

    /// How the input is extended before the window moves over it.
    public var padding: Padding {
        get { window.padding }
        set { window.padding = newValue }
    }

    /// The distance between the positions of a window.
    public var dilation: Axes.Size {
        get { window.dilation }
        set { window.dilation = newValue }
    }

    /// The layer as Swift code makes it, by the name of its axes: `Conv2D(filters: 6, kernelSize: 5)`.
    public var description: String {
        let name = Self.kind.prefix(1).uppercased() + Self.kind.dropFirst()
        return "\(name)(\(Self.schema.arguments(self).joined(separator: ", ")))"
    }

    /// The window in files.
    static var windowFields: [Schema<Self>.Field] {
        [
            .required("kernelSize", \.kernelSize), .optional("strides", \.strides), .optional("padding", \.padding),
            .optional("dilation", \.dilation),
        ]
    }
}

extension Check {
    /// An input with the axes that a window moves along.
    mutating func expectInput(_ axes: any SpatialAxes.Type) {
        if axes.areOne { expectSequences() } else { expectImages() }
    }

    /// Channels that can be divided into groups.
    mutating func expectGroups(_ groups: Int, filters: Int, of x: Tensor) {
        expectPositive("groups", groups)
        expect(
            groups <= 0 || filters % groups == 0,
            "filters must be a multiple of groups: \(groups) does not divide \(filters)")
        expectInput(
            x.shape[-1] % groups == 0,
            "expected a multiple of \(groups) input channels (axis \(x.rank - 1)), one part for each group, but received "
                + "\(x.shape[-1]) in shape \(x.shape)")
    }
}
