/// Every word is a token.
///
/// A word is a run of letters, marks, digits and `_`; `'` and `’` between two of them belong to it, as in *don't*. All else but white space is
/// punctuation, each character of which is a token by itself, or none. Languages without spaces between words have one word for a run of
/// characters: `CharacterTokenizer` and `BytePairTokenizer` are for them.
///
/// ```swift
/// import ApusText
///
/// let tokenizer = WordTokenizer(fittedTo: ["A good film!", "Not good."])
/// print(tokenizer.words(of: "It isn't GOOD."))        // ["it", "isn't", "good"]
/// print(try tokenizer.encode("A good, good plot"))    // [3, 2, 2, 1]
/// ```
public struct WordTokenizer: Tokenizer, Hashable, Codable {
    /// The words by number.
    public let vocabulary: Vocabulary
    /// Whether capitals become small letters.
    public let lowercases: Bool
    /// Whether signs of punctuation are tokens.
    public let keepsPunctuation: Bool

    /// The tokenizer of a vocabulary of words.
    public init(_ vocabulary: Vocabulary, lowercases: Bool = true, keepsPunctuation: Bool = false) {
        self.vocabulary = vocabulary
        self.lowercases = lowercases
        self.keepsPunctuation = keepsPunctuation
    }

    /// The tokenizer of the words of texts.
    ///
    /// - Parameters:
    ///   - texts: The texts to count words in.
    ///   - lowercases: Whether capitals become small letters.
    ///   - keepsPunctuation: Whether signs of punctuation are tokens.
    ///   - minimumCount: How often a word must occur; others are unknown.
    ///   - maximumSize: The greatest `vocabularySize`, padding and unknown included; no limit if `nil`.
    public init(
        fittedTo texts: some Sequence<String>, lowercases: Bool = true, keepsPunctuation: Bool = false,
        minimumCount: Int = 1, maximumSize: Int? = nil
    ) {
        let rule = WordTokenizer(Vocabulary([]), lowercases: lowercases, keepsPunctuation: keepsPunctuation)
        self.init(
            Vocabulary(
                countedIn: texts.lazy.map(rule.words), minimumCount: minimumCount, maximumSize: maximumSize),
            lowercases: lowercases, keepsPunctuation: keepsPunctuation)
    }

    public var vocabularySize: Int { vocabulary.size }

    public func encode(_ text: String) throws(TextError) -> [Int] { vocabulary.numbers(words(of: text)) }

    /// The words of numbers with spaces between them; padding and numbers that no word has add nothing, what is unknown adds `�`.
    public func decode(_ tokens: [Int]) -> String {
        tokens.compactMap { $0 == Vocabulary.unknown ? "\u{fffd}" : vocabulary.token($0) }.joined(separator: " ")
    }

    /// The words of a text, known or not.
    public func words(of text: String) -> [String] {
        let text = lowercases ? text.lowercased() : text
        let scalars = Array(text.unicodeScalars)
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func finish() {
            if !word.isEmpty { words.append(String(word)) }
            word = String.UnicodeScalarView()
        }
        for (place, scalar) in scalars.enumerated() {
            let isInner = scalar == "'" || scalar == "\u{2019}"
            if WordTokenizer.isWord(scalar)
                || isInner && !word.isEmpty && place + 1 < scalars.count && WordTokenizer.isWord(scalars[place + 1])
            {
                word.append(scalar)
                continue
            }
            finish()
            if keepsPunctuation, !scalar.properties.isWhitespace { words.append(String(scalar)) }
        }
        finish()
        return words
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || !ScalarKind.of(scalar.value).isDisjoint(with: [.letter, .number, .mark])
    }
}
