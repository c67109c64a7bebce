public import ApusConfiguration
public import ApusTensor

/// The mean of each channel over all positions: [N, ..., C] → [N, C], or [N, 1, ..., C] where axes are kept.
///
/// Steps of a sequence that do not count (`Context.mask(for:)`) are left out; where none counts the result is 0.
///
/// ```swift
/// let classifier = Sequential {
///     Conv2D(filters: 64, kernelSize: 3, activation: .relu)
///     GlobalAveragePool()   // [26, 26, 64] → [64]
///     Dense(10)
/// }
/// ```
public struct GlobalAveragePool: CheckedLayer, Configurable {
    /// Whether the axes stay, with extent 1.
    public var keepsAxes: Bool

    /// The mean of each channel: [N, ..., C] → [N, C].
    ///
    /// - Parameter keepsAxes: Whether the axes of positions stay, with extent 1.
    public init(keepsAxes: Bool = false) {
        self.keepsAxes = keepsAxes
    }

    public static let schema = Schema(GlobalAveragePool(), .optional("keepsAxes", \.keepsAxes))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositions(x)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        guard x.rank == 3, let mask = context.mask(for: x) else {
            return x.mean(axes: x.positionAxes, keepingAxes: keepsAxes)
        }
        let counts = mask.expandingShape(at: 2)
        let count = maximum(counts.cast(to: x.elementType).sum(axes: [1], keepingAxes: keepsAxes), 1)
        return Tensor.where(counts, x, 0).sum(axes: [1], keepingAxes: keepsAxes) / count
    }
}

/// The maximum of each channel over all positions: [N, ..., C] → [N, C], or [N, 1, ..., C] where axes are kept.
///
/// Steps of a sequence that do not count (`Context.mask(for:)`) are left out; where none counts the result is 0.
///
/// ```swift
/// let keyword = Sequential {
///     Conv1D(filters: 32, kernelSize: 5, activation: .relu); GlobalMaxPool(); Dense(1)
/// }
/// ```
public struct GlobalMaxPool: CheckedLayer, Configurable {
    /// Whether the axes stay, with extent 1.
    public var keepsAxes: Bool

    /// The maximum of each channel: [N, ..., C] → [N, C].
    ///
    /// - Parameter keepsAxes: Whether the axes of positions stay, with extent 1.
    public init(keepsAxes: Bool = false) {
        self.keepsAxes = keepsAxes
    }

    public static let schema = Schema(GlobalMaxPool(), .optional("keepsAxes", \.keepsAxes))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositions(x)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        guard x.rank == 3, let mask = context.mask(for: x) else {
            return x.max(axes: x.positionAxes, keepingAxes: keepsAxes)
        }
        let counts = mask.expandingShape(at: 2)
        let found = Tensor.where(counts, x, -Float.infinity).max(axes: [1], keepingAxes: keepsAxes)
        return Tensor.where(counts.any(axes: [1], keepingAxes: keepsAxes), found, 0)
    }
}

extension Check {
    fileprivate mutating func expectPositions(_ x: Tensor) {
        expectInput(x.rank >= 3, "expected sequences [N, L, C] or images [N, H, W, C] but received shape \(x.shape)")
    }
}

extension Tensor {
    /// The axes between the batch and the channels.
    var positionAxes: [Int] { Array(1..<(rank - 1)) }
}
