import ApusCharts
import ApusReport

/// Markup that the lab's pages share.
enum LabHTML {
    static let style = String(decoding: PackageResources.lab_css, as: UTF8.self)
    static let script = String(decoding: PackageResources.lab_js, as: UTF8.self)

    /// An element in both languages; one where they are equal.
    static func both(
        _ element: String, _ words: Words, class kind: String = "", markup: (String) -> String = Page.escape
    )
        -> String
    {
        let kind = kind.isEmpty ? "" : " class=\"\(kind)\""
        guard words.english != words.korean else { return "<\(element)\(kind)>\(markup(words.english))</\(element)>" }
        return Language.allCases
            .map { "<\(element)\(kind) lang=\"\($0.rawValue)\">\(markup(words[$0]))</\(element)>" }.joined()
    }

    /// What each language says, beside each other.
    static func each(_ element: String, _ content: (Language) -> String) -> String {
        Language.allCases.map { "<\(element) lang=\"\($0.rawValue)\">\(content($0))</\(element)>" }
            .joined(separator: "\n")
    }

    static func section(_ title: Words, _ content: String, class kind: String = "", id: String = "") -> String {
        guard !content.isEmpty else { return "" }
        let attributes = (kind.isEmpty ? "" : " class=\"\(kind)\"") + (id.isEmpty ? "" : " id=\"\(id)\"")
        return "<section\(attributes)>\n\(both("h2", title))\n\(content)\n</section>\n"
    }

    static let languageSwitch =
        "<span class=\"language\" role=\"group\" aria-label=\"Language\">"
        + Language.allCases.map {
            "<button type=\"button\" value=\"\($0.rawValue)\" aria-pressed=\"false\">\($0.title)</button>"
        }.joined() + "</span>"

    /// A whole page.
    static func document(_ title: String, _ body: String, language: Language) -> String {
        Page.document(title, body, language: language.rawValue, style: style, script: script)
    }

    /// How many claims have each verdict.
    static func counts(_ verdicts: [Verdict]) -> String {
        Verdict.allCases.compactMap { verdict -> String? in
            let count = verdicts.count { $0 == verdict }
            let words = Words("\(count) \(verdict.title.english)", "\(verdict.title.korean) \(count)")
            return count > 0 ? both("span", words, class: "badge \(verdict.rawValue)") : nil
        }.joined()
    }

    static func badge(_ verdict: Verdict) -> String { both("span", verdict.title, class: "badge \(verdict.rawValue)") }
}
