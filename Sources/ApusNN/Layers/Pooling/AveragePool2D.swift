public import ApusConfiguration
public import ApusTensor

/// The mean of each window of each channel.
///
/// Shapes: x [N, H, W, C], y [N, H′, W′, C]; strides are the window's size unless given. With `ceilMode` an incomplete window at the end counts (as in PyTorch).
///
/// ```swift
/// let transition = Sequential {
///     Conv2D(filters: 32, kernelSize: 1)
///     AveragePool2D(2)   // [16, 16, 32] → [8, 8, 32]
/// }
/// ```
public struct AveragePool2D: CheckedLayer, Configurable {
    /// The size of a window.
    public var poolSize: Size2D
    /// The steps between windows.
    public var strides: Size2D?
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// Whether an incomplete window at the end counts.
    public var ceilMode: Bool
    /// Whether padding counts in the divisor (as in PyTorch); Keras divides by what lies inside.
    public var countsPadding: Bool

    /// The means of windows: [N, H, W, C] → [N, H′, W′, C].
    ///
    /// - Parameters:
    ///   - poolSize: The extent of a window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows; the size of a window if `nil`.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - ceilMode: Whether an incomplete window at the end counts, as PyTorch's `ceil_mode`.
    ///   - countsPadding: Whether padding counts in the divisor, as in PyTorch; Keras divides by the number of elements inside.
    public init(
        _ poolSize: Size2D, strides: Size2D? = nil, padding: Padding = .valid, ceilMode: Bool = false,
        countsPadding: Bool = false
    ) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    public static let schema = Schema(
        AveragePool2D(0), .leading("poolSize", \.poolSize), .optional("strides", \.strides),
        .optional("padding", \.padding),
        .optional("ceilMode", \.ceilMode), .optional("countsPadding", \.countsPadding))

    func check(_ check: inout Check, _ x: Tensor) {
        pooling.check(&check)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let geometry = pooling.geometry(x, countsPadding: countsPadding)
        return Tensor(.averagePool(geometry), [x.node])
    }

    private var pooling: Pooling {
        Pooling(window: poolSize, strides: strides ?? poolSize, padding: padding, ceilMode: ceilMode)
    }
}
