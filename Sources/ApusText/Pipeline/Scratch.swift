import Synchronization

/// What one thread needs while it makes tokens of a text, used again for the next one.
final class Scratch {
    let matcher = PatternMatcher()
    /// Which tokens a word became.
    var cache = WordCache()
    /// The words of the text, before and after a step.
    var words: WordRanges = []
    var nextWords: WordRanges = []
    /// What merging needs.
    var merging = MergeSpace()
    /// What characters become, by the place of the normalizer.
    var characters: [Int: CharacterMap] = [:]
}

/// Scratches that no thread uses now: as many as there were threads at once.
///
/// Sendable because each scratch is used by one thread at a time.
final class ScratchPool: @unchecked Sendable {
    private let free = Mutex<[UnsafeScratch]>([])

    private struct UnsafeScratch: @unchecked Sendable { let scratch: Scratch }

    /// Calls a function with a scratch that nobody else uses.
    func withScratch<Result>(_ body: (Scratch) throws(TextError) -> Result) throws(TextError) -> Result {
        let scratch = free.withLock { $0.popLast() } ?? UnsafeScratch(scratch: Scratch())
        defer { free.withLock { $0.append(scratch) } }
        return try body(scratch.scratch)
    }
}

/// The tokens of words that came before; when it is full it begins anew.
struct WordCache {
    /// Most words, and most bytes of one: longer ones hardly come twice.
    private static let (wordLimit, lengthLimit) = (1 << 16, 64)
    private var words = ByteTable()
    private var ends: [Int] = []
    private var tokens: [Int] = []

    /// Adds a word's tokens, if the word is known.
    @inline(__always)
    func append(_ word: TextBytes, to result: inout [Int]) -> Bool {
        guard word.count <= WordCache.lengthLimit, let index = words.index(of: UnsafeRawBufferPointer(word)) else {
            return false
        }
        let start = index == 0 ? 0 : ends[index - 1]
        for token in start..<ends[index] { result.append(tokens[token]) }
        return true
    }

    /// Remembers a word's tokens.
    mutating func remember(_ word: TextBytes, _ tokens: ArraySlice<Int>) {
        guard word.count <= WordCache.lengthLimit else { return }
        if words.count >= WordCache.wordLimit {
            words.removeAll()
            ends.removeAll(keepingCapacity: true)
            self.tokens.removeAll(keepingCapacity: true)
        }
        guard words.insert(UnsafeRawBufferPointer(word)).isNew else { return }
        self.tokens += tokens
        ends.append(self.tokens.count)
    }
}
