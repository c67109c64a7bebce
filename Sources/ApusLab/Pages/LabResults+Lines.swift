public import ApusCharts

extension LabResults {
    /// A line for each arm: the mean of a series over the seeds, with a band from the least to the greatest.
    ///
    /// - Parameters:
    ///   - arms: The arms; all unless given.
    ///   - first: The place of the first value on the x axis.
    ///   - step: The distance from one value to the next.
    public func lines(
        _ series: String, arms ids: [String]? = nil, in language: Language, from first: Double = 0, by step: Double = 1
    ) -> [LineChart.Series] {
        (ids?.map { self[$0] } ?? arms).map { arm in
            let band = arm.band(series)
            return LineChart.Series(
                arm.title[language], x: band.mean.indices.map { first + Double($0) * step }, y: band.mean,
                lower: band.lower, upper: band.upper)
        }
    }

    /// A line over arms that differ in one number: the mean of what was measured, with a band that is its 95 % interval.
    ///
    /// - Parameter points: The arms with their places on the x axis.
    public func line(_ title: String, _ number: String, over points: [(x: Double, arm: String)]) -> LineChart.Series {
        let estimates = points.map { Estimate(.mean(self[$0.arm].numbers(number))) }
        return LineChart.Series(
            title, x: points.map(\.x), y: estimates.map(\.value),
            lower: estimates.map { $0.interval.lowerBound.isFinite ? $0.interval.lowerBound : $0.value },
            upper: estimates.map { $0.interval.upperBound.isFinite ? $0.interval.upperBound : $0.value })
    }
}
