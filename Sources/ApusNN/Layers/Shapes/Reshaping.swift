public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Joins all axes but the first: [N, ...] → [N, product].
///
/// ```swift
/// let net = Sequential { Flatten(); Dense(10) }   // [28, 28, 1] → [784] → [10]
/// ```
public struct Flatten: CheckedLayer, Configurable {
    /// All axes of a sample as one: [N, ...] → [N, product].
    public init() {}

    public static let schema = Schema(Flatten())

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectInput(x.rank >= 1, "expected a batch [N, ...] but received a scalar")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.reshaped(to: [x.shape[0], x.shape.dimensions.dropFirst().product])
    }
}

/// The same elements in another shape: [N, ...] → [N, shape...]; one extent may be −1, which stands for what remains.
///
/// ```swift
/// let square = Reshape([28, 28, 1])   // [784] → [28, 28, 1]
/// let rows = Reshape([-1, 28])        // [28, 28, 1] → [28, 28]
/// ```
public struct Reshape: CheckedLayer, Configurable {
    /// Without the batch.
    public var shape: [Int]

    /// Another shape of the samples: [N, ...] → [N, shape...].
    ///
    /// - Parameter shape: The extents of a sample, without the batch; one may be −1, which stands for what remains.
    public init(_ shape: [Int]) {
        self.shape = shape
    }

    public static let schema = Schema(Reshape([]), .leading("shape", \.shape))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(known.allSatisfy { $0 > 0 }, "extents must be positive, or −1 once, received \(shape)")
        check.expect(shape.count - known.count <= 1, "only one extent can be −1, received \(shape)")
        check.expectInput(
            known.count < shape.count ? count(x) % known.product == 0 : count(x) == known.product,
            "a sample of shape \(Shape(Array(x.shape.dimensions.dropFirst()))) has \(count(x)) elements, which do not fit \(shape)"
        )
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.reshaped(to: Shape([x.shape[0]] + shape.map { $0 == -1 ? count(x) / known.product : $0 }))
    }

    /// The extents that are given.
    private var known: [Int] { shape.filter { $0 != -1 } }

    /// The elements of one sample.
    private func count(_ x: Tensor) -> Int { x.shape.dimensions.dropFirst().product }
}

/// Axes in another order: y.shape[i] = x.shape[axes[i − 1]] for i ≥ 1; axes count from 1, as in Keras, for 0 is the batch.
///
/// ```swift
/// let channelsLast = Permute([2, 3, 1])   // [3, 32, 32] → [32, 32, 3]
/// ```
public struct Permute: CheckedLayer, Configurable {
    /// The axes of the input in the order of the output, from 1.
    public var axes: [Int]

    /// Another order of the axes of a sample; the batch stays first.
    ///
    /// - Parameter axes: The axes of the input in the order of the output; they count from 1, as in Keras.
    public init(_ axes: [Int]) {
        self.axes = axes
    }

    public static let schema = Schema(Permute([]), .leading("axes", \.axes))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(
            axes.sorted() == Array(1..<(axes.count + 1)),
            "axes must be the numbers from 1 in some order, received \(axes)")
        check.expectInput(
            x.rank == axes.count + 1, "expected \(axes.count) axes after the batch but received shape \(x.shape)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.transposed([0] + axes)
    }
}
