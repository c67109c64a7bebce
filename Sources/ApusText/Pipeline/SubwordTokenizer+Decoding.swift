extension SubwordTokenizer {
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
