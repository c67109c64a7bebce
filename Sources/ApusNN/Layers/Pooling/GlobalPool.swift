public import ApusConfiguration
public import ApusTensor

/// The mean of each channel over all positions: [N, ..., C] → [N, C], or [N, 1, ..., C] where axes are kept.
public struct GlobalAveragePool: CheckedLayer, Configurable {
    /// Whether the axes stay, with extent 1.
    public var keepsAxes: Bool

    /// Creates the layer; arguments set the properties of their names.
    public init(keepsAxes: Bool = false) {
        self.keepsAxes = keepsAxes
    }

    public static let schema = Schema(GlobalAveragePool(), .optional("keepsAxes", \.keepsAxes))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositions(x)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.mean(axes: x.positionAxes, keepingAxes: keepsAxes)
    }
}

/// The maximum of each channel over all positions: [N, ..., C] → [N, C], or [N, 1, ..., C] where axes are kept.
public struct GlobalMaxPool: CheckedLayer, Configurable {
    /// Whether the axes stay, with extent 1.
    public var keepsAxes: Bool

    /// Creates the layer; arguments set the properties of their names.
    public init(keepsAxes: Bool = false) {
        self.keepsAxes = keepsAxes
    }

    public static let schema = Schema(GlobalMaxPool(), .optional("keepsAxes", \.keepsAxes))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositions(x)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.max(axes: x.positionAxes, keepingAxes: keepsAxes)
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
