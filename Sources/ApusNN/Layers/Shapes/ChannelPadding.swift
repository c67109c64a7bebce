public import ApusConfiguration
public import ApusTensor

/// Channels of zeros before and after those of the input: [..., C] → [..., before + C + after].
///
/// ```swift
/// // The shortcut without weights of He et al. (2016): every second pixel, new channels of zeros
/// let shortcut = Sequential { MaxPool2D(1, strides: 2); ChannelPadding(before: 8, after: 8) }   // [8, 8, 16] → [4, 4, 32]
/// ```
public struct ChannelPadding: CheckedLayer, Configurable {
    /// The number of channels before those of the input.
    public var before: Int
    /// The number of channels after those of the input.
    public var after: Int

    /// Channels of zeros around those of the input: [..., C] → [..., before + C + after].
    ///
    /// - Parameters:
    ///   - before: The number of channels before those of the input, not negative.
    ///   - after: The number of channels after those of the input, not negative.
    public init(before: Int = 0, after: Int = 0) {
        self.before = before
        self.after = after
    }

    public static let schema = Schema(
        ChannelPadding(), .optional("before", \.before), .optional("after", \.after))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(
            before >= 0 && after >= 0, "before and after must not be negative, received \(before) and \(after)")
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.padded(Array(repeating: (low: 0, high: 0), count: x.rank - 1) + [(low: before, high: after)])
    }
}
