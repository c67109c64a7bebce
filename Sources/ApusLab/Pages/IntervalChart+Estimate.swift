import ApusCharts

extension IntervalChart.Row {
    /// An estimate with its 95 % interval.
    init(_ name: String, _ estimate: Estimate, group: Int = 0) {
        self.init(name, estimate.value, in: estimate.interval, group: group)
    }
}
