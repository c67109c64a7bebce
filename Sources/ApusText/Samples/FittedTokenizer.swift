import ApusConfiguration

/// A tokenizer that was fitted to texts or read from a file, and can be written with a model.
///
/// ```swift
/// import ApusText
///
/// let tokenizer = try FittedTokenizer(.words, texts: ["a good film"], vocabulary: 100)
/// print(try tokenizer.encode("a film"), tokenizer.vocabularySize)   // [2, 4] 5
/// ```
public enum FittedTokenizer: Tokenizer {
    /// By characters.
    case characters(CharacterTokenizer)
    /// By words.
    case words(WordTokenizer)
    /// By byte pairs, or of a file.
    case subwords(SubwordTokenizer)

    /// Fits a tokenizer to texts.
    ///
    /// - Parameters:
    ///   - choice: Which one; that of a file was fitted before.
    ///   - texts: The texts of the training part.
    ///   - vocabulary: The greatest number of tokens of characters and words; no limit if `nil`.
    ///   - minimumCount: How often a character or a word must occur to be a token.
    /// - Throws: `TextError` for settings that are impossible; `FormatError` for a file that can't be read.
    public init(
        _ choice: TokenizerChoice, texts: [String], vocabulary: Int? = nil, minimumCount: Int = 1
    ) throws {
        switch choice {
        case .characters:
            self = .characters(
                CharacterTokenizer(fittedTo: texts, minimumCount: minimumCount, maximumSize: vocabulary))
        case .words:
            self = .words(WordTokenizer(fittedTo: texts, minimumCount: minimumCount, maximumSize: vocabulary))
        case .bytePair(let size):
            self = .subwords(
                try BytePairTokenizer(
                    trainedOn: texts, vocabularySize: size, specialTokens: [FittedTokenizer.padding]
                ).subwords)
        case .file(let path): self = .subwords(try SubwordTokenizer(contentsOf: path))
        }
    }

    /// What fills sequences of byte pairs.
    private static let padding = "<pad>"

    private var tokenizer: any Tokenizer {
        switch self {
        case .characters(let tokenizer): tokenizer
        case .words(let tokenizer): tokenizer
        case .subwords(let tokenizer): tokenizer
        }
    }

    public var vocabularySize: Int { tokenizer.vocabularySize }

    public func encode(_ text: String) throws(TextError) -> [Int] { try tokenizer.encode(text) }

    public func decode(_ tokens: [Int]) -> String { tokenizer.decode(tokens) }

    /// The number that fills sequences: that of a token for it, or 0.
    public var padding: Int { ownPadding ?? 0 }

    /// The number that fills sequences and stands for no text; `nil` if there is no token for it.
    package var ownPadding: Int? {
        guard case .subwords(let tokenizer) = self else { return Vocabulary.padding }
        return [FittedTokenizer.padding, "[PAD]", "<|padding|>"].lazy.compactMap(tokenizer.number).first
    }

    /// The numbers that stand for no text: of what fills sequences, and of what is unknown.
    package var numbersWithoutText: Set<Int> {
        switch self {
        case .characters, .words: [Vocabulary.padding, Vocabulary.unknown]
        case .subwords: Set([ownPadding].compactMap { $0 })
        }
    }
}

extension FittedTokenizer: Codable {
    private enum CodingKeys: String, CodingKey { case characters, words, subwords }

    /// Files hold its kind with its vocabulary; byte pairs as the text of a `tokenizer.json`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let characters = try container.decodeIfPresent(CharacterTokenizer.self, forKey: .characters) {
            self = .characters(characters)
        } else if let words = try container.decodeIfPresent(WordTokenizer.self, forKey: .words) {
            self = .words(words)
        } else {
            let text = try container.decode(String.self, forKey: .subwords)
            self = .subwords(try SubwordTokenizer(json: Array(text.utf8), path: ""))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .characters(let tokenizer): try container.encode(tokenizer, forKey: .characters)
        case .words(let tokenizer): try container.encode(tokenizer, forKey: .words)
        case .subwords(let tokenizer): try container.encode(tokenizer.json.compact, forKey: .subwords)
        }
    }
}
