import Foundation

/// A number that an axis names.
package struct Tick: Sendable, Hashable {
    package var value: Double
    package var label: String
}

/// Round numbers in a range: steps of 1, 2 or 5 times a power of ten.
package enum Ticks {
    /// At most `count` (and at least two, where the range holds them) equally spaced numbers, exact in decimals.
    package static func linear(from lower: Double, to upper: Double, count: Int, whole: Bool = false) -> [Tick] {
        guard lower.isFinite, upper.isFinite, lower < upper else { return [] }
        let count = max(2, count)
        let rough = max((upper - lower) / Double(count), 1e-300)
        var exponent = Int(log10(rough).rounded(.down)) - 1
        if whole { exponent = max(exponent, 0) }
        // The first step that leaves few enough; three decades are more than rounding can miss by.
        for _ in 0..<3 {
            for factor in [1, 2, 5] {
                let unit = Mathematics.powerOfTen(abs(exponent))
                func inSteps(_ value: Double) -> Double {
                    (exponent < 0 ? value * unit : value / unit) / Double(factor)
                }
                let (first, last) = (inSteps(lower), inSteps(upper))
                guard abs(first) < 1e14, abs(last) < 1e14 else { continue }
                let slack = 1e-9 * (last - first)
                let (from, to) = (Int((first - slack).rounded(.up)), Int((last + slack).rounded(.down)))
                guard from <= to, to - from < count else { continue }
                let integers = (from...to).map { $0 * factor }
                return zip(integers, NumberFormat.axis(integers, exponent: exponent)).map { integer, label in
                    Tick(value: exponent < 0 ? Double(integer) / unit : Double(integer) * unit, label: label)
                }
            }
            exponent += 1
        }
        return []
    }

    /// Powers of ten, with twice and five times them where there is room; round numbers where the range is short.
    package static func logarithmic(from lower: Double, to upper: Double, count: Int) -> [Tick] {
        guard lower > 0, upper.isFinite, lower < upper else { return [] }
        let count = max(2, count)
        let (low, high) = (log10(lower), log10(upper))
        let (first, last) = (Int(low.rounded(.down)), Int(high.rounded(.up)))
        func ticks(_ factors: [Int], every step: Int) -> [Tick] {
            var result: [Tick] = []
            for exponent in first...last where exponent.isMultiple(of: step) {
                for factor in factors {
                    let value = Double(factor) * Mathematics.powerOfTen(exponent)
                    guard value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) else { continue }
                    result.append(Tick(value: value, label: NumberFormat.decimal(factor, exponent: exponent)))
                }
            }
            return result
        }
        for candidate in [[1, 2, 5], [1, 3], [1]] {
            let result = ticks(candidate, every: 1)
            if result.count > count { continue }
            // Between two round powers the eye needs more than one number.
            return result.count >= 2 ? result : linear(from: lower, to: upper, count: count)
        }
        for step in 2...max(2, last - first) {
            let result = ticks([1], every: step)
            if result.count <= count { return result }
        }
        return []
    }

    /// The most ticks whose labels, laid along a line, do not touch.
    static func fitting(_ scale: Scale, size: Double, gap: Double) -> [Tick] {
        let length = abs(scale.end - scale.start)
        for count in stride(from: max(2, min(12, Int(length / 40))), through: 2, by: -1) {
            let ticks = scale.ticks(count)
            var edge = -Double.infinity
            let fits = ticks.allSatisfy { tick in
                guard let center = scale.position(tick.value) else { return true }
                let half = TextWidth.measure(tick.label, size: size) / 2
                defer { edge = center + half + gap }
                return center - half >= edge
            }
            if fits { return ticks }
        }
        return Array(scale.ticks(2).prefix(1))
    }
}
