public import ApusConfiguration

/// Which tokenizer a data source uses: `characters`, `words`, `{bytePair: {vocabulary: 1000}}` or `{file: tokenizer.json}` in files.
///
/// ```swift
/// import ApusText
///
/// let choices: [TokenizerChoice] = [.words, .bytePair(vocabulary: 2000), .file("tokenizer.json")]
/// for choice in choices { print(choice) }
/// ```
public enum TokenizerChoice: Sendable, Hashable {
    /// Every character is a token.
    case characters
    /// Every word is a token, in small letters and without punctuation.
    case words
    /// Byte pairs, learned from the training part.
    case bytePair(vocabulary: Int)
    /// The tokenizer of a `tokenizer.json`, from `data.directory` on if the path is relative.
    case file(String)
}

extension TokenizerChoice: CheckedCases {
    public static let what = "tokenizer"

    public static let cases: [Case<TokenizerChoice>] = [
        Case(.characters), Case(.words), Case(.bytePair(vocabulary: 1000)) { .bytePair(vocabulary: try $0.next()) },
        Case(.file(""), isRequired: true) { .file(try $0.next()) },
    ]

    package var problem: String? {
        guard case .bytePair(let vocabulary) = self, !(257...1 << 24).contains(vocabulary) else { return nil }
        return
            "bytePair needs a vocabulary of 257…16777216, for there are 256 bytes and a padding, received \(vocabulary)"
    }
}

/// What a model gets of a text.
///
/// ```swift
/// import ApusText
///
/// for encoding in TextEncoding.allCases { print(encoding) }
/// ```
public enum TextEncoding: String, NamedChoice {
    /// The numbers of its tokens, cut and filled to one length: [T], `int32`, for an `embedding`.
    case sequence
    /// 1 for every token of the vocabulary that it has, else 0: [V], `uint8`.
    case multiHot
    public static let what = "encoding"
}

extension TokenBatch.Part: NamedChoice {
    public static let what = "part"
}
