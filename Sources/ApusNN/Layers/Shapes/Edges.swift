public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Zeros at the ends of sequences: [N, L, C] → [N, left + L + right, C].
///
/// ```swift
/// // [50, 4] → [50, 8]
/// let causal = Sequential { ZeroPadding1D(Edges1D(left: 2)); Conv1D(filters: 8, kernelSize: 3) }
/// ```
public struct ZeroPadding1D: CheckedLayer, Configurable {
    /// How many zeros are added at each end.
    public var padding: Edges1D

    /// Zeros before and after sequences: [N, L, C] → [N, left + L + right, C].
    ///
    /// - Parameter padding: How many zeros are added at each end; none may be negative.
    public init(_ padding: Edges1D) {
        self.padding = padding
    }

    public static let schema = Schema(ZeroPadding1D(0), .whole("padding", \.padding))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectNotNegative("padding", [padding.left, padding.right])
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.padded([(0, 0), (padding.left, padding.right), (0, 0)])
    }
}

/// Zeros at the edges of images: [N, H, W, C] → [N, top + H + bottom, left + W + right, C].
///
/// ```swift
/// let layer = ZeroPadding2D(3)                 // [28, 28, 1] → [34, 34, 1]
/// let wide = ZeroPadding2D([0, 2])             // [28, 28, 1] → [28, 32, 1]
/// ```
public struct ZeroPadding2D: CheckedLayer, Configurable {
    /// How many zeros are added at each edge.
    public var padding: Edges2D

    /// Zeros around images: [N, H, W, C] → [N, top + H + bottom, left + W + right, C].
    ///
    /// - Parameter padding: How many zeros are added at each edge; none may be negative.
    public init(_ padding: Edges2D) {
        self.padding = padding
    }

    public static let schema = Schema(ZeroPadding2D(0), .whole("padding", \.padding))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectNotNegative("padding", padding.all)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.padded(padding.axes)
    }
}

/// Sequences without their ends: [N, L, C] → [N, L − left − right, C].
///
/// ```swift
/// let layer = Cropping1D(Edges1D(left: 10))    // [100, 4] → [90, 4]: without the first ten
/// ```
public struct Cropping1D: CheckedLayer, Configurable {
    /// What is cut off at each edge.
    public var cropping: Edges1D

    /// Sequences without their first and last elements: [N, L, C] → [N, L − left − right, C].
    ///
    /// - Parameter cropping: How many elements are cut off at each end; at least one stays.
    public init(_ cropping: Edges1D) {
        self.cropping = cropping
    }

    public static let schema = Schema(Cropping1D(0), .whole("cropping", \.cropping))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectNotNegative("cropping", [cropping.left, cropping.right])
        check.expectSequences()
        check.expectInput(
            cropping.left +| cropping.right < x.shape[1],
            "cropping by \(cropping.left) and \(cropping.right) leaves nothing of a sequence of \(x.shape[1])")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x[0..., cropping.left..<(x.shape[1] - cropping.right)]
    }
}

/// Images without their edges: [N, H, W, C] → [N, H − top − bottom, W − left − right, C].
///
/// ```swift
/// let center = Cropping2D(4)                   // [32, 32, 3] → [24, 24, 3]
/// ```
public struct Cropping2D: CheckedLayer, Configurable {
    /// What is cut off at each edge.
    public var cropping: Edges2D

    /// Images without their edges: [N, H, W, C] → [N, H − top − bottom, W − left − right, C].
    ///
    /// - Parameter cropping: How many pixels are cut off at each edge; at least one stays.
    public init(_ cropping: Edges2D) {
        self.cropping = cropping
    }

    public static let schema = Schema(Cropping2D(0), .whole("cropping", \.cropping))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectNotNegative("cropping", cropping.all)
        check.expectImages()
        check.expectInput(
            cropping.top +| cropping.bottom < x.shape[1] && cropping.left +| cropping.right < x.shape[2],
            "cropping by \(cropping) leaves nothing of an image of \(x.shape[1]) × \(x.shape[2])")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x[0..., cropping.top..<(x.shape[1] - cropping.bottom), cropping.left..<(x.shape[2] - cropping.right)]
    }
}
