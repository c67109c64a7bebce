import ApusExperiments
import ApusCharts
import ApusTraining

extension RunComparison: CustomStringConvertible {
    /// The names of the runs without the folder they share.
    private var names: [String] {
        let parts = runs.map { $0.name.split(separator: "/").map(String.init) }
        guard parts.allSatisfy({ $0.count > 1 && $0.dropLast() == parts[0].dropLast() }) else {
            return runs.map(\.name)
        }
        return parts.map { $0.last! }
    }

    /// The settings that differ and the results, as tables.
    public var description: String {
        let differences = differences
        let first =
            differences.isEmpty
            ? "the settings are the same"
            : TextTable(header: ["setting"] + names, rows: differences.map { [$0.path] + $0.values }).description
        let second = TextTable(header: ["result"] + names, rows: results.map { [$0.name] + $0.values }).description
        return first + "\n\n" + second
    }

    /// One picture a quantity, one curve a run: solid for validation (or training, where there is no validation), dashed for training.
    private var charts: [any Chart] {
        var quantities: [String] = []
        for name in runs.flatMap({ $0.history.epochs.last?.training.names ?? [] })
        where !name.contains("[") && !quantities.contains(name) { quantities.append(name) }
        var charts: [any Chart] = quantities.map { name in
            var series: [LineChart.Series] = []
            for (index, run) in runs.enumerated() {
                let epochs = run.history.epochs
                let x = epochs.map { Double($0.epoch) }
                let hasValidation = epochs.contains { $0.validation?[name] != nil }
                if hasValidation {
                    series.append(
                        .init(
                            "\(names[index]), training", x: x, y: epochs.map { $0.training[name] ?? .nan },
                            style: .dashed, paint: .category(index)))
                }
                series.append(
                    .init(
                        "\(names[index]), \(hasValidation ? "validation" : "training")", x: x,
                        y: epochs.map { (hasValidation ? $0.validation : $0.training)?[name] ?? .nan },
                        paint: .category(index)))
            }
            return LineChart(RunReport.words(name), x: "Epoch", y: Axis(RunReport.words(name)), series: series)
        }
        charts.append(
            LineChart(
                "Learning rate", x: "Epoch", y: "Learning rate",
                series: runs.enumerated().map { index, run in
                    .init(
                        names[index], x: run.history.epochs.map { Double($0.epoch) },
                        y: run.history.epochs.map(\.learningRate), paint: .category(index))
                }))
        return charts
    }

    /// The curves of all runs in one picture.
    public var svg: String { Figure(names.joined(separator: ", "), columns: 2, charts).svg() }

    /// Curves, settings and results as one page that stands for itself.
    public var html: String {
        let pictures = charts.enumerated().map { index, chart in
            Page.card(Page.picture(Plot(name: "", section: .curves, chart: chart), number: index))
        }
        func table(_ first: String, _ rows: [[String]]) -> String {
            Page.card(Page.table([first] + names, rows.map { $0.map(Page.escape) }), "padded")
        }
        let differences = differences
        let body =
            "<header>\n<h1>\(Page.escape(names.joined(separator: " · ")))</h1>\n<p>Comparison of \(runs.count) runs</p>\n</header>\n"
            + Page.section(
                "Settings that differ",
                differences.isEmpty
                    ? Page.card("The settings are the same.", "padded")
                    : table("Setting", differences.map { [$0.path] + $0.values }))
            + Page.section("Results", table("Result", results.map { [$0.name] + $0.values }))
            + Page.section("Learning curves", "<div class=\"grid\">\n\(pictures.joined())</div>")
        return Page.document("Comparison", body)
    }
}
