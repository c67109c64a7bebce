import ApusExperiments
import ApusLab
import ApusTestKit
import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What holds for every experiment of the lab.
@Suite struct ExperimentTests {
    @Test func namesAreDistinct() {
        let abouts = Lab.experiments.map(\.about)
        #expect(Set(abouts.map(\.id)).count == abouts.count)
        #expect(Set(abouts.map(\.number)).count == abouts.count)
        #expect(abouts.map(\.number) == abouts.map(\.number).sorted())
        for about in abouts {
            #expect(about.number.hasPrefix(about.part.rawValue))
            #expect(about.id.allSatisfy { $0.isLowercase || $0 == "-" || $0.isNumber })
            #expect(Lab.experiment(about.id)?.about.id == about.id)
            #expect(Lab.experiment(about.number.lowercased())?.about.id == about.id)
        }
        #expect(Lab.experiment("nothing") == nil)
    }

    @Test(arguments: Lab.experiments.map(\.about.id))
    func textsAreInBothLanguages(_ id: String) throws {
        let experiment = try #require(Lab.experiment(id))
        let about = experiment.about
        var words = [about.title, about.question, about.setup, about.lesson, about.surprise]
        words += about.taught.map(\.text) + (about.recipes + about.next).map(\.title)
        words += experiment.claims.flatMap { [$0.statement, $0.statistic] }
        for words in words {
            #expect(!words.english.isEmpty)
            #expect(words.korean.unicodeScalars.contains { (0xAC00...0xD7A3).contains($0.value) }, "\(words.korean)")
            #expect(!words.english.unicodeScalars.contains { (0xAC00...0xD7A3).contains($0.value) })
            // One word for one thing: 에포크, 밀집층, and %포인트 for differences of shares.
            #expect(!words.korean.contains(/에폭|완전연결|[0-9]점/), "\(words.korean)")
        }
        #expect(!about.taught.isEmpty && !about.recipes.isEmpty && !about.next.isEmpty)
        #expect(Set(experiment.claims.map(\.id)).count == experiment.claims.count && !experiment.claims.isEmpty)
        #expect(about.seeds >= 1 && about.seconds > 0)
    }

    /// An experiment file that a page shows is one, and has the schedule of the arm: that of a file without it is another.
    @Test(arguments: Lab.experiments.map(\.about.id)) func recipesAreRead(_ id: String) throws {
        let about = try #require(Lab.experiment(id)).about
        for recipe in about.recipes + about.next where recipe.form == .yaml {
            _ = try Experiment(yaml: recipe.text, path: id)
            #expect(recipe.text.contains("\nschedule: "), "\(recipe.text)")
        }
    }

    /// Each experiment runs, twice to the same bytes; its page has both languages and its pictures; and each claim could have come out
    /// otherwise.
    @Test(arguments: Lab.experiments.map(\.about.id))
    func runs(_ id: String) throws {
        let experiment = try #require(Lab.experiment(id))
        try withTemporaryFolder { folder in try check(experiment, in: folder) }
    }

    private func check(_ experiment: some LabExperiment, in folder: String) throws {
        let about = experiment.about
        func files(_ name: String) throws -> [Data] {
            try ["results.json", "report.html"].map {
                try Data(contentsOf: URL(filePath: "\(folder)/\(name)/\(about.id)/\($0)"))
            }
        }
        let outcome = try #require(
            try Lab.run(experiment, with: LabRunner(folder: folder + "/a", seeds: 2, size: .trial)))
        _ = try Lab.run(experiment, with: LabRunner(folder: folder + "/b", seeds: 2, size: .trial))
        #expect(try files("a") == files("b"))

        let page = try String(contentsOfFile: "\(folder)/a/\(about.id)/report.html", encoding: .utf8)
        #expect(page.contains("<h1 lang=\"en\">") && page.contains("<h1 lang=\"ko\">"))
        #expect(!page.contains("http://") && !page.contains("https://"))
        // What is written describes the whole run.
        #expect(page.contains("class=\"notice\""))
        #expect(page.count < 8_000_000)
        let parser = XMLParser(data: Data(page.replacing("<!DOCTYPE html>", with: "").utf8))
        #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") in line \(parser.lineNumber)")
        let figures = experiment.figures(outcome.results, in: .english)
        #expect(figures.map(\.id) == experiment.figures(outcome.results, in: .korean).map(\.id))
        for figure in figures {
            #expect(FileManager.default.fileExists(atPath: "\(folder)/a/\(about.id)/plots/\(figure.id).svg"))
            #expect(figure.charts.count == figure.controls.reduce(1) { $0 * $1.options.count })
            #expect(figure.charts.allSatisfy { !$0.tables.isEmpty }, "\(figure.id) has no numbers")
        }
        for claim in experiment.claims {
            let verdict = claim.decided(by: outcome.results).verdict
            let others = planted(outcome.results).map { claim.decided(by: $0).verdict }
            #expect(
                others.contains { $0 != verdict && $0 != .undecided }, "\(claim.id) is \(verdict) whatever is measured")
        }
    }

    /// Results that are not those that were measured: an arm in the place of another, numbers without or with other sizes.
    private func planted(_ results: LabResults) -> [LabResults] {
        var planted: [LabResults] = []
        for target in results.arms.indices {
            for source in results.arms.indices where source != target {
                var changed = results
                changed.arms[target].measurements = results.arms[source].measurements
                planted.append(changed)
            }
            for factor in [0, -1, 1e-6, 1e6] {
                var changed = results
                for index in changed.arms[target].measurements.indices {
                    changed.arms[target].measurements[index].numbers =
                        results.arms[target].measurements[index].numbers.mapValues { $0 * factor }
                    changed.arms[target].measurements[index].series =
                        results.arms[target].measurements[index].series.mapValues { $0.map { $0 * factor } }
                }
                planted.append(changed)
            }
        }
        return planted
    }
}
