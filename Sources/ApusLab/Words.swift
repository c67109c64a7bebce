/// A language of the lab.
///
/// ```swift
/// for language in Language.allCases { print(language.rawValue, language.title) }
/// ```
public enum Language: String, Sendable, Hashable, Codable, CaseIterable {
    /// English.
    case english = "en"
    /// Korean.
    case korean = "ko"

    /// What the language calls itself.
    public var title: String {
        switch self {
        case .english: "English"
        case .korean: "한국어"
        }
    }
}

/// A text in both languages of the lab.
///
/// ```swift
/// let title = Words("Weight decay", "가중치 감소")
/// print(title[.korean])
/// ```
public struct Words: Sendable, Hashable {
    /// The English text.
    public var english: String
    /// The Korean text.
    public var korean: String

    /// A text in both languages.
    public init(_ english: String, _ korean: String) {
        self.english = english
        self.korean = korean
    }

    /// A text that is the same in both: a formula, a number, a name.
    public init(_ both: String) { self.init(both, both) }

    /// The text in one language.
    public subscript(_ language: Language) -> String {
        switch language {
        case .english: english
        case .korean: korean
        }
    }
}
