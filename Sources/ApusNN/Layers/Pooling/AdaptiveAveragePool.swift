public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Means over as many windows as positions are wanted: window o of an axis of n elements is ⌊o·n / out⌋ ..< ⌈(o + 1)·n / out⌉,
/// as in PyTorch.
///
/// Shapes: x [N, L, C], y [N, outputSize, C].
///
/// ```swift
/// let head = Sequential { AdaptiveAveragePool1D(4); Flatten(); Dense(2) }   // sequences of any length ≥ 4
/// ```
public struct AdaptiveAveragePool1D: CheckedLayer, Configurable {
    /// The number of positions of the output.
    public var outputSize: Int

    /// Means over `outputSize` windows: [N, L, C] → [N, outputSize, C].
    ///
    /// - Parameter outputSize: The number of positions of the output, at least 1.
    public init(_ outputSize: Int) {
        self.outputSize = outputSize
    }

    public static let schema = Schema(AdaptiveAveragePool1D(0), .leading("outputSize", \.outputSize))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("outputSize", outputSize)
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.adaptivelyPooled(axis: 1, to: outputSize)
    }
}

/// Means over as many windows as positions are wanted: window o of an axis of n elements is ⌊o·n / out⌋ ..< ⌈(o + 1)·n / out⌉,
/// as in PyTorch.
///
/// Shapes: x [N, H, W, C], y [N, output height, output width, C].
///
/// ```swift
/// let head = Sequential {
///     AdaptiveAveragePool2D([7, 7])   // [14, 14, 64] → [7, 7, 64]
///     Flatten()
///     Dense(10)
/// }
/// ```
public struct AdaptiveAveragePool2D: CheckedLayer, Configurable {
    /// The number of positions of the output.
    public var outputSize: Size2D

    /// Means over windows whose number is given: [N, H, W, C] → [N, height, width, C].
    ///
    /// - Parameter outputSize: Height and width of the output, each at least 1.
    public init(_ outputSize: Size2D) {
        self.outputSize = outputSize
    }

    public static let schema = Schema(AdaptiveAveragePool2D(0), .leading("outputSize", \.outputSize))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("outputSize", outputSize)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.adaptivelyPooled(axis: 1, to: outputSize.height).adaptivelyPooled(axis: 2, to: outputSize.width)
    }
}

extension Tensor {
    fileprivate func adaptivelyPooled(axis: Int, to count: Int) -> Tensor {
        guard problems.isEmpty else { return self }
        let size = shape[axis]
        guard size != count else { return self }
        // Windows of one size that do not overlap are a reshape away.
        if size % count == 0 {
            var parts = shape.dimensions
            parts.replaceSubrange(axis...axis, with: [count, size / count])
            return reshaped(to: Shape(parts)).mean(axes: [axis + 1])
        }
        let (output, input) = (
            Tensor.positions(count, of: [count, size], axis: 0), Tensor.positions(size, of: [count, size], axis: 1)
        )
        let first = floor(output * Double(size) / Double(count))
        let end = ceil((output + 1) * Double(size) / Double(count))
        let isInside = ((input .>= first) .& (input .< end)).cast(to: elementType)
        return mixed(axis: axis, by: isInside / (end - first).cast(to: elementType))
    }

    /// The index along an axis, in every element.
    static func positions(_ count: Int, of shape: Shape, axis: Int) -> Tensor {
        Tensor(Node(.iota(axis: axis, TensorType(shape, .float32))))
    }

    /// Linear combinations along an axis: y[…, o, …] = Σ weights[o, i] · x[…, i, …].
    func mixed(axis: Int, by weights: Tensor) -> Tensor {
        var order = Array(0..<rank)
        order.append(order.remove(at: axis))
        let moved = transposed(order).matmul(weights.transposed())
        return moved.transposed(order.indices.map { order.firstIndex(of: $0)! })
    }
}
