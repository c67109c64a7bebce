public import ApusConfiguration

/// A few values without an order: `choice: [relu, tanh]`.
///
/// ```swift
/// let activation = Domain.choice(ChoiceDomain(["relu", "tanh", "gelu"]))  // or .choice(["relu", "tanh", "gelu"])
/// ```
public struct ChoiceDomain: Configurable {
    public static let kind = "choice"
    /// At least one, each of them once: 1 and 1.0 are the same.
    public var values: [Setting]

    /// A few values.
    ///
    /// - Parameter values: The values, in an order that means nothing.
    public init(_ values: [Setting]) { self.values = values }

    public static let schema = Schema(ChoiceDomain([]), .leading("values", \.values))

    package var problem: String? {
        if values.isEmpty { return "expected at least one value to choose from" }
        for (index, value) in values.enumerated() {
            if let number = value.number, !number.isFinite { return "expected finite numbers but received \(number)" }
            if values[..<index].contains(where: { $0.isSame(as: value) }) { return "\(value) is there more than once" }
        }
        return nil
    }
}

/// Integers from low to high, both included: `integer: [16, 256]`.
///
/// ```swift
/// let units = Domain.integer(16...1024, log: true)   // 16 to 32 is as likely as 512 to 1024
/// ```
public struct IntegerDomain: Configurable {
    public static let kind = "integer"
    /// The ends, within ±2⁵³; the upper one is left out if no number of steps leads to it.
    public var range: Bounds<Int>
    /// The distance between neighbours.
    public var step: Int
    /// Whether doubling counts as much everywhere: values are drawn evenly by their logarithm.
    public var log: Bool

    /// Integers in a range. A search refuses a logarithmic scale that begins below 1 or has a step other than 1.
    public init(_ range: ClosedRange<Int>, step: Int = 1, log: Bool = false) {
        self.range = Bounds(range)
        self.step = step
        self.log = log
    }

    public static let schema = Schema(
        IntegerDomain(0...1), .leading("range", \.range), .optional("step", \.step), .optional("log", \.log))

    package var problem: String? {
        let exact = 1 << 53
        if range.low > range.high { return "expected low ≤ high but received [\(range.low), \(range.high)]" }
        if range.low < -exact || range.high > exact { return "expected integers between -2^53 and 2^53" }
        if step < 1 || step > exact { return "expected a step between 1 and 2^53 but received \(step)" }
        if log, range.low < 1 { return "expected low ≥ 1 on a logarithmic scale but received \(range.low)" }
        if log, step != 1 { return "expected either a step or a logarithmic scale but received both" }
        return nil
    }

    var axis: Axis {
        let count = (range.high - range.low) / step + 1
        return Axis(
            low: Double(range.low), high: Double(range.low + (count - 1) * step), isLog: log, step: Double(step),
            count: count)
    }
}

/// Real numbers from low to high: `real: [0, 0.5]`; on a logarithmic scale: `log: [0.0001, 0.1]`.
///
/// ```swift
/// let rate = Domain.log(1e-5...1e-1)             // as likely below as above 1e-3
/// let momentum = Domain.real(0.5...0.95, step: 0.05)
/// ```
public struct RealDomain: Configurable {
    public static let kind = "real"
    /// The ends, both finite; the upper one is left out if no number of steps leads to it.
    public var range: Bounds<Double>
    /// The distance between neighbours; every number in the range if absent.
    public var step: Double?
    /// Whether values are drawn evenly by their logarithm.
    public var log: Bool

    /// Real numbers in a range. A search refuses a logarithmic scale that does not begin above 0 or has a step.
    public init(_ range: ClosedRange<Double>, step: Double? = nil, log: Bool = false) {
        self.range = Bounds(range)
        self.step = step
        self.log = log
    }

    public static let schema = Schema(
        RealDomain(0...1), .leading("range", \.range), .optional("step", \.step), .optional("log", \.log))

    package var problem: String? {
        guard range.low.isFinite, range.high.isFinite, (range.high - range.low).isFinite else {
            return "expected finite numbers but received [\(range.low), \(range.high)]"
        }
        if range.low > range.high { return "expected low ≤ high but received [\(range.low), \(range.high)]" }
        if log, range.low <= 0 { return "expected low > 0 on a logarithmic scale but received \(range.low)" }
        if let step {
            if log { return "expected either a step or a logarithmic scale but received both" }
            guard step > 0, step.isFinite, (range.high - range.low) / step < 0x1p53, range.low + step > range.low else {
                return "expected a step above 0 that divides the range into less than 2^53 parts but received \(step)"
            }
        }
        return nil
    }

    var axis: Axis {
        guard let step else {
            return Axis(low: range.low, high: range.high, isLog: log, step: nil, count: nil)
        }
        // A step that divides the range, but for rounding, reaches its end.
        let count = Int(((range.high - range.low) / step + 1e-9).rounded(.down)) + 1
        return Axis(
            low: range.low, high: min(range.high, range.low + Double(count - 1) * step), isLog: false, step: step,
            count: count)
    }
}
