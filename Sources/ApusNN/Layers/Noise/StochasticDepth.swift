public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Dropout of whole samples: in training a sample becomes 0 with probability `rate`, others are divided by 1 − rate.
///
/// At the end of a residual body it leaves the body out for some samples of each step. Huang et al. (2016).
///
/// ```swift
/// let block = Residual {
///     Conv2D(filters: 16, kernelSize: 3, padding: .same, activation: .relu)
///     StochasticDepth(0.1)
/// }
/// ```
public struct StochasticDepth: CheckedLayer, Configurable {
    /// The probability to be dropped.
    public var rate: Double

    /// Dropout of whole samples, in training only; x and y [N, ...] have one shape.
    ///
    /// - Parameter rate: The probability that a sample becomes 0, in 0..<1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public static let schema = Schema(StochasticDepth(0), .leading("rate", \.rate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectRate(rate)
        check.expectInput(x.rank >= 1, "expected a batch [N, ...] but received a scalar")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.dropped(rate, Shape([x.shape[0]] + Array(repeating: 1, count: x.rank - 1)), context)
    }
}
