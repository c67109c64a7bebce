import ApusFormats
import ApusReport
import Foundation

/// The page over all experiments.
enum LabIndex {
    /// What is known of one experiment: its verdicts where it has run.
    struct Entry {
        let about: LabAbout
        let verdicts: [Verdict]?
    }

    static func html(_ entries: [Entry], language: Language) -> String {
        let title = Words("The lab: deep learning to see and to doubt", "실험실: 눈으로 보고 의심하는 딥러닝")
        let lead = Words(
            "Each experiment asks what the courses teach, measures it with several seeds, and says whether it holds.",
            "각 실험은 강의에서 배우는 내용을 묻고, 여러 시드로 측정해 성립하는지 말한다.")
        let parts = LabAbout.Part.allCases.map { part in
            let own = entries.filter { $0.about.part == part }
            let list = own.map(entry).joined(separator: "\n")
            let words = Words("\(part.rawValue) · \(part.title.english)", "\(part.rawValue) · \(part.title.korean)")
            return LabHTML.section(words, own.isEmpty ? "" : "<div class=\"list\">\n\(list)\n</div>")
        }
        let body =
            "<nav><span>Apus</span>\(LabHTML.languageSwitch)</nav>\n<header>\(LabHTML.both("h1", title))"
            + "\(LabHTML.both("p", lead, class: "question"))</header>\n" + parts.joined()
        return LabHTML.document("Apus · \(title[language])", body, language: language)
    }

    private static func entry(_ entry: Entry) -> String {
        let about = entry.about
        let name = LabHTML.both("strong", about.title)
        let question = LabHTML.both("span", about.question, class: "question2")
        guard let verdicts = entry.verdicts else {
            let words = Words("not run yet", "아직 실행하지 않음")
            return "<div class=\"card entry\"><b>\(about.number)</b><span>\(name)</span>"
                + "\(LabHTML.both("span", words, class: "tag"))\(question)</div>"
        }
        return "<a class=\"card entry\" href=\"\(about.id)/report.html\"><b>\(about.number)</b><span>\(name)</span>"
            + "<span class=\"counts\">\(LabHTML.counts(verdicts))</span>\(question)</a>"
    }
}
