public import ApusConfiguration

/// Every combination of the values of all domains, the last path's value changing first.
///
/// ```swift
/// let search = Search(
///     space: ["rate": .log(1e-4...1e-1), "units": .choice([16, 64])], strategy: .grid(points: 4))
/// print(search.trialLimit)  // 8: four rates, two numbers of units
/// ```
public struct GridSearch: SearchStrategy {
    public static let kind = "grid"
    /// How many values stand for a domain without a step, evenly spaced from end to end on its scale.
    public var points: Int?

    /// The strategy.
    ///
    /// - Parameter points: How many values of each range are tried; ranges need it, or a step.
    public init(points: Int? = nil) { self.points = points }

    public static let schema = Schema(GridSearch(), .leading("points", \.points, hasDefault: true))

    package var problem: String? {
        if let points, points < 1 { return "expected at least one point but received \(points)" }
        return nil
    }

    package func problem(in space: SearchSpace) -> String? {
        for dimension in space.dimensions where dimension.domain.count(points: points) == nil {
            return "a grid needs a step for \(dimension.path), or a number of points: {grid: 5}"
        }
        return total(in: space) == nil ? "the grid has more combinations than can be counted" : nil
    }

    package func total(in space: SearchSpace) -> Int? { space.count(points: points) }
    package func distinctTrials(in space: SearchSpace) -> Int? { total(in: space) }

    package func proposal(_ history: SearchHistory) -> Proposal {
        guard let total = total(in: history.space), history.next < total else { return .finished }
        return .new(history.space.assignment(number: history.next, points: points), budget: nil)
    }
}
