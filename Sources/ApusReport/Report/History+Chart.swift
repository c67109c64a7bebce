public import ApusCharts
public import ApusTraining

extension History {
    /// A learning curve: a number epoch by epoch, of training and of validation where there is one.
    ///
    /// ```swift
    /// import ApusExperiments
    /// import ApusReport
    ///
    /// let history = try RunFolder(existing: "runs/lenet5-1").history()
    /// try history.chart(of: "accuracy").write(to: "accuracy.svg")
    /// ```
    ///
    /// - Parameter name: `loss`, or a metric; of several outputs with the name of the output, `kind.accuracy`.
    public func chart(of name: String) -> LineChart {
        let x = epochs.map { Double($0.epoch) }
        var series = [
            LineChart.Series("training", x: x, y: epochs.map { $0.training[name] ?? .nan }, paint: .category(0))
        ]
        if epochs.contains(where: { $0.validation?[name] != nil }) {
            let values = epochs.map { $0.validation?[name] ?? .nan }
            series.append(LineChart.Series("validation", x: x, y: values, paint: .category(1)))
        }
        let best = RunReport.bestEpoch(epochs).flatMap { index in
            epochs.count > 1 ? LineChart.Marker(at: x[index], "best: epoch \(epochs[index].epoch)") : nil
        }
        let (title, isLoss) = (RunReport.words(name), name == "loss" || name.hasSuffix(".loss"))
        return LineChart(
            title, x: "Epoch", y: Axis(title, scale: isLoss ? History.scale(series) : .linear), series: series,
            markers: best.map { [$0] } ?? [])
    }

    /// Losses that fall by orders of magnitude need a logarithmic axis.
    private static func scale(_ series: [LineChart.Series]) -> Axis.Scale {
        let values = series.flatMap(\.y).filter(\.isFinite)
        guard let low = values.min(), let high = values.max(), low > 0, high / low > 50 else { return .linear }
        return .logarithmic
    }
}
