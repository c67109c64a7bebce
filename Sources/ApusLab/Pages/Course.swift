import ApusFormats
import Foundation

/// The course as text: a picture and the verdicts of each experiment that has run.
struct Course {
    let language: Language
    let outcomes: [LabOutcome]

    /// The name of the file: `Course.md`, `Course.ko.md`.
    var fileName: String { language == .english ? "Course.md" : "Course.\(language.rawValue).md" }

    /// Where the picture of an experiment stands, seen from the text.
    static func picture(_ id: String, _ language: Language) -> String {
        "lab/\(id)\(language == .english ? "" : ".\(language.rawValue)").svg"
    }

    var text: String {
        let title = Words("The course, measured", "측정한 딥러닝 강의")
        let lead = Words(
            "Each experiment asks what courses on deep learning teach, measures it with several seeds, and says whether it holds: **held** and **refuted** where the whole 95 % interval is on one side of a threshold that was fixed before, else **undecided**. This page is written by `apus lab course`; the pages of `apus lab run` have all pictures, tables and settings.",
            "각 실험은 딥러닝 강의에서 가르치는 내용을 묻고, 여러 시드로 측정해 성립하는지 말한다. 95 % 구간 전체가 미리 정한 기준의 한쪽에 있으면 **성립** 또는 **반증**, 아니면 **미정**이다. 이 글은 `apus lab course`가 쓴다. 모든 그림과 표와 설정은 `apus lab run`이 만드는 쪽에 있다."
        )
        let parts = LabAbout.Part.allCases.map { part in
            let own = outcomes.filter { $0.about.part == part }
            guard !own.isEmpty else { return "" }
            return "\n## \(part.rawValue). \(part.title[language])\n" + own.map(section).joined()
        }
        return "# \(title[language])\n\n\(lead[language])\n" + parts.joined()
    }

    private func section(_ outcome: LabOutcome) -> String {
        let about = outcome.about
        let header = Words("| verdict | claim | measured |", "| 판정 | 주장 | 측정 |")[language]
        let rows = outcome.claims.map { decided in
            "| **\(decided.verdict.title[language])** | \(cell(decided.claim.statement[language])) | \(cell(decided.sentence(language))) |"
        }
        return """

            ### \(about.number). \(about.title[language])

            *\(about.question[language])*

            \(about.lesson[language])

            ![\(about.title[language])](\(Course.picture(about.id, language)))

            \(header)
            |---|---|---|
            \(rows.joined(separator: "\n"))

            \(about.surprise[language])

            `apus lab run \(about.id)` (\(outcome.seeds[language]))

            """
    }

    private func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

extension Lab {
    /// Writes the course as text, with the pictures, from what a folder of the lab holds.
    ///
    /// - Parameters:
    ///   - folder: That of the text; pictures go to `lab` in it.
    ///   - lab: The folder of the lab; experiments that have not run whole are left out.
    /// - Returns: The names of the experiments that are left out.
    /// - Throws: `FormatError` if the folder can't be written.
    public static func writeCourse(to folder: String, from lab: String) throws -> [String] {
        // Nothing is measured: a run that is stopped at once says what is there.
        let runner = LabRunner(folder: lab, isStopped: { true })
        var (outcomes, missing): ([LabOutcome], [String]) = ([], [])
        try LabFolder.make(folder + "/lab")
        for experiment in experiments {
            guard let outcome = try runner.run(experiment) else {
                missing.append(experiment.about.id)
                continue
            }
            outcomes.append(outcome)
            for language in Language.allCases {
                guard let figure = experiment.figures(outcome.results, in: language).first else { continue }
                let path = "\(folder)/\(Course.picture(experiment.about.id, language))"
                try AtomicFile.write(figure.first.svg(theme: .automatic), to: path)
            }
        }
        for language in Language.allCases {
            let course = Course(language: language, outcomes: outcomes)
            try AtomicFile.write(course.text, to: "\(folder)/\(course.fileName)")
        }
        return missing
    }
}
