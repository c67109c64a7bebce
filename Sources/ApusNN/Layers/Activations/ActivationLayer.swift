public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// An activation by itself; files name it `activation: relu`, or just `relu`.
///
/// ```swift
/// let net = Sequential {
///     Dense(64, useBias: false)
///     BatchNorm()
///     ActivationLayer(.relu)      // after the normalization
/// }
/// ```
public struct ActivationLayer: Layer, Configurable {
    /// The function applied to the result.
    public var activation: Activation

    /// A layer that applies an activation to its input: y = act(x), with the shape of x.
    ///
    /// - Parameter activation: The function.
    public init(_ activation: Activation) {
        self.activation = activation
    }

    public static var kind: String { "activation" }

    public static let schema = Schema(ActivationLayer(.linear), .whole("activation", \.activation))

    public func output(for x: Tensor, in context: Context) -> Tensor { activation(x) }
}

/// ReLU with a trained slope: y = x for x ≥ 0, α x below; α begins with 0, as in Keras.
///
/// Shapes: x and y [N, ...], α the shape of a sample, with 1 along shared axes (which count from 1, for 0 is the batch).
/// He et al. (2015).
///
/// ```swift
/// let net = Sequential {
///     Conv2D(filters: 16, kernelSize: 3)
///     PReLU(sharedAxes: [1, 2])   // one slope a channel
/// }
/// ```
public struct PReLU: CheckedLayer, Configurable {
    /// Axes along which all positions have one slope, from 1.
    public var sharedAxes: [Int]
    /// The start values.
    public var initializer: Initializer

    /// A layer that keeps positive elements and multiplies negative ones by a trained slope α.
    ///
    /// - Parameters:
    ///   - sharedAxes: Axes along which all positions have one slope; they count from 1, for 0 is the batch.
    ///   - initializer: The start values of α.
    public init(sharedAxes: [Int] = [], initializer: Initializer = .zeros) {
        self.sharedAxes = sharedAxes
        self.initializer = initializer
    }

    public static var kind: String { "prelu" }

    public static let schema = Schema(
        PReLU(), .optional("sharedAxes", \.sharedAxes), .optional("initializer", \.initializer))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectInput(x.rank >= 2, "expected a batch [N, ...] but received shape \(x.shape)")
        check.expectInput(
            sharedAxes.allSatisfy { (1..<x.rank).contains($0) },
            "shared axes must be in 1..<\(x.rank), received \(sharedAxes)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let shape = Shape((1..<x.rank).map { sharedAxes.contains($0) ? 1 : x.shape[$0] })
        let alpha = context.parameter("alpha", shape: shape, initializer: initializer)
        return Activation.branched(x, below: alpha * x)
    }
}
