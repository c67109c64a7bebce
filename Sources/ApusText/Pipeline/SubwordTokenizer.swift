/// The tokenizer of a `tokenizer.json`: byte pairs or pieces of words, with all that happens to texts before and behind.
///
/// A text is divided at the added tokens, normalized, divided into words; the model makes tokens of each word, and a template puts special
/// tokens around them. What is read: models `BPE` and `WordPiece`; normalizers `NFC`, `NFD`, `NFKC`, `NFKD`, `Lowercase`, `StripAccents`,
/// `BertNormalizer`, `Prepend`, `Replace`; pre-tokenizers `ByteLevel`, `Split`, `BertPreTokenizer`, `Digits`; post-processors
/// `TemplateProcessing`, `BertProcessing`, `RobertaProcessing`, `ByteLevel`; decoders `ByteLevel`, `WordPiece`, `Replace`, `ByteFallback`,
/// `Fuse`, `Strip`; and `Sequence`s of these. Everything else in a file is an error that names it. The numbers are those of the
/// package `tokenizers` of Hugging Face, 0.23.
///
/// ```swift
/// import ApusText
///
/// let tokenizer = try SubwordTokenizer(contentsOf: "tokenizer.json")
/// let numbers = try tokenizer.encode("A text.")
/// print(numbers, tokenizer.decode(numbers))
/// ```
public struct SubwordTokenizer: Tokenizer {
    /// What makes tokens of a word.
    enum Model: Sendable {
        case bytePairs(BytePairModel)
        case wordPieces(WordPieceModel)

        var tokens: TokenList {
            switch self {
            case .bytePairs(let model): model.tokens
            case .wordPieces(let model): model.tokens
            }
        }
    }

    /// A piece of what a text becomes.
    enum TemplatePiece: Sendable {
        case text
        case tokens([Int])
    }

    let normalizers: [Normalizer]
    let preTokenizers: [PreTokenizer]
    let model: Model
    /// What stands around the tokens of a text; nothing if `nil`.
    let template: [TemplatePiece]?
    /// `nil`: tokens with spaces between them.
    let decoders: [TokenDecoder]?
    /// Tokens beside those of the model, by their numbers.
    let added: [AddedToken]
    /// Those that are looked for in texts as they are, and in normalized texts.
    let (plain, normalized): (AddedTokens, AddedTokens)
    /// The text of each number that decoding begins with; `nil` where there is none.
    let decoded: [[UInt8]?]
    let special: Set<Int>
    /// Whether decoding is nothing but putting bytes together.
    let decodesBytes: Bool
    let pool = ScratchPool()
    /// The file without its model's tokens, to write it again.
    let file: JSONValue

    /// One more than the greatest number of a token.
    public var vocabularySize: Int { decoded.count }

    init(
        normalizers: [Normalizer], preTokenizers: [PreTokenizer], model: Model, template: [TemplatePiece]?,
        decoders: [TokenDecoder]?, added: [AddedToken], file: JSONValue
    ) throws(TextError) {
        self.normalizers = normalizers
        self.preTokenizers = preTokenizers
        self.model = model
        self.template = template
        self.decoders = decoders
        self.added = added
        self.file = file
        var (plain, normalized) = (AddedTokens(), AddedTokens())
        let limit = max(model.tokens.limit, (added.map(\.number).max() ?? -1) + 1)
        var decoded: [[UInt8]?] = (0..<limit).map { model.tokens.text(of: $0).map(Array.init) }
        for token in added {
            var text = Array(token.content.utf8)
            if token.isNormalized {
                text = try SubwordTokenizer.normalize(text, normalizers, Scratch())
                normalized.insert(token, as: text)
            } else {
                plain.insert(token, as: text)
            }
            decoded[token.number] = text
        }
        let specialTexts = Set(added.filter(\.isSpecial).map { Array($0.content.utf8) })
        special = Set(decoded.indices.filter { decoded[$0].map(specialTexts.contains) ?? false })
        decodesBytes = decoders?.count == 1 && decoders?.first?.isByteLevel == true
        if decodesBytes { decoded = decoded.map { $0.map { ByteAlphabet.bytes(of: $0) } } }
        (self.plain, self.normalized, self.decoded) = (plain, normalized, decoded)
    }
}
