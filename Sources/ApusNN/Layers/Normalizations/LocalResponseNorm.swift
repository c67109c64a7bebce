public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Local response normalization: y[c] = x[c] / (k + α / size · Σ x[c′]²)^β over the `size` channels around c.
///
/// Shapes: x and y [..., C]; beyond the first and the last channel there are zeros. As in PyTorch, α is divided by the size.
/// Krizhevsky, Sutskever & Hinton (2012).
///
/// ```swift
/// let stem = Sequential {
///     Conv2D(filters: 96, kernelSize: 11, strides: 4, activation: .relu)
///     LocalResponseNorm(5, alpha: 1e-4, beta: 0.75, k: 2)   // as in AlexNet
///     MaxPool2D(3, strides: 2)
/// }
/// ```
public struct LocalResponseNorm: CheckedLayer, Configurable {
    /// The number of channels around each.
    public var size: Int
    /// α of the formula.
    public var alpha: Double
    /// β of the formula.
    public var beta: Double
    /// k of the formula.
    public var k: Double

    /// A division of each channel by what its neighbours hold; x and y [..., C].
    ///
    /// - Parameters:
    ///   - size: The number of channels that count around each, at least 1.
    ///   - alpha: α of the formula, not negative.
    ///   - beta: β of the formula.
    ///   - k: k of the formula, above 0.
    public init(_ size: Int = 5, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k
    }

    public static let schema = Schema(
        LocalResponseNorm(), .leading("size", \.size, hasDefault: true), .optional("alpha", \.alpha),
        .optional("beta", \.beta),
        .optional("k", \.k))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("size", size)
        check.expect(k > 0 && alpha >= 0, "k must be positive and alpha not negative, received \(k) and \(alpha)")
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        // Farther channels than there are count nothing.
        let channels = x.shape[-1]
        let (before, after) = (Swift.min(size / 2, channels), Swift.min(size - 1 - size / 2, channels))
        let edges = Array(repeating: (low: 0, high: 0), count: x.rank - 1) + [(low: before, high: after)]
        let squares = square(x).padded(edges)
        let sum = (0...(before + after)).map { squares.lastAxis($0..<($0 + channels)) }.reduce(nil) { sum, next in
            sum.map { $0 + next } ?? next
        }!
        return x / pow(sum * (alpha / Double(size)) + k, beta)
    }
}

extension Tensor {
    /// Part of the last axis.
    fileprivate func lastAxis(_ range: Range<Int>) -> Tensor {
        let whole = shape.dimensions.dropLast().map { AxisSlice(start: 0, count: $0) }
        return Tensor(.slice(whole + [AxisSlice(start: range.lowerBound, count: range.count)]), [node])
    }
}
