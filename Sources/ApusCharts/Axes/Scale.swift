import Foundation

/// The smallest range that holds some numbers.
struct Extent: Sendable {
    private(set) var lower = Double.infinity
    private(set) var upper = -Double.infinity
    /// Whether all numbers were integers, as epochs and steps are.
    private(set) var isWhole = true

    var isEmpty: Bool { lower > upper }

    mutating func add(_ value: Double, on axis: Axis) {
        guard axis.shows(value) else { return }
        lower = min(lower, value)
        upper = max(upper, value)
        if isWhole, value != value.rounded() || abs(value) > 1e15 { isWhole = false }
    }

    mutating func add(_ values: [Double], on axis: Axis) {
        for value in values { add(value, on: axis) }
    }
}

/// From numbers to places in the picture.
package struct Scale: Sendable {
    package let kind: Axis.Scale
    package let lower: Double
    package let upper: Double
    /// The numbers on this scale are integers: so are its ticks.
    private(set) var isWhole: Bool
    /// The places of `lower` and `upper`.
    package var start: Double
    package var end: Double

    /// Numbers beyond these are drawn at these.
    private static let limit = 1e300

    package init(_ kind: Axis.Scale, from lower: Double, to upper: Double, start: Double, end: Double) {
        self.init(kind, lower: lower, upper: upper, isWhole: false)
        self.start = start
        self.end = end
    }

    /// A scale on which the numbers fill the picture, with a part of their span left free below and above.
    init(_ axis: Axis, fitting extent: Extent, margins: (below: Double, above: Double) = (0, 0)) {
        let whole = extent.isWhole && !extent.isEmpty
        if let range = axis.range, axis.shows(range.lowerBound), axis.shows(range.upperBound),
            range.lowerBound < range.upperBound
        {
            // A range within one step of the integers needs other ticks.
            let isWide = range.upperBound / 2 - range.lowerBound / 2 >= 0.5
            self.init(axis.scale, lower: range.lowerBound, upper: range.upperBound, isWhole: whole && isWide)
            return
        }
        guard !extent.isEmpty else {
            self.init(axis.scale, lower: axis.scale == .linear ? 0 : 0.1, upper: 1, isWhole: false)
            return
        }
        let plain = Scale(axis.scale, lower: extent.lower, upper: extent.upper, isWhole: whole)
        let (low, high) = (plain.forward(plain.lower), plain.forward(plain.upper))
        let span = high - low
        var lower = plain.backward(low - span * margins.below)
        var upper = plain.backward(high + span * margins.above)
        // Free space does not make numbers of one sign look as if they had the other.
        if axis.scale == .linear, extent.lower >= 0, extent.upper > extent.lower { lower = max(0, lower) }
        if axis.scale == .linear, extent.upper <= 0, extent.upper > extent.lower { upper = min(0, upper) }
        self.init(axis.scale, lower: lower, upper: upper, isWhole: whole)
    }

    private init(_ kind: Axis.Scale, lower: Double, upper: Double, isWhole: Bool) {
        var (low, high) = (Scale.clamp(lower, kind), Scale.clamp(upper, kind))
        switch kind {
        case .linear:
            // Numbers that differ by less than their labels can tell are equal: they stand in the middle.
            let size = max(abs(low), abs(high))
            if !(high - low > size * 1e-9) || high - low < 1e-290 {
                let padding = size < 1e-290 ? 1 : isWhole ? max(1, size * 1e-6) : size * 0.1
                low -= padding
                high += padding
            }
        case .logarithmic:
            if !(high > low * (1 + 1e-6)) {
                low = max(low / 2, 1e-301)
                high *= 2
            }
        }
        self.kind = kind
        self.lower = low
        self.upper = high
        self.isWhole = isWhole
        start = 0
        end = 1
    }

    /// The same scale for measurements that happen to be integers.
    var measuring: Scale {
        var scale = self
        scale.isWhole = false
        return scale
    }

    /// The same scale for integers whose borders lie between integers.
    var counting: Scale {
        var scale = self
        scale.isWhole = true
        return scale
    }

    private static func clamp(_ value: Double, _ kind: Axis.Scale) -> Double {
        min(max(value, kind == .linear ? -limit : 1 / limit), limit)
    }

    private func forward(_ value: Double) -> Double { kind == .linear ? value : log10(value) }

    private func backward(_ value: Double) -> Double {
        let result = kind == .linear ? value : pow(10, value)
        return Scale.clamp(result, kind)
    }

    /// The place of a number; nothing where it has none.
    package func position(_ value: Double) -> Double? {
        guard value.isFinite, kind == .linear || value > 0 else { return nil }
        let low = forward(lower)
        let part = (forward(Scale.clamp(value, kind)) - low) / (forward(upper) - low)
        // Far outside is outside: lines leave the picture, and coordinates stay small.
        return start + min(max(part, -100), 100) * (end - start)
    }

    /// Up to `count` ticks.
    package func ticks(_ count: Int) -> [Tick] {
        switch kind {
        case .linear: Ticks.linear(from: lower, to: upper, count: count, whole: isWhole)
        case .logarithmic: Ticks.logarithmic(from: lower, to: upper, count: count)
        }
    }
}
