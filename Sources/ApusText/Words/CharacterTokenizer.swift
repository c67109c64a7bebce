/// Every character is a token, as Unicode numbers them: a letter and an accent behind it are two.
///
/// Source: as Python's strings are read, character by character.
///
/// ```swift
/// import ApusText
///
/// let tokenizer = CharacterTokenizer(fittedTo: ["abab", "c"])
/// print(try tokenizer.encode("cab!"))   // [4, 2, 3, 1]: ! is unknown
/// print(tokenizer.decode([2, 3]))       // ab
/// ```
public struct CharacterTokenizer: Tokenizer, Hashable, Codable {
    /// The characters by number.
    public let vocabulary: Vocabulary

    /// The tokenizer of a vocabulary of characters.
    public init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// The tokenizer of the characters of texts.
    ///
    /// - Parameters:
    ///   - texts: The texts to count characters in.
    ///   - minimumCount: How often a character must occur; others are unknown.
    ///   - maximumSize: The greatest `vocabularySize`, padding and unknown included; no limit if `nil`.
    public init(fittedTo texts: some Sequence<String>, minimumCount: Int = 1, maximumSize: Int? = nil) {
        vocabulary = Vocabulary(
            countedIn: texts.lazy.map(CharacterTokenizer.tokens), minimumCount: minimumCount, maximumSize: maximumSize)
    }

    public var vocabularySize: Int { vocabulary.size }

    public func encode(_ text: String) throws(TextError) -> [Int] {
        vocabulary.numbers(CharacterTokenizer.tokens(text))
    }

    /// The text of characters by their numbers; padding and numbers that no character has add nothing, what is unknown adds `�`.
    public func decode(_ tokens: [Int]) -> String {
        var text = ""
        for number in tokens {
            text.unicodeScalars +=
                (number == Vocabulary.unknown ? "\u{fffd}" : vocabulary.token(number) ?? "")
                .unicodeScalars
        }
        return text
    }

    private static func tokens(_ text: String) -> [String] { text.unicodeScalars.map { String($0) } }
}
