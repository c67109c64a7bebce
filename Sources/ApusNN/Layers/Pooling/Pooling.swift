import ApusGraph
import ApusTensor

/// What the pooling layers share: how a window moves, and images of height 1 for sequences.
struct Pooling {
    var window: Size2D
    var strides: Size2D
    var padding: Padding
    var ceilMode: Bool

    /// The same along a sequence, which is an image of height 1.
    static func sequence(window: Int, strides: Int?, padding: Padding, ceilMode: Bool) -> Pooling {
        Pooling(
            window: Size2D(1, window), strides: Size2D(1, strides ?? window), padding: padding.alongSequence,
            ceilMode: ceilMode)
    }

    func check(_ check: inout Check, isSequence: Bool = false) {
        if isSequence {
            check.expectPositive("poolSize", window.width)
            if strides != window { check.expectPositive("strides", strides.width) }
        } else {
            check.expectPositive("poolSize", window)
            if strides != window { check.expectPositive("strides", strides) }
        }
        check.expectNotNegative("padding", padding.edges)
        check.expect(padding != .causal, "only convolutions over sequences have causal padding; try .same or .explicit")
    }

    func geometry(_ x: Tensor, countsPadding: Bool = false) -> PoolGeometry {
        let resolved = padding.resolved(
            image: ImageSize(height: x.shape[1], width: x.shape[2]), window: window.imageSize,
            strides: strides.imageSize,
            dilation: ImageSize(height: 1, width: 1))
        return PoolGeometry(
            window: window.imageSize, strides: strides.imageSize, padding: resolved, ceilMode: ceilMode,
            countsPadding: countsPadding)
    }
}
