/// A step from tokens back to a text.
enum TokenDecoder: Sendable {
    /// The bytes that the characters of tokens stand for.
    case byteLevel
    /// Spaces before tokens that continue no word; with `cleansUp` none before punctuation.
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    /// A text for another one wherever it stands in a token.
    case replace([UInt8], with: [UInt8])
    /// The characters of tokens such as `<0xE2>`.
    case byteFallback
    /// All tokens as one.
    case fuse
    /// A character away from the ends of every token, at most so many times.
    case strip([UInt8], start: Int, stop: Int)

    var isByteLevel: Bool { if case .byteLevel = self { true } else { false } }

    /// The tokens changed.
    func apply(to tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            // Bytes that are no UTF-8 become �.
            return [Array(String(decoding: tokens.flatMap { ByteAlphabet.bytes(of: $0) }, as: UTF8.self).utf8)]
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                var token = token
                if index > 0 {
                    token = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                }
                return cleansUp ? TokenDecoder.cleanedUp(token) : token
            }
        case .replace(let old, let new): return tokens.map { TokenDecoder.replacing(old, in: $0, with: new) }
        case .byteFallback: return TokenDecoder.bytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let content, let start, let stop):
            return tokens.map { TokenDecoder.stripped($0, content, start, stop) }
        }
    }

    /// Artefacts of tokens that BERT's decoding repairs, in this order.
    private static let repairs: [(String, String)] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]

    private static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
        // Every repair begins with a space.
        guard token.contains(0x20) else { return token }
        return repairs.reduce(token) { token, repair in
            replacing(Array(repair.0.utf8), in: token, with: Array(repair.1.utf8))
        }
    }

    private static func replacing(_ old: [UInt8], in text: [UInt8], with new: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var place = 0
        while place < text.count {
            if text[place...].starts(with: old) {
                result += new
                place += old.count
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    /// Tokens with runs of `<0x…>` as the characters of these bytes, or � for each byte where they are none.
    private static func bytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            if !run.isEmpty {
                if String(validating: run, as: UTF8.self) != nil {
                    result.append(run)
                } else {
                    result += Array(repeating: Array("\u{fffd}".utf8), count: run.count)
                }
            }
            run = []
        }
        for token in tokens {
            if let byte = byte(token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func byte(_ token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    private static func stripped(_ token: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int) -> [UInt8] {
        var rest = token[...]
        var count = 0
        while count < start, rest.starts(with: content) {
            rest = rest.dropFirst(content.count)
            count += 1
        }
        count = 0
        while count < stop, rest.suffix(content.count).elementsEqual(content) {
            rest = rest.dropLast(content.count)
            count += 1
        }
        return Array(rest)
    }
}
