import ApusCharts
import ApusTraining

/// A picture of a report, with the name of its file.
struct Plot {
    enum Section { case curves, results, layers }

    let name: String
    let section: Section
    let chart: any Chart
    var size: ChartSize?
    /// Whether it takes the whole width of a page.
    var isWide = false
}

extension RunReport {
    var plots: [Plot] { curves + results + layers + changes + steps }

    /// What changed from epoch to epoch.
    private var curves: [Plot] {
        let epochs = history.epochs
        guard let last = epochs.last else { return [] }
        let x = epochs.map { Double($0.epoch) }
        let names = last.training.names.filter { !$0.contains("[") }
        var plots = names.map { Plot(name: $0, section: .curves, chart: history.chart(of: $0)) }
        let rates = epochs.map(\.learningRate)
        plots.append(
            Plot(
                name: "learning-rate", section: .curves,
                chart: LineChart(
                    "Learning rate", x: "Epoch", y: "At the end of the epoch",
                    series: [.init("learning rate", x: x, y: rates, paint: .category(2))])))
        plots.append(
            Plot(
                name: "throughput", section: .curves,
                chart: LineChart(
                    "Throughput", x: "Epoch",
                    y: Axis("Samples a second", range: RunReport.fromZero(epochs.map(\.samplesPerSecond))),
                    series: [.init("samples a second", x: x, y: epochs.map(\.samplesPerSecond), paint: .category(3))])))
        return plots
    }

    private static func fromZero(_ values: [Double]) -> ClosedRange<Double>? {
        guard let largest = values.filter(\.isFinite).max(), largest > 0 else { return nil }
        return 0...largest * 1.1
    }

    /// What the model does with the evaluated data.
    private var results: [Plot] {
        let decisions = plane.map { [Plot(name: "decisions", section: .results, chart: $0)] } ?? []
        let pairs = ImageGrid("What goes in, and what comes out", images: reconstructions, columns: 8)
        let reconstructions =
            reconstructions.isEmpty
            ? [] : [Plot(name: "reconstructions", section: .results, chart: pairs, isWide: true)]
        return (evaluation?.outputs ?? []).flatMap { output in
            (output.classification.map { classPlots($0, output.name) } ?? [])
                + (output.regression.map { RunReport.numberPlots($0, output.name) } ?? [])
        } + decisions + reconstructions
    }

    /// The name of a picture of one output, and its title.
    static func named(_ name: String, _ title: String, _ output: String) -> (name: String, title: String) {
        output.isEmpty ? (name, title) : ("\(name)-\(output)", "\(title): \(output)")
    }

    private func classPlots(_ result: Evaluation.Classification, _ output: String) -> [Plot] {
        let (name, title) = RunReport.named("confusion-matrix", "Confusion matrix", output)
        let matrix = ConfusionMatrixChart(title, counts: result.confusionMatrix, classNames: result.classNames)
        var plots = [Plot(name: name, section: .results, chart: matrix)]
        func add(_ name: String, _ title: String, _ images: [ImageGrid.Image]?) {
            guard let images, !images.isEmpty else { return }
            let (name, title) = RunReport.named(name, title, output)
            let grid = ImageGrid(title, images: images, columns: 8)
            plots.append(Plot(name: name, section: .results, chart: grid, isWide: true))
        }
        let pictures = pictures.first { $0.output == output }
        add("worst", "Most wrong: true class → predicted class", pictures?.worst)
        add("examples", "Samples from all over the data", pictures?.examples)
        return plots
    }

    private static func numberPlots(_ result: Evaluation.Regression, _ output: String) -> [Plot] {
        let all = (result.truths + result.predictions).filter(\.isFinite)
        let (low, high) = (all.min() ?? 0, all.max() ?? 0)
        let margin = 0.04 * (high - low)
        let range = margin > 0 && margin.isFinite ? low - margin...high + margin : nil
        let (predictions, residuals) = (
            named("predictions", "Prediction and truth", output), named("residuals", "Residuals", output)
        )
        return [
            Plot(
                name: predictions.name, section: .results,
                chart: ScatterChart(
                    predictions.title, x: Axis("Truth", range: range), y: Axis("Prediction", range: range),
                    groups: [.init("samples", x: result.truths, y: result.predictions)], hasDiagonal: true)),
            Plot(
                name: residuals.name, section: .results,
                chart: Histogram(
                    residuals.title, x: "Prediction − truth",
                    series: [.init("", Distribution(edges: result.residualEdges, counts: result.residualCounts))])),
        ]
    }

    /// What is in the layers.
    private var layers: [Plot] {
        guard let survey else { return [] }
        func histograms(_ name: String, _ title: String, _ entries: [LayerSurvey.Entry], _ axis: String, _ paint: Int)
            -> [Plot]
        {
            guard !entries.isEmpty else { return [] }
            let limit = 24
            let shown =
                entries.count <= limit ? entries : (0..<limit).map { entries[$0 * (entries.count - 1) / (limit - 1)] }
            let note = entries.count > limit ? " (\(limit) of \(entries.count) layers)" : ""
            let columns = min(3, shown.count)
            let rows = (shown.count + columns - 1) / columns
            let charts = shown.map { entry in
                Histogram(
                    entry.hidesZeros
                        ? "\(entry.path), without \(RunReport.percent(entry.zeroShare)) zeros" : entry.path,
                    x: Axis(axis), series: [.init("", entry.distribution, paint: .category(paint))])
            }
            return [
                Plot(
                    name: name, section: .layers, chart: Figure(title + note, columns: columns, charts),
                    size: ChartSize(width: 1120, height: 44 + 232 * Double(rows)), isWide: true)
            ]
        }
        var plots = histograms("weights", "Weights by layer", survey.weights, "Weight", 0)
        plots += histograms("activations", "Activations by layer", survey.activations, "Activation", 2)
        let sizes = survey.gradients.map(\.rootMeanSquare)
        if sizes.count > 1 {
            plots.append(
                Plot(
                    name: "gradients", section: .layers,
                    chart: BarChart(
                        "Size of gradients by layer", axis: Axis("Root mean square", scale: .logarithmic),
                        labels: survey.gradients.map(\.path),
                        series: [.init("", sizes, paint: .category(4))])))
        }
        let spreads = survey.activations.map(\.standardDeviation)
        if spreads.count > 1 {
            plots.append(
                Plot(
                    name: "activation-spread", section: .layers,
                    chart: BarChart(
                        "Standard deviation of activations by layer", axis: "Standard deviation",
                        labels: survey.activations.map(\.path),
                        series: [.init("", spreads, paint: .category(2))])))
        }
        return plots
    }

    /// How what is in the layers changed.
    private var changes: [Plot] {
        guard snapshots.count > 1, let first = snapshots.first else { return [] }
        func entries(_ part: (ModelObservation) -> [ModelObservation.Entry], _ path: String) -> [DistributionAtStep] {
            snapshots.compactMap { snapshot in
                guard let entry = part(snapshot).first(where: { $0.path == path }), entry.histogram.finiteCount > 0
                else {
                    return nil
                }
                return DistributionAtStep(
                    step: Double(snapshot.step),
                    Distribution(edges: entry.histogram.edges, counts: entry.histogram.bins.map(Double.init)))
            }
        }
        func figure(
            _ name: String, _ title: String, _ part: (ModelObservation) -> [ModelObservation.Entry],
            shows: (String) -> Bool = { _ in true }, _ chart: (String, [DistributionAtStep]) -> any Chart
        ) -> [Plot] {
            let paths = part(first).map(\.path).filter(shows)
            let limit = 12
            let shown =
                paths.count <= limit ? paths : (0..<limit).map { paths[$0 * (paths.count - 1) / (limit - 1)] }
            let charts = shown.map { chart($0, entries(part, $0)) }
            guard !charts.isEmpty else { return [] }
            let note = paths.count > limit ? " (\(limit) of \(paths.count))" : ""
            let columns = min(3, shown.count)
            let rows = (shown.count + columns - 1) / columns
            return [
                Plot(
                    name: name, section: .layers, chart: Figure(title + note, columns: columns, charts),
                    size: ChartSize(width: 1120, height: 44 + 290 * Double(rows)), isWide: true)
            ]
        }
        var plots = figure("weights-over-time", "Weights during training", \.weights) { path, steps in
            HeatStrip(path, x: "Step", y: "Weight", steps: steps)
        }
        // Layers that only move numbers would repeat what stands before them.
        let changing = survey.map { Set($0.activations.map(\.path)) }
        plots += figure(
            "activations-over-time", "Activations during training", \.activations,
            shows: { changing?.contains($0) ?? true }
        ) { path, steps in
            RidgeChart(path, x: "Activation", steps: steps)
        }
        let x = snapshots.map { Double($0.step) }
        let series = first.gradients.prefix(8).enumerated().map { index, entry in
            let sizes = snapshots.map { snapshot -> Double in
                guard let histogram = snapshot.gradients.first(where: { $0.path == entry.path })?.histogram else {
                    return .nan
                }
                let square = histogram.mean * histogram.mean + histogram.standardDeviation * histogram.standardDeviation
                return square > 0 ? square.squareRoot() : .nan
            }
            return LineChart.Series(entry.path, x: x, y: sizes, paint: .category(index))
        }
        if !series.isEmpty {
            plots.append(
                Plot(
                    name: "gradients-over-time", section: .layers,
                    chart: LineChart(
                        "Size of gradients during training", x: "Step",
                        y: Axis("Root mean square", scale: .logarithmic), series: Array(series)),
                    isWide: true))
        }
        return plots
    }

    /// A name of the code in words: `meanAbsoluteError` → `Mean absolute error`.
    static func words(_ name: String) -> String {
        if name == "r2" { return "R²" }
        // `kind.accuracy` is the accuracy of the output `kind`.
        if let dot = name.lastIndex(of: ".") {
            return "\(words(String(name[name.index(after: dot)...]))): \(name[..<dot])"
        }
        var text = ""
        var wasUpper = true
        for character in name {
            if character.isUppercase, !wasUpper { text += " " }
            text += character.isUppercase && !wasUpper ? character.lowercased() : String(character)
            wasUpper = character.isUppercase
        }
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}
