extension SubwordTokenizer {
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

    static func normalize(
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
}
