public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Sines and cosines of positions, added to the input: y[n, t, 2i] = x[n, t, 2i] + sin(t · base^(−2i/C)), and cosines for 2i + 1.
///
/// Shapes: x and y [N, T, C] with an even C. Vaswani et al. (2017).
///
/// ```swift
/// let net = Sequential {
///     Embedding(vocabulary: 1000, 64)
///     SinusoidalEncoding()   // [20, 64] → [20, 64]
///     TransformerBlock(heads: 4)
/// }
/// ```
public struct SinusoidalEncoding: CheckedLayer, Configurable {
    /// The base of the wavelengths, which reach 2π · base.
    public var base: Double

    /// Sines and cosines of positions, added to the input; x and y [N, T, C].
    ///
    /// - Parameter base: The base of the wavelengths, above 1.
    public init(base: Double = 10_000) {
        self.base = base
    }

    public static let schema = Schema(
        SinusoidalEncoding(), .leading("base", \.base, hasDefault: true, isLabelled: true))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(base > 1 && base.isFinite, "base must be a number > 1, received \(base)")
        check.expectSequences()
        check.expectInput(
            x.shape[2] % 2 == 0,
            "expected an even number of channels (axis 2), a sine and a cosine each, but received \(x.shape[2]) in "
                + "shape \(x.shape)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let places = context.tokenPlace.map { $0.position.reshaped(to: [1, 1]) } ?? .places(x.shape[1])
        let angles = Tensor.angles(at: places, count: x.shape[2] / 2, base: base)
        let pairs = Tensor.stacked([sin(angles), cos(angles)], axis: 2)
        return x + pairs.reshaped(to: [x.shape[1], x.shape[2]]).cast(to: x.elementType)
    }
}
