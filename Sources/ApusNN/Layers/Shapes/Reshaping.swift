public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Joins all axes but the first: [N, ...] → [N, product].
public struct Flatten: Layer, Configurable {
    public init() {}

    public static let schema = Schema(Flatten())

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        checked(x, context) { check in
            check.expectInput(x.rank >= 1, "expected a batch [N, ...] but received a scalar")
        } then: {
            x.reshaped(to: [x.shape[0], x.shape.dimensions.dropFirst().reduce(1, *)])
        }
    }
}

/// The same elements in another shape: [N, ...] → [N, shape...]; one extent may be −1, which stands for what remains.
public struct Reshape: Layer, Configurable {
    /// Without the batch.
    public var shape: [Int]

    public init(_ shape: [Int]) {
        self.shape = shape
    }

    public static let schema = Schema(Reshape([]), .leading("shape", \.shape))

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        let known = shape.filter { $0 != -1 }
        let product = known.reduce(1, *)
        func count() -> Int { x.shape.dimensions.dropFirst().reduce(1, *) }
        return checked(x, context) { check in
            check.expect(known.allSatisfy { $0 > 0 }, "extents must be positive, or −1 once, received \(shape)")
            check.expect(shape.count - known.count <= 1, "only one extent can be −1, received \(shape)")
            check.expectInput(
                known.count < shape.count ? count() % product == 0 : count() == product,
                "a sample of shape \(Shape(Array(x.shape.dimensions.dropFirst()))) has \(count()) elements, which do not fit \(shape)"
            )
        } then: {
            x.reshaped(to: Shape([x.shape[0]] + shape.map { $0 == -1 ? count() / product : $0 }))
        }
    }
}

/// Axes in another order: y.shape[i] = x.shape[axes[i − 1]] for i ≥ 1; axes count from 1, as in Keras, for 0 is the batch.
public struct Permute: Layer, Configurable {
    /// The axes of the input in the order of the output, from 1.
    public var axes: [Int]

    public init(_ axes: [Int]) {
        self.axes = axes
    }

    public static let schema = Schema(Permute([]), .leading("axes", \.axes))

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        checked(x, context) { check in
            check.expect(
                axes.sorted() == Array(1..<(axes.count + 1)),
                "axes must be the numbers from 1 in some order, received \(axes)")
            check.expectInput(
                x.rank == axes.count + 1, "expected \(axes.count) axes after the batch but received shape \(x.shape)")
        } then: {
            x.transposed([0] + axes)
        }
    }
}
