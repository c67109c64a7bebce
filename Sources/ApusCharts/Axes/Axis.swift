/// One direction of a chart: what it shows, in which unit and on which scale.
///
/// ```swift
/// let x: Axis = "Epoch"
/// let y = Axis("Learning rate", scale: .logarithmic, range: 1e-5...1e-1)
/// let time = Axis("Time", unit: "ms")
/// ```
public struct Axis: Sendable, Hashable, ExpressibleByStringLiteral {
    /// How numbers become places.
    public enum Scale: Sendable, Hashable {
        /// Equal distances are equal differences.
        case linear
        /// To base ten; numbers that are not positive have no place on it.
        case logarithmic
    }

    /// What the numbers are.
    public var title: String
    /// What they are counted in: `s`.
    public var unit: String?
    /// Linear or logarithmic.
    public var scale: Scale
    /// What is shown; fitted to the data unless given.
    public var range: ClosedRange<Double>?

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ title: String, unit: String? = nil, scale: Scale = .linear, range: ClosedRange<Double>? = nil
    ) {
        self.title = title
        self.unit = unit
        self.scale = scale
        self.range = range
    }

    public init(stringLiteral title: String) { self.init(title) }

    /// `Time (ms)`
    var label: String {
        guard let unit, !unit.isEmpty else { return title }
        return title.isEmpty ? unit : "\(title) (\(unit))"
    }

    /// `Epoch 3`, `Time 2.5 ms`
    func describe(_ value: Double) -> String {
        [title, NumberFormat.short(value, digits: 4), unit ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Whether a number has a place on the axis.
    func shows(_ value: Double) -> Bool { value.isFinite && (scale == .linear || value > 0) }
}
