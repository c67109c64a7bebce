public import ApusConfiguration
public import ApusTensor

/// The maximum of each window of each channel; padding is never the maximum.
///
/// Shapes: x [N, H, W, C], y [N, H′, W′, C]; strides are the window's size unless given. With `ceilMode` an incomplete window at the end counts (as in PyTorch).
///
/// ```swift
/// let halved = MaxPool2D(2)                                        // [28, 28, 6] → [14, 14, 6]
/// let overlapping = MaxPool2D(3, strides: 2, padding: .same)       // [28, 28, 6] → [14, 14, 6]
/// ```
public struct MaxPool2D: CheckedLayer, Configurable {
    /// The size of a window.
    public var poolSize: Size2D
    /// The steps between windows.
    public var strides: Size2D?
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// Whether an incomplete window at the end counts.
    public var ceilMode: Bool

    /// The maxima of windows: [N, H, W, C] → [N, H′, W′, C].
    ///
    /// - Parameters:
    ///   - poolSize: The extent of a window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows; the size of a window if `nil`.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - ceilMode: Whether an incomplete window at the end counts, as PyTorch's `ceil_mode`.
    public init(
        _ poolSize: Size2D, strides: Size2D? = nil, padding: Padding = .valid, ceilMode: Bool = false
    ) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
    }

    public static let schema = Schema(
        MaxPool2D(0), .leading("poolSize", \.poolSize), .optional("strides", \.strides),
        .optional("padding", \.padding),
        .optional("ceilMode", \.ceilMode))

    func check(_ check: inout Check, _ x: Tensor) {
        pooling.check(&check)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        Tensor(.maxPool(pooling.geometry(x)), [x.node])
    }

    private var pooling: Pooling {
        Pooling(window: poolSize, strides: strides ?? poolSize, padding: padding, ceilMode: ceilMode)
    }
}
