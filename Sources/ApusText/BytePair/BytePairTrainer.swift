/// Learns the merges of byte pairs: the most frequent pair of neighbours in the words of texts becomes a token, again and again.
///
/// Of equally frequent pairs the one with the smaller numbers is first. Counts of pairs are kept up to date by what a merge changes, and the
/// queue of pairs is corrected when one comes up: O(changes · log pairs) a merge. It does what the trainer of `tokenizers` does, to the
/// order of merges.
///
/// Source: Sennrich, Haddow and Birch, *Neural Machine Translation of Rare Words with Subword Units*, 2016.
struct BytePairTrainer {
    /// The tokens so far: special ones, the bytes, the merged.
    private(set) var tokens: [[UInt8]]
    private(set) var merges: [(left: Int32, right: Int32, token: Int32)] = []
    private var numbers = ByteTable()
    private var words: [TrainingWord] = []
    private var counts: [UInt64: Int] = [:]
    private var queue = PairQueue()

    /// - Parameters:
    ///   - words: Different words of bytes, each with how often it occurs.
    ///   - special: Tokens that come first.
    init(_ words: [(bytes: ArraySlice<UInt8>, count: Int)], special: [String]) {
        // Bytes in the order of the characters that stand for them.
        let bytes = (0..<256).sorted { ByteAlphabet.scalars[$0] < ByteAlphabet.scalars[$1] }
        tokens = special.map { Array($0.utf8) } + bytes.map { ByteAlphabet.written(CollectionOfOne(UInt8($0))) }
        for token in tokens { numbers.insert(token) }
        var symbols = [Int32](repeating: 0, count: 256)
        for (place, byte) in bytes.enumerated() { symbols[byte] = Int32(special.count + place) }
        self.words = words.map { word in TrainingWord(word.bytes.map { symbols[Int($0)] }, count: word.count) }
        countPairs()
    }

    private mutating func countPairs() {
        var places: [UInt64: [Int32]] = [:]
        for (place, word) in words.enumerated() {
            for (left, right) in zip(word.symbols, word.symbols.dropFirst()) {
                let pair = PairQueue.pair(left, right)
                counts[pair, default: 0] += word.count
                if places[pair]?.last != Int32(place) { places[pair, default: []].append(Int32(place)) }
            }
        }
        for (pair, places) in places { queue.push(pair, count: counts[pair] ?? 0, places) }
    }

    /// Merges pairs until there are so many tokens, or no pair is as frequent as `minimumCount`.
    mutating func merge(to vocabularySize: Int, minimumCount: Int) {
        while tokens.count < vocabularySize, let top = queue.pop() {
            let count = counts[top.pair] ?? 0
            guard top.count == count else {
                queue.push(top.pair, count: count, top.places)
                continue
            }
            guard count >= max(1, minimumCount) else { break }
            merge(top.pair, in: top.places)
        }
    }

    private mutating func merge(_ pair: UInt64, in places: [Int32]) {
        let (left, right) = PairQueue.symbols(pair)
        let text = tokens[Int(left)] + tokens[Int(right)]
        let (index, isNew) = numbers.insert(text)
        if isNew { tokens.append(text) }
        let token = Int32(index)
        merges.append((left, right, token))
        var grown: [UInt64: [Int32]] = [:]
        for place in places {
            let weight = words[Int(place)].count
            words[Int(place)].merge(left, right, to: token) { pair, change in
                counts[pair, default: 0] += change * weight
                if change > 0, grown[pair]?.last != place { grown[pair, default: []].append(place) }
            }
        }
        for (pair, places) in grown {
            if let count = counts[pair], count > 0 { queue.push(pair, count: count, places) }
        }
    }
}

/// A word of the texts, as the tokens that it is made of so far.
private struct TrainingWord {
    var symbols: [Int32]
    var count: Int

    init(_ symbols: [Int32], count: Int) {
        self.symbols = symbols
        self.count = count
    }

    /// Merges a pair wherever it stands, from the left; says which pairs that brings and takes.
    mutating func merge(_ left: Int32, _ right: Int32, to token: Int32, _ change: (UInt64, Int) -> Void) {
        var (read, written) = (0, 0)
        while read < symbols.count {
            guard symbols[read] == left, read + 1 < symbols.count, symbols[read + 1] == right else {
                symbols[written] = symbols[read]
                (read, written) = (read + 1, written + 1)
                continue
            }
            if written > 0 {
                change(PairQueue.pair(symbols[written - 1], left), -1)
                change(PairQueue.pair(symbols[written - 1], token), 1)
            }
            symbols[written] = token
            (read, written) = (read + 2, written + 1)
            if read < symbols.count {
                change(PairQueue.pair(right, symbols[read]), -1)
                change(PairQueue.pair(token, symbols[read]), 1)
            }
        }
        symbols.removeSubrange(written...)
    }
}
