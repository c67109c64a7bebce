public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Repeats each element of a sequence: [N, L, C] → [N, size·L, C].
///
/// ```swift
/// let layer = UpSampling1D(4)   // [25, 8] → [100, 8]
/// ```
public struct UpSampling1D: CheckedLayer, Configurable {
    /// How many times as large the output is.
    public var size: Int

    /// Sequences with each element repeated: [N, L, C] → [N, size·L, C].
    ///
    /// - Parameter size: How many times each element stands in the output, at least 1.
    public init(_ size: Int = 2) {
        self.size = size
    }

    public static let schema = Schema(UpSampling1D(), .leading("size", \.size, hasDefault: true))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("size", size)
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.repeated(axis: 1, size)
    }
}

/// Enlarges images: [N, H, W, C] → [N, height·H, width·W, C].
///
/// ```swift
/// let decoder = Sequential {
///     UpSampling2D(2, interpolation: .bilinear)               // [14, 14, 8] → [28, 28, 8]
///     Conv2D(filters: 1, kernelSize: 3, padding: .same)
/// }
/// ```
public struct UpSampling2D: CheckedLayer, Configurable {
    /// How new pixels get their values.
    public enum Interpolation: String, Sendable, Hashable, Codable, CaseIterable {
        /// From the pixel they lie in.
        case nearest
        /// From the four pixels around, by distance of centres; edges are repeated. As in Keras.
        case bilinear
    }

    /// How many times as large the output is.
    public var size: Size2D
    /// How new pixels get their values.
    public var interpolation: Interpolation

    /// Larger images: [N, H, W, C] → [N, height·H, width·W, C].
    ///
    /// - Parameters:
    ///   - size: How many times as high and wide the output is, at least 1.
    ///   - interpolation: How new pixels get their values.
    public init(_ size: Size2D = 2, interpolation: Interpolation = .nearest) {
        self.size = size
        self.interpolation = interpolation
    }

    public static let schema = Schema(
        UpSampling2D(), .leading("size", \.size, hasDefault: true), .optional("interpolation", \.interpolation))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("size", size)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        switch interpolation {
        case .nearest: x.repeated(axis: 1, size.height).repeated(axis: 2, size.width)
        case .bilinear: x.interpolated(axis: 1, size.height).interpolated(axis: 2, size.width)
        }
    }
}

extension Tensor {
    /// Each element `count` times along an axis.
    fileprivate func repeated(axis: Int, _ count: Int) -> Tensor {
        guard problems.isEmpty, count > 1 else { return self }
        var copies = expandingShape(at: axis + 1).shape.dimensions
        copies[axis + 1] = count
        var joined = shape.dimensions
        joined[axis] = joined[axis] *| count
        return expandingShape(at: axis + 1).broadcast(to: Shape(copies)).reshaped(to: Shape(joined))
    }

    /// Linear interpolation between the centres of elements along an axis.
    fileprivate func interpolated(axis: Int, _ scale: Int) -> Tensor {
        guard problems.isEmpty, scale > 1 else { return self }
        let size = shape[axis]
        let matrix: Shape = [size *| scale, size]
        let output = Tensor.positions(size *| scale, of: matrix, axis: 0)
        let center = ((output + 0.5) / Double(scale) - 0.5).clamped(min: 0, max: Double(size - 1))
        let weights = relu(1 - abs(center - Tensor.positions(size, of: matrix, axis: 1)))
        return mixed(axis: axis, by: weights.cast(to: elementType))
    }
}
