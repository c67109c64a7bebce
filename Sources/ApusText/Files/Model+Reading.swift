import ApusConfiguration
import ApusFormats

extension SubwordTokenizer.Model {
    /// Reads the model of a file.
    ///
    /// - Parameter isByteLevel: Whether words come as bytes.
    static func read(_ part: TokenizerPart, isByteLevel: Bool) throws(FormatError) -> Self {
        // Files of before 2020 have no type.
        let type = try part.optional("type")?.text ?? (part.optional("merges") == nil ? "WordPiece" : "BPE")
        switch type {
        case "BPE": return .bytePairs(try bytePairs(part, isByteLevel: isByteLevel))
        case "WordPiece":
            guard !isByteLevel else {
                throw part.unsupported("the model is a WordPiece behind ByteLevel", expected: "a BPE behind it")
            }
            return .wordPieces(try wordPieces(part))
        default: throw part.unsupported("\(part.place) is \(type.quoted)", expected: "BPE or WordPiece")
        }
    }

    private static func bytePairs(_ part: TokenizerPart, isByteLevel: Bool) throws(FormatError) -> BytePairModel {
        try part.checkMembers([
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
            "byte_fallback", "ignore_merges", "vocab", "merges",
        ])
        if let dropout = part.optional("dropout") {
            guard case .number(let text) = dropout.value, Double(text) == 0 else {
                throw dropout.unsupported("\(dropout.place) is \(dropout.value.kind)", expected: "none")
            }
        }
        let tokens = try vocabulary(part.required("vocab"))
        func text(_ name: StaticString) throws(FormatError) -> [UInt8] {
            Array(try part.optional(name)?.text.utf8 ?? "".utf8)
        }
        let prefix = try text("continuing_subword_prefix")
        var unknown: Int32?
        if let part = part.optional("unk_token") { unknown = try token(part, of: tokens) }
        return BytePairModel(
            tokens: tokens, merges: try merges(part.required("merges"), tokens, prefix), unknown: unknown,
            fusesUnknown: try part.flag("fuse_unk", default: false), prefix: prefix,
            suffix: try text("end_of_word_suffix"),
            fallsBackToBytes: try part.flag("byte_fallback", default: false),
            keepsTokens: try part.flag("ignore_merges", default: false), isByteLevel: isByteLevel)
    }

    private static func wordPieces(_ part: TokenizerPart) throws(FormatError) -> WordPieceModel {
        try part.checkMembers([
            "type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab",
        ])
        let tokens = try vocabulary(part.required("vocab"))
        return WordPieceModel(
            tokens: tokens, unknown: try token(part.required("unk_token"), of: tokens),
            prefix: Array(try part.required("continuing_subword_prefix").text.utf8),
            // Longer words would take the square of their length.
            lengthLimit: min(try part.required("max_input_chars_per_word").count, 10_000))
    }

    private static func token(_ part: TokenizerPart, of tokens: TokenList) throws(FormatError) -> Int32 {
        let text = try part.text
        guard let number = tokens.number(of: Array(text.utf8)) else {
            throw part.malformed(
                "\(part.place) is \(text.quoted), which is no token of the vocabulary",
                remedy: "Save the tokenizer again.")
        }
        return number
    }

    /// Tokens with their numbers.
    private static func vocabulary(_ part: TokenizerPart) throws(FormatError) -> TokenList {
        guard case .object(let members) = part.value else { throw part.mismatch("an object") }
        // A number far beyond the count of tokens would take much memory.
        let limit = 2 * members.count + 1000
        var tokens = TokenList()
        for (name, value) in members {
            guard case .number(let text) = value, let number = Int(text), (0..<limit).contains(number) else {
                throw part.malformed(
                    "the number of the token \(name.quoted) is not as expected",
                    expected: "a whole number of 0 or more and less than \(limit)", received: value.kind,
                    remedy: "Save the tokenizer again.")
            }
            guard tokens.insert(Array(name.utf8), number: number) else {
                throw part.malformed(
                    "the token \(name.quoted) or its number \(number) comes twice", remedy: "Save the tokenizer again.")
            }
        }
        return tokens
    }

    /// Pairs as `["a", "b"]`, or as `"a b"` in older files.
    private static func merges(
        _ part: TokenizerPart, _ tokens: TokenList, _ prefix: [UInt8]
    ) throws(FormatError) -> [(left: Int32, right: Int32, token: Int32)] {
        guard case .list(let elements) = part.value else { throw part.mismatch("a list") }
        var merges: [(left: Int32, right: Int32, token: Int32)] = []
        merges.reserveCapacity(elements.count)
        for element in elements {
            let pair: [ArraySlice<UInt8>]
            switch element {
            case .text(let text):
                if text.hasPrefix("#version") { continue }
                pair = Array(text.utf8).split(separator: 0x20, omittingEmptySubsequences: false)
            case .list(let parts):
                pair = parts.compactMap { if case .text(let text) = $0 { Array(text.utf8)[...] } else { nil } }
            default: pair = []
            }
            guard pair.count == 2, pair[1].count >= prefix.count else {
                throw part.malformed(
                    "a merge is not as expected", expected: "two tokens", received: element.kind,
                    remedy: "Save the tokenizer again.")
            }
            let texts = [Array(pair[0]), Array(pair[1]), Array(pair[0] + pair[1].dropFirst(prefix.count))]
            let numbers = texts.compactMap { tokens.number(of: $0) }
            guard numbers.count == 3 else {
                let missing = texts.first { tokens.number(of: $0) == nil } ?? []
                throw part.malformed(
                    "a merge has the token \(String(decoding: missing, as: UTF8.self).quoted), which the vocabulary has not",
                    remedy: "Save the tokenizer again.")
            }
            merges.append((numbers[0], numbers[1], numbers[2]))
        }
        return merges
    }
}

extension AddedToken {
    /// Reads the added tokens: one that the model has keeps the model's number, others are numbered in order.
    static func read(_ part: TokenizerPart, beside tokens: TokenList) throws(FormatError) -> [AddedToken] {
        var added: [AddedToken] = []
        var numbers = ByteTable()
        var next = tokens.count
        for part in try part.elements {
            try part.checkMembers(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
            let content = try part.required("content").text
            let given = try part.required("id").count
            guard !content.isEmpty, content.utf8.count <= AddedTokens.lengthLimit else {
                throw part.malformed(
                    "\(part.place) has a text of \(content.utf8.count) bytes",
                    expected: "1 to \(AddedTokens.lengthLimit)", remedy: "Remove the token.")
            }
            guard numbers.insert(content.utf8).isNew else {
                throw part.malformed(
                    "\(part.place) is \(content.quoted), which comes twice", remedy: "Remove one of the two.")
            }
            let own = tokens.number(of: Array(content.utf8)).map(Int.init)
            let number = own ?? next
            if own == nil { next += 1 }
            // Another number would mean other tokens than the file was saved with.
            guard number == given, own != nil || tokens.text(of: number) == nil else {
                throw part.malformed(
                    "\(part.place) is \(content.quoted) with the number \(given)", expected: "the number \(number)",
                    remedy: "Save the tokenizer again.")
            }
            added.append(
                AddedToken(
                    content: content, number: number, isWord: try part.required("single_word").flag,
                    stripsLeft: try part.required("lstrip").flag, stripsRight: try part.required("rstrip").flag,
                    isNormalized: try part.required("normalized").flag, isSpecial: try part.required("special").flag))
        }
        return added
    }
}
