/// Tokens by pieces of words: the longest piece that a word begins with, then the longest that the rest continues with; a word that can't
/// be divided so is unknown.
///
/// Source: Devlin et al., *BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding*, 2019, and its code.
final class WordPieceModel: Sendable {
    let tokens: TokenList
    private let unknown: Int32
    /// Before pieces that continue a word.
    private let prefix: [UInt8]
    /// The most characters of a word that is not unknown.
    private let lengthLimit: Int
    /// The most bytes of a token: no longer piece is looked up.
    private let longest: Int

    init(tokens: TokenList, unknown: Int32, prefix: [UInt8], lengthLimit: Int) {
        self.tokens = tokens
        self.unknown = unknown
        self.prefix = prefix
        self.lengthLimit = lengthLimit
        longest = tokens.used.lazy.compactMap { tokens.text(of: $0)?.count }.max() ?? 0
    }

    /// Adds the tokens of a word.
    func append(_ word: TextBytes, to result: inout [Int]) {
        let first = result.count
        let characters = word.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
        guard characters <= lengthLimit else { return result.append(Int(unknown)) }
        var start = 0
        var piece: [UInt8] = []
        while start < word.count {
            let before = start > 0 ? prefix.count : 0
            var end = min(word.count, start + max(0, longest - before))
            // Whole characters.
            while end > start, end < word.count, word[end] & 0xc0 == 0x80 { end -= 1 }
            piece.removeAll(keepingCapacity: true)
            if start > 0 { piece += prefix }
            piece += word[start..<end]
            var found: Int32?
            while end > start, found == nil {
                found = piece.withUnsafeBytes { all in
                    tokens.number(of: UnsafeRawBufferPointer(rebasing: all[..<(before + end - start)]))
                }
                if found == nil { end -= word.scalar(before: end).count }
            }
            guard let found else {
                result.removeSubrange(first...)
                return result.append(Int(unknown))
            }
            result.append(Int(found))
            start = end
        }
    }
}
