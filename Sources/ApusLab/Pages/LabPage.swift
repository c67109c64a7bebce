import ApusCharts
import ApusFormats
import ApusReport

/// The page of one experiment.
struct LabPage {
    let outcome: LabOutcome
    /// The pictures in each language.
    let figures: [Language: [LabFigure]]

    init(_ outcome: LabOutcome, of experiment: some LabExperiment) {
        self.outcome = outcome
        figures = Dictionary(
            uniqueKeysWithValues: Language.allCases.map { ($0, experiment.figures(outcome.results, in: $0)) })
    }

    private var about: LabAbout { outcome.about }
    private var isQuick: Bool { outcome.size != .whole }

    /// What a reader of a quick run must know before the texts, which tell of the whole one.
    private static func quickRun(_ id: String) -> Words {
        Words(
            "This was a quick run: few seeds, and smaller or shorter trainings. The texts tell of the whole run (apus lab run \(id)); numbers and verdicts are this run's own and may differ.",
            "빠른 실행의 결과이다. 시드가 적고 학습이 작거나 짧다. 글은 전체 실행(apus lab run \(id))을 설명한다. 수와 판정은 이번 실행의 것이어서 다를 수 있다."
        )
    }

    /// The page; the language is the one in which it opens.
    func html(_ language: Language) -> String {
        let body = [
            header,
            LabHTML.section(Words("What is taught", "배우는 내용"), taught, class: "taught"),
            LabHTML.section(Words("What was measured", "측정 결과"), pictures),
            LabHTML.section(Words("Verdicts", "판정"), claims, id: "verdicts"),
            LabHTML.section(Words("Surprise", "뜻밖의 점"), LabHTML.both("p", about.surprise)),
            LabHTML.section(Words("Setup", "설정"), setup),
            LabHTML.section(Words("Try next", "다음에 해 볼 것"), recipes(about.next)),
            footer,
        ]
        return LabHTML.document(
            "\(about.number) · \(about.title[language]) · Apus", body.joined(separator: "\n"), language: language)
    }

    private var header: String {
        let part = about.part.title
        return """
            <nav><a href="../index.html">\(LabHTML.both("span", Words("All experiments", "모든 실험")))</a>\(LabHTML.languageSwitch)</nav>
            <header>
            \(LabHTML.both("p", Words("\(about.number) · \(part.english)", "\(about.number) · \(part.korean)"), class: "number"))
            \(LabHTML.both("h1", about.title))
            \(LabHTML.both("p", about.question, class: "question"))
            \(isQuick ? LabHTML.both("p", LabPage.quickRun(about.id), class: "notice") : "")
            \(LabHTML.both("p", about.lesson, class: "lesson"))
            <p class="counts"><a href="#verdicts">\(LabHTML.both("span", Words("Verdicts", "판정")))</a>\(LabHTML.counts(outcome.claims.map(\.verdict)))</p>
            </header>
            """
    }

    // MARK: Verdicts

    private var claims: String {
        "<div class=\"claims\">\n" + outcome.claims.map(claim).joined(separator: "\n") + "\n</div>"
    }

    private func claim(_ decided: DecidedClaim) -> String {
        let claim = decided.claim
        let tag = claim.isTaught ? LabHTML.both("span", Words("as taught", "배우는 그대로"), class: "tag") : ""
        let statement = Language.allCases.map {
            "<p class=\"statement\" lang=\"\($0.rawValue)\">\(Page.escape(claim.statement[$0]))\(tag)</p>"
        }.joined()
        let numbers = LabHTML.each("p") { Page.escape(decided.sentence($0)) }
        return """
            <div class="card claim">\(LabHTML.badge(decided.verdict))<div>\(statement)</div>
            \(IntervalPicture(decided).svg)<div class="numbers">\(numbers)</div></div>
            """
    }

    private var taught: String {
        about.taught.map { taught in
            let text = LabHTML.both("span", taught.text)
            return "<blockquote>\(text)<cite>\(Page.escape(taught.source))</cite></blockquote>"
        }.joined(separator: "\n")
    }

    // MARK: Pictures

    private var pictures: String {
        var number = 0
        let (english, korean) = (figures[.english] ?? [], figures[.korean] ?? [])
        return zip(english, korean).map { english, korean in
            let controls = english.controls
            let data =
                controls.isEmpty
                ? ""
                : " data-sizes=\"\(controls.map { "\($0.options.count)" }.joined(separator: ","))\""
                    + " data-first=\"\(controls.map { "\($0.first)" }.joined(separator: ","))\""
            let content = zip(Language.allCases, [english, korean]).map { language, figure in
                "<div lang=\"\(language.rawValue)\">" + LabPage.figure(figure, language, &number) + "</div>"
            }.joined(separator: "\n")
            return "<figure class=\"card\" id=\"\(english.id)\"\(data)>\(content)</figure>"
        }.joined(separator: "\n")
    }

    private static func figure(_ figure: LabFigure, _ language: Language, _ number: inout Int) -> String {
        var text = "<figcaption>\(Page.escape(figure.caption))</figcaption>"
        if !figure.controls.isEmpty {
            text +=
                "<div class=\"controls\">"
                + figure.controls.enumerated().map { control($1, $0) }.joined(separator: "\n") + "</div>"
        }
        let first = figure.controls.reduce(0) { $0 * $1.options.count + $1.first }
        for (place, chart) in figure.charts.enumerated() {
            // Charts side by side stand for themselves, so that they wrap on a narrow screen.
            let charts = (chart as? Figure)?.charts ?? [chart]
            let pictures = charts.map { chart in
                number += 1
                return Page.picture(chart, number: number)
            }
            let tables = chart.tables.map { table in
                (table.title.isEmpty ? "" : "<p>\(Page.escape(table.title))</p>")
                    + Page.table(table.header, table.rows.map { $0.map(Page.escape) })
            }.joined()
            let numbers = Words("Numbers", "숫자로 보기")[language]
            text += """
                <div class="frame" data-place="\(place)"\(place == first ? "" : " hidden=\"hidden\"")>
                <div class="charts">\(pictures.joined())</div>\
                \(tables.isEmpty ? "" : "<details><summary>\(numbers)</summary>\(tables)</details>")</div>
                """
        }
        return text
    }

    private static func control(_ control: LabFigure.Control, _ index: Int) -> String {
        let title = Page.escape(control.title)
        switch control.form {
        case .choice:
            let buttons = control.options.enumerated().map { place, option in
                "<button type=\"button\" data-control=\"\(index)\" value=\"\(place)\""
                    + " aria-pressed=\"\(place == control.first)\">\(Page.escape(option))</button>"
            }
            return "<div class=\"control\"><span>\(title)</span><span class=\"choice\" role=\"group\""
                + " aria-label=\"\(title)\">\(buttons.joined())</span></div>"
        case .slider:
            let options = Page.escape(control.options.joined(separator: "|"))
            return "<label class=\"control\"><span>\(title)</span><input type=\"range\" min=\"0\""
                + " max=\"\(control.options.count - 1)\" value=\"\(control.first)\" data-control=\"\(index)\""
                + " data-options=\"\(options)\"/><output>\(Page.escape(control.options[control.first]))</output></label>"
        }
    }

    // MARK: Setup

    private var setup: String {
        LabHTML.both("p", about.setup) + recipes(about.recipes) + "\n<p><code>apus lab run \(about.id)</code></p>"
    }

    private func recipes(_ recipes: [LabAbout.Recipe]) -> String {
        recipes.map { recipe in
            "<div class=\"recipe\">\(LabHTML.both("p", recipe.title))\(Page.preformatted(recipe.text))</div>"
        }.joined(separator: "\n")
    }

    private var footer: String {
        let words = Words(
            "\(outcome.seeds.english). Intervals have a confidence of 95 %: Student's t for means over seeds, Wilson's for shares. "
                + "Thresholds were fixed before these seeds ran. Data: results.json. apus is .build/release/apus of the repository.",
            "\(outcome.seeds.korean). 구간의 신뢰도는 95 %이다. 평균은 스튜던트 t, 비율은 윌슨 구간을 쓴다. "
                + "기준값은 이 시드를 돌리기 전에 정했다. 자료: results.json. apus는 저장소의 .build/release/apus이다.")
        return "<footer>\(LabHTML.both("p", words))</footer>"
    }
}
