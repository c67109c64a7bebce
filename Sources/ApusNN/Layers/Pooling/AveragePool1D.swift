public import ApusConfiguration
public import ApusTensor

/// The mean of each window of each channel.
///
/// Shapes: x [N, L, C], y [N, L′, C]; strides are the window's size unless given. With `ceilMode` an incomplete window at the end counts (as in PyTorch).
///
/// ```swift
/// let smoothed = AveragePool1D(3, strides: 1, padding: .same)   // [100, 2] → [100, 2]
/// ```
public struct AveragePool1D: CheckedLayer, Configurable {
    /// The size of a window.
    public var poolSize: Int
    /// The steps between windows.
    public var strides: Int?
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// Whether an incomplete window at the end counts.
    public var ceilMode: Bool
    /// Whether padding counts in the divisor (as in PyTorch); Keras divides by what lies inside.
    public var countsPadding: Bool

    /// The means of windows: [N, L, C] → [N, L′, C].
    ///
    /// - Parameters:
    ///   - poolSize: The extent of a window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows; the size of a window if `nil`.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - ceilMode: Whether an incomplete window at the end counts, as PyTorch's `ceil_mode`.
    ///   - countsPadding: Whether padding counts in the divisor, as in PyTorch; Keras divides by the number of elements inside.
    public init(
        _ poolSize: Int, strides: Int? = nil, padding: Padding = .valid, ceilMode: Bool = false,
        countsPadding: Bool = false
    ) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    public static let schema = Schema(
        AveragePool1D(0), .leading("poolSize", \.poolSize), .optional("strides", \.strides),
        .optional("padding", \.padding),
        .optional("ceilMode", \.ceilMode), .optional("countsPadding", \.countsPadding))

    func check(_ check: inout Check, _ x: Tensor) {
        pooling.check(&check, isSequence: true)
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let geometry = pooling.geometry(x.heightened, countsPadding: countsPadding)
        return Tensor(.averagePool(geometry), [x.heightened.node]).lowered
    }

    private var pooling: Pooling {
        Pooling.sequence(window: poolSize, strides: strides, padding: padding, ceilMode: ceilMode)
    }
}
