import ApusDoctor
import ApusExperiments
import ApusCharts
import ApusNN
import ApusTraining
import Foundation

extension RunReport {
    /// The report as one page that stands for itself: no scripts, nothing from a network, light or dark as the reader's screen.
    public var html: String {
        let plots = plots
        let pictures = plots.enumerated().map { ($1, Page.picture($1, number: $0)) }
        func cards(_ section: Plot.Section, besides names: [String] = []) -> String {
            let chosen = pictures.filter { $0.0.section == section && !names.contains($0.0.name) }
            guard !chosen.isEmpty else { return "" }
            return "<div class=\"grid\">\n" + chosen.map { Page.card($1, $0.isWide ? "wide" : "") }.joined() + "</div>"
        }
        var (results, shown) = ("", [String]())
        for output in evaluation?.outputs ?? [] {
            if !output.name.isEmpty { results += "<h3>Output \(Page.escape(output.name))</h3>\n" }
            if let classification = output.classification {
                let name = RunReport.named("confusion-matrix", "", output.name).name
                shown.append(name)
                results +=
                    "<div class=\"results\">\n" + Page.card(pictures.first { $0.0.name == name }?.1 ?? "")
                    + Page.card(RunReport.classTable(classification), "padded") + "</div>\n"
            }
            if let regression = output.regression {
                results += Page.card(RunReport.outputTable(regression), "padded")
            }
        }
        results += cards(.results, besides: shown)
        let body = [
            header, tiles, Page.section("What the numbers say", observationList),
            Page.section("What the doctor found", diagnosis?.html ?? ""),
            Page.section("Learning curves", cards(.curves)),
            Page.section("Results on the \(evaluated) data", results),
            Page.section("Inside the network", layerTable + cards(.layers)),
            Page.section(
                "Network",
                summary.map { Page.card(Page.preformatted("\($0)".replacing("; ", with: "\n")), "padded") } ?? ""),
            Page.section("Data", dataTable),
            Page.section(
                "Configuration", (try? experiment.yaml()).map { Page.card(Page.preformatted($0), "padded") } ?? ""),
            footer,
        ]
        return Page.document(experiment.name, body.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    private var header: String {
        var facts: [String] = []
        if let record {
            let format = Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day().dateSeparator(.dash)
                .dateTimeSeparator(.space).time(includingFractionalSeconds: false).timeSeparator(.colon)
            facts.append("started \(record.started.formatted(format)) UTC")
        }
        facts.append("seed \(experiment.seed)")
        if let record { facts.append("\(record.threads) thread\(record.threads == 1 ? "" : "s")") }
        let state = record.map { record in
            let tone = [.completed: "good", .running: "note", .interrupted: "note"][record.state] ?? "warning"
            return "<span class=\"state \(tone)\">\(record.state.rawValue)</span>"
        }
        var text =
            "<header>\n<h1>\(Page.escape(experiment.name))\(state ?? "")</h1>\n<p>\(Page.escape(facts.joined(separator: " · ")))</p>\n"
        if let record, record.state == .failed || record.state == .diverged, let reason = record.stopReason {
            text += "<p>\(Page.escape(reason))</p>\n"
        }
        return text + "</header>"
    }

    private var tiles: String {
        var tiles: [(value: String, label: String)] = []
        if let measurements = evaluation?.measurements {
            for (name, value) in zip(measurements.names, measurements.values)
            where !name.contains("[") && tiles.count < 4 {
                tiles.append((RunReport.headline(name, value), "\(evaluated) \(RunReport.words(name).lowercased())"))
            }
            // What people ask for first.
            if let place = tiles.firstIndex(where: { $0.label.contains("accuracy") }) {
                tiles.swapAt(0, place)
            }
        }
        let epochs = history.epochs
        if let best = RunReport.bestEpoch(epochs) {
            let name = epochs[best].validation == nil ? "training" : "validation"
            let loss = (epochs[best].validation ?? epochs[best].training).loss
            tiles.append((RunReport.short(loss, digits: 4), "best \(name) loss, epoch \(epochs[best].epoch)"))
        }
        if let last = epochs.last {
            let planned = experiment.epochs
            tiles.append(
                (
                    last.epoch < planned ? "\(last.epoch) of \(planned)" : "\(last.epoch)",
                    last.epoch == 1 ? "epoch" : "epochs"
                ))
            tiles.append((RunReport.duration(epochs.reduce(0) { $0 + $1.seconds }), "training time"))
            let rates = epochs.map(\.samplesPerSecond).filter(\.isFinite).sorted()
            if !rates.isEmpty {
                tiles.append((RunReport.short(rates[rates.count / 2]), "samples a second, median"))
            }
        }
        if let summary { tiles.append((NumberFormat.grouped(Double(summary.parameterCount)), "parameters")) }
        guard !tiles.isEmpty else { return "" }
        return "<div class=\"tiles\">\n"
            + tiles.map {
                "<div class=\"tile\"><b>\(Page.escape($0.value))</b><span>\(Page.escape($0.label))</span></div>\n"
            }
            .joined() + "</div>"
    }

    private static func headline(_ name: String, _ value: Double) -> String {
        let isShare = ["accuracy", "binaryAccuracy", "topKAccuracy"]
            .contains(name.split(separator: ".").last.map(String.init) ?? name)
        return isShare && value.isFinite ? String(format: "%.2f %%", value * 100) : short(value, digits: 4)
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds >= 0, seconds < 1e7 else { return "–" }
        if seconds < 100 { return String(format: seconds < 10 ? "%.1f s" : "%.0f s", seconds) }
        let minutes = Int((seconds / 60).rounded())
        return minutes < 100 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }

    private var observationList: String {
        let found = observations
        guard !found.isEmpty else { return "" }
        return "<div class=\"observations\">\n"
            + found.map {
                "<div class=\"observation \($0.tone.rawValue)\"><b>\(Page.escape($0.title))</b><p>\(Page.escape($0.text))</p></div>\n"
            }.joined() + "</div>"
    }

    /// All classes if they are few; else the worst, and all to be unfolded.
    static func classTable(_ result: Evaluation.Classification) -> String {
        let header = ["Class", "Precision", "Recall", "F1", "Support"]
        func rows(_ classes: [Evaluation.ClassScore]) -> [[String]] {
            classes.map {
                [
                    Page.escape($0.name), Page.share($0.precision), Page.share($0.recall), Page.share($0.f1),
                    NumberFormat.grouped(Double($0.support)),
                ]
            }
        }
        guard result.classes.count > 20 else {
            let count = Double(max(1, result.classes.count { $0.support > 0 }))
            func mean(_ share: (Evaluation.ClassScore) -> Double) -> Double {
                result.classes.reduce(0) { $0 + ($1.support > 0 ? share($1) : 0) } / count
            }
            let total = [
                "<b>Mean</b>", Page.share(mean(\.precision)), Page.share(mean(\.recall)), Page.share(mean(\.f1)),
                NumberFormat.grouped(Double(result.classes.reduce(0) { $0 + $1.support })),
            ]
            return "<h3>Classes</h3>" + Page.table(header, rows(result.classes) + [total])
        }
        let weakest = result.classes.filter { $0.support > 0 }.sorted { $0.f1 < $1.f1 }.prefix(12)
        return "<h3>The weakest classes</h3>" + Page.table(header, rows(Array(weakest)))
            + "<details><summary>All \(result.classes.count) classes</summary>"
            + Page.table(header, rows(result.classes))
            + "</details>"
    }

    static func outputTable(_ result: Evaluation.Regression) -> String {
        Page.table(
            ["Output", "Mean absolute error", "RMSE", "R²", "Bias"],
            result.outputs.prefix(50).enumerated().map { index, row in
                ["\(index)"]
                    + [row.meanAbsoluteError, row.rootMeanSquaredError, row.r2, row.bias].map {
                        Page.escape(short($0, digits: 4))
                    }
            })
    }

    /// The numbers of each layer, folded away.
    private var layerTable: String {
        guard let survey, !survey.weights.isEmpty || !survey.activations.isEmpty else { return "" }
        func row(_ entry: LayerSurvey.Entry) -> [String] {
            [
                Page.escape(entry.path), Page.escape(entry.shape.map(String.init).joined(separator: " × ")),
                short(entry.mean), short(entry.standardDeviation), NumberFormat.percent(entry.zeroShare),
                entry.deadShare.map { NumberFormat.percent($0) } ?? "–",
            ].map { $0 }
        }
        func short(_ value: Double) -> String { Page.escape(RunReport.short(value)) }
        let gradients = Dictionary(survey.gradients.map { ($0.path, $0.rootMeanSquare) }) { first, _ in first }
        let weights = survey.weights.map { entry in
            Array(row(entry).dropLast(2)) + [gradients[entry.path].map(short) ?? "–"]
        }
        var text = Page.card(
            "<h3>Weights, and the root mean square of one batch's gradient</h3>"
                + Page.table(["Variable", "Shape", "Mean", "Deviation", "Gradient"], weights), "padded")
        if !survey.activations.isEmpty {
            text += Page.card(
                "<h3>Outputs for one batch</h3>"
                    + Page.table(
                        ["Layer", "Shape", "Mean", "Deviation", "Zeros", "Dead"], survey.activations.map(row)),
                "padded")
        }
        return "<div class=\"grid\" style=\"margin-bottom:14px;align-items:start\">\n\(text)</div>\n"
    }

    private var footer: String {
        guard let record else { return "" }
        return "<footer>Made by <code>\(Page.escape(record.command.joined(separator: " ")))</code> · data fingerprint "
            + "<code>\(Page.escape(record.dataFingerprint))</code></footer>"
    }
}
