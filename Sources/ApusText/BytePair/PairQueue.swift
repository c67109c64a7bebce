/// Pairs of tokens with how often they occur and in which words: the most frequent first, of equal ones the smaller numbers. A binary heap.
struct PairQueue {
    struct Entry {
        var pair: UInt64
        var count: Int
        var places: [Int32]

        fileprivate func precedes(_ other: Entry) -> Bool {
            count == other.count ? pair < other.pair : count > other.count
        }
    }

    private var entries: [Entry] = []

    static func pair(_ left: Int32, _ right: Int32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    static func symbols(_ pair: UInt64) -> (Int32, Int32) {
        (Int32(truncatingIfNeeded: pair >> 32), Int32(truncatingIfNeeded: pair))
    }

    mutating func push(_ pair: UInt64, count: Int, _ places: [Int32]) {
        entries.append(Entry(pair: pair, count: count, places: places))
        var child = entries.count - 1
        while child > 0, case let parent = (child - 1) / 2, entries[child].precedes(entries[parent]) {
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Entry? {
        guard !entries.isEmpty else { return nil }
        entries.swapAt(0, entries.count - 1)
        let top = entries.removeLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return top }
            if child + 1 < entries.count, entries[child + 1].precedes(entries[child]) { child += 1 }
            guard entries[child].precedes(entries[parent]) else { return top }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
