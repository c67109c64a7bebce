public import ApusConfiguration

/// Every combination of the values of all domains, the last path's value changing first.
public struct GridSearch: SearchStrategy {
    public static let kind = "grid"
    /// How many values stand for a domain without a step, evenly spaced from end to end on its scale.
    public var points: Int?

    public init(points: Int? = nil) { self.points = points }

    public static let schema = Schema(GridSearch(), .leading("points", \.points, hasDefault: true))

    package var problem: String? {
        if let points, points < 1 { return "expected at least one point but received \(points)" }
        return nil
    }

    package func problem(in space: SearchSpace) -> String? {
        for dimension in space.dimensions where count(dimension.domain) == nil {
            return "a grid needs a step for \(dimension.path), or a number of points: {grid: 5}"
        }
        return total(in: space) == nil ? "the grid has more combinations than can be counted" : nil
    }

    package func total(in space: SearchSpace) -> Int? {
        var total = 1
        for dimension in space.dimensions {
            guard let count = count(dimension.domain) else { return nil }
            let (product, overflows) = total.multipliedReportingOverflow(by: count)
            if overflows { return nil }
            total = product
        }
        return total
    }

    package func proposal(_ history: SearchHistory) -> Proposal {
        guard let total = total(in: history.space), history.next < total else { return .finished }
        return .new(assignment(history.next, in: history.space), budget: nil)
    }

    /// The combination of a number: its digits, one for each domain.
    private func assignment(_ number: Int, in space: SearchSpace) -> Assignment {
        var rest = number
        var assignment = Assignment()
        for dimension in space.dimensions.reversed() {
            let (quotient, index) = rest.quotientAndRemainder(dividingBy: count(dimension.domain) ?? 1)
            assignment[dimension.path] = value(index, of: dimension.domain)
            rest = quotient
        }
        return assignment
    }

    private func count(_ domain: Domain) -> Int? {
        if case .choice(let choice) = domain { return choice.values.count }
        return domain.axis?.count ?? points
    }

    private func value(_ index: Int, of domain: Domain) -> Setting {
        if case .choice(let choice) = domain { return choice.values[index] }
        guard let axis = domain.axis else { return .bool(false) }
        return domain.setting(axis.count == nil ? axis.value(index: index, of: points ?? 1) : axis.value(index: index))
    }
}
