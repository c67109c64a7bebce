/// Tokens by byte pairs: a word begins as its characters, and the pair of the lowest rank becomes one token until no pair has a rank.
///
/// Source: Sennrich, Haddow and Birch, *Neural Machine Translation of Rare Words with Subword Units*, 2016.
final class BytePairModel: Sendable {
    let tokens: TokenList
    let merges: MergeTable
    /// The token of each rank.
    private let ranks: [Int32]
    /// What stands for characters without a token; `nil`: nothing does.
    private let unknown: Int32?
    private let fusesUnknown: Bool
    /// Before every character of a word but the first, and behind its last.
    private let (prefix, suffix): ([UInt8], [UInt8])
    /// `<0x00>` to `<0xFF>`, where characters without a token become their bytes.
    private let byteTokens: [Int32?]?
    /// Whether a word that is a token stays one, whatever the merges say.
    private let keepsTokens: Bool
    /// Whether words are bytes, and tokens written in `ByteAlphabet`.
    private let isByteLevel: Bool
    /// The token of each byte, -1 where there is none; `nil` where it is not as simple.
    private let single: [Int32]?

    init(
        tokens: TokenList, merges: [(left: Int32, right: Int32, token: Int32)], unknown: Int32?, fusesUnknown: Bool,
        prefix: [UInt8], suffix: [UInt8], fallsBackToBytes: Bool, keepsTokens: Bool, isByteLevel: Bool
    ) {
        self.tokens = tokens
        self.merges = MergeTable(merges)
        ranks = merges.map(\.token)
        self.unknown = unknown
        self.fusesUnknown = fusesUnknown
        (self.prefix, self.suffix) = (prefix, suffix)
        self.keepsTokens = keepsTokens
        self.isByteLevel = isByteLevel
        byteTokens =
            fallsBackToBytes ? (0..<256).map { tokens.number(of: BytePairModel.byteToken($0).utf8) } : nil
        let isSimple = isByteLevel && prefix.isEmpty && suffix.isEmpty && !fallsBackToBytes && unknown == nil
        single =
            isSimple
            ? (0..<256).map { tokens.number(of: ByteAlphabet.written(CollectionOfOne(UInt8($0)))) ?? -1 } : nil
    }

    private static func byteToken(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }

    /// Adds the tokens of a word.
    func append(_ word: TextBytes, _ space: inout MergeSpace, to result: inout [Int]) {
        let written = isByteLevel && (single == nil || keepsTokens) ? ByteAlphabet.written(word) : nil
        if keepsTokens {
            let token = written.map { tokens.number(of: $0) } ?? tokens.number(of: UnsafeRawBufferPointer(word))
            if let token { return result.append(Int(token)) }
        }
        space.removeAll()
        if let single {
            for byte in word where single[Int(byte)] >= 0 { space.append(single[Int(byte)]) }
        } else if let written {
            written.withUnsafeBufferPointer { appendCharacters($0, &space) }
        } else {
            appendCharacters(word, &space)
        }
        space.merge(by: merges, ranks: ranks)
        space.append(to: &result)
    }

    /// Adds the tokens of single characters.
    private func appendCharacters(_ word: TextBytes, _ space: inout MergeSpace) {
        var place = 0
        /// Whether an unknown character is not yet written: as in `tokenizers`, the bytes of another one come before it.
        var isPending = false
        var character: [UInt8] = []
        while place < word.count {
            let count = word.scalar(at: place).count
            character.removeAll(keepingCapacity: true)
            if place > 0 { character += prefix }
            character += word[place..<place + count]
            place += count
            if place == word.count { character += suffix }
            if let token = tokens.number(of: character) {
                if isPending, let unknown { space.append(unknown) }
                isPending = false
                space.append(token)
            } else if let bytes = bytes(of: character) {
                for byte in bytes { space.append(byte) }
            } else if let unknown {
                if isPending, !fusesUnknown { space.append(unknown) }
                isPending = true
            }
        }
        if isPending, let unknown { space.append(unknown) }
    }

    /// The tokens of a character's bytes, if there is one for each.
    private func bytes(of character: [UInt8]) -> [Int32]? {
        guard let byteTokens else { return nil }
        let bytes = character.compactMap { byteTokens[Int($0)] }
        return bytes.count == character.count ? bytes : nil
    }
}
