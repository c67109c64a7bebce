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
    private let (plain, normalized): (AddedTokens, AddedTokens)
    /// The text of each number that decoding begins with; `nil` where there is none.
    private let decoded: [[UInt8]?]
    private let special: Set<Int>
    /// Whether decoding is nothing but putting bytes together.
    private let decodesBytes: Bool
    private let pool = ScratchPool()
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

    // MARK: To numbers

    /// The numbers of a text's tokens, with the special tokens that the template puts around it.
    public func encode(_ text: String) throws(TextError) -> [Int] { try encode(text, addingSpecialTokens: true) }

    /// The numbers of a text's tokens.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - addingSpecialTokens: Whether those of the template are added, such as `[CLS]` and `[SEP]`.
    public func encode(_ text: String, addingSpecialTokens: Bool) throws(TextError) -> [Int] {
        guard addingSpecialTokens, let template else { return try tokens(text, after: []) }
        var result: [Int] = []
        for piece in template {
            switch piece {
            case .tokens(let tokens): result += tokens
            case .text: result = try tokens(text, after: result)
            }
        }
        return result
    }

    private func tokens(_ text: String, after first: [Int]) throws(TextError) -> [Int] {
        var text = text
        var result = first
        // What throws can't pass through `withUTF8`.
        var failure: TextError?
        text.withUTF8 { bytes in
            do throws(TextError) {
                try pool.withScratch { (scratch) throws(TextError) in
                    try append(bytes, scratch, to: &result)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    private func append(_ text: TextBytes, _ scratch: Scratch, to result: inout [Int]) throws(TextError) {
        guard !plain.isEmpty else { return try appendNormalized(text, scratch, to: &result) }
        for part in plain.split(text) {
            if let token = part.token {
                result.append(token)
            } else {
                try appendNormalized(text.part(part.range), scratch, to: &result)
            }
        }
    }

    private func appendNormalized(_ text: TextBytes, _ scratch: Scratch, to result: inout [Int]) throws(TextError) {
        guard !normalizers.isEmpty else { return try appendParts(text, scratch, to: &result) }
        let changed = try SubwordTokenizer.normalize(Array(text), normalizers, scratch)
        try changed.withTextBytes { (bytes) throws(TextError) in try appendParts(bytes, scratch, to: &result) }
    }

    private static func normalize(
        _ text: [UInt8], _ normalizers: [Normalizer], _ scratch: Scratch
    ) throws(TextError) -> [UInt8] {
        var text = text
        for (place, normalizer) in normalizers.enumerated() {
            text = try normalizer.apply(to: text, scratch, place: place)
        }
        return text
    }

    private func appendParts(_ text: TextBytes, _ scratch: Scratch, to result: inout [Int]) throws(TextError) {
        guard !normalized.isEmpty else { return try appendWords(text, scratch, to: &result) }
        for part in normalized.split(text) {
            if let token = part.token {
                result.append(token)
            } else {
                try appendWords(text.part(part.range), scratch, to: &result)
            }
        }
    }

    private func appendWords(_ text: TextBytes, _ scratch: Scratch, to result: inout [Int]) throws(TextError) {
        guard !text.isEmpty else { return }
        scratch.words.removeAll(keepingCapacity: true)
        scratch.words.append(0..<text.count)
        for preTokenizer in preTokenizers {
            if case .byteLevel(addsSpace: true, let splits) = preTokenizer {
                // It is the last one.
                return try appendSpaced(text, splits, scratch, to: &result)
            }
            scratch.nextWords.removeAll(keepingCapacity: true)
            for word in scratch.words { try preTokenizer.split(text, word, scratch, into: &scratch.nextWords) }
            swap(&scratch.words, &scratch.nextWords)
        }
        appendTokens(text, scratch, to: &result)
    }

    /// Adds the tokens of words that begin with a space, which is put before those without.
    private func appendSpaced(
        _ text: TextBytes, _ splits: Bool, _ scratch: Scratch, to result: inout [Int]
    ) throws(TextError) {
        var spaced: [UInt8] = []
        var ranges: WordRanges = []
        for word in scratch.words {
            let start = spaced.count
            if text[word.lowerBound] != 0x20 { spaced.append(0x20) }
            spaced += text[word]
            ranges.append(start..<spaced.count)
        }
        spaced.withUnsafeBufferPointer { text in
            scratch.words.removeAll(keepingCapacity: true)
            for range in ranges {
                if splits {
                    ByteLevelWords.split(text, range, into: &scratch.words)
                } else {
                    scratch.words.append(range)
                }
            }
            appendTokens(text, scratch, to: &result)
        }
    }

    private func appendTokens(_ text: TextBytes, _ scratch: Scratch, to result: inout [Int]) {
        appendTokens(text, scratch.words, &scratch.cache, &scratch.merging, to: &result)
    }

    private func appendTokens(
        _ text: TextBytes, _ words: WordRanges, _ cache: inout WordCache, _ space: inout MergeSpace,
        to result: inout [Int]
    ) {
        for range in words {
            let word = text.part(range)
            if cache.append(word, to: &result) { continue }
            let first = result.count
            switch model {
            case .bytePairs(let model): model.append(word, &space, to: &result)
            case .wordPieces(let model): model.append(word, to: &result)
            }
            cache.remember(word, result[first...])
        }
    }

    // MARK: To a text

    /// The text of tokens by their numbers, without special tokens; a number that no token has adds nothing.
    public func decode(_ tokens: [Int]) -> String { decode(tokens, skippingSpecialTokens: true) }

    /// The text of tokens by their numbers.
    ///
    /// - Parameters:
    ///   - tokens: The numbers; those that no token has add nothing.
    ///   - skippingSpecialTokens: Whether special tokens add nothing, either.
    public func decode(_ tokens: [Int], skippingSpecialTokens: Bool) -> String {
        let texts = tokens.lazy.filter { number in
            decoded.indices.contains(number) && !(skippingSpecialTokens && special.contains(number))
        }.compactMap { decoded[$0] }
        guard let decoders else { return String(decoding: Array(texts.joined(separator: [0x20])), as: UTF8.self) }
        if decodesBytes { return String(decoding: Array(texts.joined()), as: UTF8.self) }
        let parts = decoders.reduce(Array(texts)) { $1.apply(to: $0) }
        return String(decoding: Array(parts.joined()), as: UTF8.self)
    }

    // MARK: Tokens by name

    /// The number of a token by its text, as vocabularies write it; `nil` if there is none.
    public func number(of token: String) -> Int? {
        if let added = added.last(where: { $0.content.utf8.elementsEqual(token.utf8) }) { return added.number }
        return model.tokens.number(of: Array(token.utf8)).map(Int.init)
    }

    /// The text of a token, as vocabularies write it; `nil` if no token has the number.
    public func token(_ number: Int) -> String? {
        if let added = added.last(where: { $0.number == number }) { return added.content }
        return model.tokens.text(of: number).map { String(decoding: $0, as: UTF8.self) }
    }
}
