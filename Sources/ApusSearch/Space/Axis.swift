import Foundation

/// Numbers on a line, linear or logarithmic: how strategies see a numeric domain.
///
/// A *position* is the number, or its logarithm. Where values have a distance, each owns the cell of numbers that are
/// nearer to it than to others.
package struct Axis {
    /// The lowest and the highest value.
    let values: ClosedRange<Double>
    /// The positions that values are drawn from: up to the ends of the outer cells.
    let positions: ClosedRange<Double>
    let isLog: Bool
    /// The distance between neighbours.
    let step: Double?
    /// How many values there are.
    let count: Int?

    init(low: Double, high: Double, isLog: Bool, step: Double?, count: Int?) {
        values = low...max(low, high)
        self.isLog = isLog
        self.step = step
        self.count = count
        let half = (step ?? 0) / 2
        let ends = (low - half, max(low, high) + half)
        positions = isLog ? Foundation.log(ends.0)...Foundation.log(ends.1) : ends.0...ends.1
    }

    /// The length of the positions.
    var length: Double { positions.upperBound - positions.lowerBound }

    func position(_ value: Double) -> Double { isLog ? Foundation.log(value) : value }

    /// The value at a position, or the nearest.
    func value(at position: Double) -> Double {
        let number = isLog ? exp(position) : position
        guard let step, let count else { return min(max(number, values.lowerBound), values.upperBound) }
        let index = ((number - values.lowerBound) / step).rounded()
        return value(index: Int(min(max(index, 0), Double(count - 1))))
    }

    /// One of the values that have a distance.
    func value(index: Int) -> Double {
        let value = values.lowerBound + Double(index) * (step ?? 0)
        guard let step, step != step.rounded() else { return value }
        // 0.3 rather than 0.30000000000000004.
        let short = Double(String(format: "%.12g", value)) ?? value
        return min(max(short, values.lowerBound), values.upperBound)
    }

    /// The positions that belong to a value; `nil` where every number is one.
    func cell(_ value: Double) -> ClosedRange<Double>? {
        guard let step else { return nil }
        let low = max(position(value - step / 2), positions.lowerBound)
        return low...max(low, min(position(value + step / 2), positions.upperBound))
    }

    /// One of a number of values from end to end, evenly spaced by position.
    func value(index: Int, of count: Int) -> Double {
        if count < 2 { return value(at: positions.lowerBound + length / 2) }
        if index == 0 { return values.lowerBound }
        if index == count - 1 { return values.upperBound }
        return value(at: positions.lowerBound + length * Double(index) / Double(count - 1))
    }
}

extension Domain {
    /// The line of numbers; `nil` for a choice.
    package var axis: Axis? {
        switch self {
        case .choice: nil
        case .integer(let domain): domain.axis
        case .real(let domain): domain.axis
        }
    }

    /// A number as the domain writes it.
    func setting(_ number: Double) -> Setting {
        if case .integer = self { .integer(Int(number)) } else { .real(number) }
    }

    /// A value of the domain that is the same as another, which a file may have written otherwise; `nil` if there is
    /// none.
    package func canonical(_ value: Setting) -> Setting? {
        if case .choice(let domain) = self { return domain.values.first { $0.isSame(as: value) } }
        guard let axis, let number = value.number, axis.values.contains(number) else { return nil }
        if case .integer = self, number != number.rounded() { return nil }
        return setting(number)
    }

    /// A value drawn evenly.
    func sample(using random: inout SearchRandom) -> Setting {
        if case .choice(let domain) = self { return domain.values[random.index(below: domain.values.count)] }
        guard let axis else { return .bool(false) }
        return setting(axis.value(at: axis.positions.lowerBound + random.uniform() * axis.length))
    }
}
