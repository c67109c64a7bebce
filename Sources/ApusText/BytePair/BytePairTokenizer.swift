/// Tokens by byte pairs, learned from texts: every text has tokens, for every byte is one.
///
/// Words are divided as GPT-2 does, and numbers are those of the trainer of `tokenizers` for the same texts: first the special tokens, then the
/// 256 bytes, then what was merged, the most frequent pair first; of equally frequent pairs the one with the smaller numbers.
///
/// ```swift
/// import ApusText
///
/// let texts = ["low lower lowest", "new newer newest"]
/// let tokenizer = try BytePairTokenizer(trainedOn: texts, vocabularySize: 270, specialTokens: ["<pad>"])
/// let numbers = try tokenizer.encode("the lowest")
/// print(tokenizer.decode(numbers))   // the lowest
/// try tokenizer.subwords.write(to: "tokenizer.json")   // programs in Python read it, too
/// ```
public struct BytePairTokenizer: Tokenizer {
    /// The tokenizer as files have it.
    public let subwords: SubwordTokenizer

    /// Learns byte pairs.
    ///
    /// - Parameters:
    ///   - texts: What to learn from.
    ///   - vocabularySize: How many tokens there will be, 256 bytes and special ones included; fewer if no pair is left.
    ///   - specialTokens: Tokens that texts never contain, with the numbers from 0 on.
    ///   - minimumCount: How often a pair must occur at least.
    /// - Throws: `TextError` if the vocabulary is too small for the bytes, or a special token comes twice.
    public init(
        trainedOn texts: some Sequence<String>, vocabularySize: Int, specialTokens: [String] = [], minimumCount: Int = 1
    ) throws(TextError) {
        guard vocabularySize >= 256 + specialTokens.count, vocabularySize <= 1 << 24 else {
            throw TextError(
                .setting, "a vocabulary of byte pairs can't have this size",
                expected: "at least \(256 + specialTokens.count), for there are 256 bytes"
                    + (specialTokens.isEmpty ? "" : " and \(specialTokens.count) special tokens")
                    + ", and at most \(1 << 24)",
                received: "\(vocabularySize)", remedy: "Change it.")
        }
        try BytePairTokenizer.check(specialTokens)
        var trainer = BytePairTrainer(BytePairTokenizer.words(of: texts), special: specialTokens)
        trainer.merge(to: vocabularySize, minimumCount: minimumCount)
        var tokens = TokenList()
        for (number, token) in trainer.tokens.enumerated() { _ = tokens.insert(token, number: number) }
        let model = BytePairModel(
            tokens: tokens, merges: trainer.merges, unknown: nil, fusesUnknown: false, prefix: [], suffix: [],
            fallsBackToBytes: false, keepsTokens: false, isByteLevel: true)
        let added = specialTokens.enumerated().map { number, content in
            AddedToken(
                content: content, number: number, isWord: false, stripsLeft: false, stripsRight: false,
                isNormalized: false, isSpecial: true)
        }
        subwords = try SubwordTokenizer(
            normalizers: [], preTokenizers: [.byteLevel(addsSpace: false, splits: true)], model: .bytePairs(model),
            template: nil, decoders: [.byteLevel], added: added, file: BytePairTokenizer.file(added))
    }

    public var vocabularySize: Int { subwords.vocabularySize }

    public func encode(_ text: String) throws(TextError) -> [Int] { try subwords.encode(text) }

    public func decode(_ tokens: [Int]) -> String { subwords.decode(tokens) }

    /// The merges in the order in which they were learned, as vocabularies write them.
    public var merges: [(left: String, right: String)] {
        guard case .bytePairs(let model) = subwords.model else { return [] }
        return model.merges.pairs.map { (subwords.token(Int($0.left)) ?? "", subwords.token(Int($0.right)) ?? "") }
    }

    private static func check(_ special: [String]) throws(TextError) {
        var known = ByteTable()
        for token in special {
            let isByte = ByteAlphabet.bytes(of: token.utf8).count == 1 && token.unicodeScalars.count == 1
            guard !token.isEmpty, token.utf8.count <= AddedTokens.lengthLimit, !isByte, known.insert(token.utf8).isNew
            else {
                throw TextError(
                    .setting, "\(token.quoted) can't be a special token",
                    expected: "different texts of at least 2 characters and at most \(AddedTokens.lengthLimit) bytes",
                    remedy: "Change it.")
            }
        }
    }

    /// The different words of texts and how often they occur.
    private static func words(of texts: some Sequence<String>) -> [(bytes: ArraySlice<UInt8>, count: Int)] {
        var table = ByteTable()
        var counts: [Int] = []
        var ranges: WordRanges = []
        for var text in texts {
            text.withUTF8 { text in
                ranges.removeAll(keepingCapacity: true)
                ByteLevelWords.split(text, 0..<text.count, into: &ranges)
                for range in ranges {
                    let (index, isNew) = table.insert(UnsafeRawBufferPointer(text.part(range)))
                    if isNew { counts.append(1) } else { counts[index] += 1 }
                }
            }
        }
        return counts.indices.map { (table[$0], counts[$0]) }
    }

    private static func file(_ added: [AddedToken]) -> JSONValue {
        func flags(_ name: String, _ members: [(name: String, value: Bool)]) -> JSONValue {
            .object([("type", .text(name))] + members.map { ($0.name, .flag($0.value)) })
        }
        let byteLevel = flags("ByteLevel", [("add_prefix_space", false), ("trim_offsets", true), ("use_regex", true)])
        let tokens = added.map { token in
            JSONValue.object([
                ("id", .number("\(token.number)")), ("content", .text(token.content)), ("single_word", .flag(false)),
                ("lstrip", .flag(false)), ("rstrip", .flag(false)), ("normalized", .flag(false)),
                ("special", .flag(true)),
            ])
        }
        let model: [(name: String, value: JSONValue)] = [
            ("type", .text("BPE")), ("dropout", .null), ("unk_token", .null), ("continuing_subword_prefix", .null),
            ("end_of_word_suffix", .null), ("fuse_unk", .flag(false)), ("byte_fallback", .flag(false)),
            ("ignore_merges", .flag(false)), ("vocab", .null), ("merges", .null),
        ]
        return .object([
            ("version", .text("1.0")), ("truncation", .null), ("padding", .null), ("added_tokens", .list(tokens)),
            ("normalizer", .null), ("pre_tokenizer", byteLevel), ("post_processor", .null), ("decoder", byteLevel),
            ("model", .object(model)),
        ])
    }
}
