import ApusCharts
public import ApusDoctor

extension Diagnosis {
    /// The diagnosis as a page that stands for itself: no scripts, nothing from a network, light or dark as the reader's screen.
    public var page: String {
        let body =
            "<header>\n<h1>\(Page.escape(name))<span class=\"state \(tone.rawValue)\">\(verdict.rawValue)</span></h1>\n</header>\n"
            + Page.section("What the doctor found", html)
        return Page.document("\(name): the doctor", body)
    }

    private var tone: Observation.Tone {
        switch verdict {
        case .healthy: .good
        case .faulty: .warning
        case .unknown: .note
        }
    }

    /// What it says in short, for the head of a report.
    var observations: [Observation] {
        switch verdict {
        case .healthy:
            return [
                Observation(.good, "Healthy", "\(headline) Nothing that was tried does better by as much as matters.")
            ]
        case .unknown:
            return [Observation(.note, "The cause is not known", "\(headline) Nothing that was tried helps.")]
        case .faulty:
            return findings.map { finding in
                let gain = finding.experiment.map { " The edit gains \(Diagnosis.number($0.gain))." } ?? ""
                return Observation(.warning, finding.label.title, Diagnosis.sentence(finding.observation) + gain)
            }
        }
    }

    private var headline: String {
        "\(Diagnosis.number(quality)) on samples that are held back, where a guess reaches \(Diagnosis.number(chance))."
    }

    /// What was found, proved, tried in vain, and what it cost.
    var html: String {
        var text = Page.card(
            "<p>\(Page.escape(summary))</p>" + notes.map { "<p>\(Page.escape(Diagnosis.sentence($0)))</p>" }.joined(),
            "padded")
        for (index, finding) in findings.enumerated() { text += finding.html(number: index) }
        if findings.count > 1, !repair.isEmpty {
            text +=
                "<h3>All repairs together</h3>\n"
                + Page.card(Diagnosis.edit(repair, swift, difference), "padded")
        }
        if !rejected.isEmpty {
            let rows = rejected.map { rejection in
                [
                    Page.escape(rejection.label.title),
                    "<code>\(Page.escape(rejection.settings.joined(separator: " ")))</code>",
                    Page.escape(Diagnosis.number(rejection.gain)),
                ]
            }
            text += Page.card(
                "<details><summary>Considered and rejected: \(rejected.count)</summary>"
                    + Page.table(["Suspicion", "Edit", "Gain"], rows) + "</details>", "padded")
        }
        return text
    }

    private var summary: String {
        let cost =
            "\(trainings) training\(trainings == 1 ? "" : "s") in \(Diagnosis.number(seconds)) s."
        switch verdict {
        case .healthy: return "Healthy: \(headline) Nothing that was tried does better by as much as matters. \(cost)"
        case .unknown: return "\(headline) Nothing that was tried helps, so the cause is not known. \(cost)"
        case .faulty:
            let repaired = repairedQuality.map { " Repaired it reaches \(Diagnosis.number($0))." } ?? ""
            return "\(headline)\(repaired) \(cost)"
        }
    }

    /// An edit in the three ways in which it can be made.
    static func edit(_ settings: [String], _ swift: String, _ difference: String) -> String {
        let command = settings.map { "--set '\($0)'" }.joined(separator: "\n")
        return "<h3>On the command line</h3>" + Page.preformatted(command)
            + (difference.isEmpty ? "" : "<h3>In the file</h3>" + marked(difference))
            + "<h3>In a program</h3>" + Page.preformatted(swift)
    }

    /// Lines of a difference in their colors.
    private static func marked(_ difference: String) -> String {
        let lines = difference.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let text = Page.escape(String(line))
            return line.hasPrefix("+") ? "<ins>\(text)</ins>" : line.hasPrefix("-") ? "<del>\(text)</del>" : text
        }
        return "<pre>" + lines.joined(separator: "\n") + "</pre>"
    }

    static func number(_ value: Double) -> String { NumberFormat.short(value) }

    /// A text that begins as a sentence and ends as one.
    static func sentence(_ text: String) -> String {
        let end = text.last.map { ".!?".contains($0) } == true ? "" : "."
        return text.prefix(1).uppercased() + text.dropFirst() + end
    }
}

extension Finding {
    /// A cause with its evidence, its experiment and its repair.
    fileprivate func html(number: Int) -> String {
        var facts =
            "<p>\(Page.escape(Diagnosis.sentence(observation)))</p>"
            + "<p>Where: "
            + places.prefix(6).map { "<code>\(Page.escape($0))</code>" }.joined(separator: ", ")
            + ". Confidence \(Page.escape(NumberFormat.percent(confidence))), level \(level).</p>"
        if let experiment { facts += experiment.table }
        if !evidence.isEmpty {
            let rows = evidence.sorted { $0.key < $1.key }.map {
                [Page.escape($0.key), Page.escape(Diagnosis.number($0.value))]
            }
            facts += "<details><summary>Numbers</summary>" + Page.table(["Number", "Value"], rows) + "</details>"
        }
        let picture = experiment?.chart.map { Page.card(Page.picture($0, number: 1000 + number)) } ?? ""
        let edit = repair.map { repair in
            Page.card(
                Diagnosis.edit(repair.settings, repair.swift, repair.difference),
                picture.isEmpty ? "padded" : "padded wide")
        }
        let cards = Page.card(facts, "padded") + picture + (edit ?? "")
        return "<h3>\(number + 1). \(Page.escape(label.title)) <code>\(label.rawValue)</code></h3>\n"
            + "<div class=\"grid\" style=\"align-items:start;margin-bottom:14px\">\n\(cards)</div>\n"
    }
}

extension Finding.Proof {
    /// What both arms reach, seed by seed.
    fileprivate var table: String {
        let rows = seeds.indices.map { index in
            ["\(seeds[index])"]
                + [control[index], treated[index], treated[index] - control[index]].map {
                    Page.escape(Diagnosis.number($0))
                }
        }
        return Page.table(["Seed", "As it is", "With the edit", "Gain"], rows)
            + "<p>Mean gain \(Page.escape(Diagnosis.number(gain))), with 97.5\u{202F}% probability at least "
            + "\(Page.escape(Diagnosis.number(lowerBound))).</p>"
    }

    /// The loss of both arms: the mean over the seeds in the range of all; `nil` without curves.
    fileprivate var chart: LineChart? {
        guard let curves, curves.control.contains(where: { $0.count > 1 }) else { return nil }
        let arms = [("as it is", curves.control), ("with the edit", curves.treated)]
        return LineChart(
            "The loss on samples that are held back", x: "Epoch", y: "Loss",
            series: arms.compactMap { Finding.Proof.series($0.0, $0.1) })
    }

    private static func series(_ name: String, _ curves: [[Double]]) -> LineChart.Series? {
        let count = curves.map(\.count).max() ?? 0
        guard count > 0 else { return nil }
        let columns = (0..<count).map { epoch in
            curves.compactMap { $0.indices.contains(epoch) && $0[epoch].isFinite ? $0[epoch] : nil }
        }
        return LineChart.Series(
            name, y: columns.map { $0.isEmpty ? .nan : $0.reduce(0, +) / Double($0.count) },
            lower: columns.map { $0.min() ?? .nan }, upper: columns.map { $0.max() ?? .nan })
    }
}
