/// The symbols of a word while pairs of them are merged: a list that is linked both ways, and a queue of the merges to do.
struct MergeSpace {
    private var tokens: [Int32] = []
    private var previous: [Int32] = []
    private var next: [Int32] = []
    /// Rank and place of a merge, the smallest first: a binary heap.
    private var queue: [UInt64] = []

    /// A merged symbol's place, and the end of the list.
    private static let (merged, none): (Int32, Int32) = (-1, -1)

    var isEmpty: Bool { tokens.isEmpty }

    mutating func removeAll() { tokens.removeAll(keepingCapacity: true) }

    mutating func append(_ token: Int32) { tokens.append(token) }

    /// Merges the pair of the lowest rank, of equal ones the leftmost, until none is left: O(n log n).
    mutating func merge(by table: MergeTable, ranks: [Int32]) {
        let count = tokens.count
        guard count > 1 else { return }
        previous.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        queue.removeAll(keepingCapacity: true)
        for place in 0..<count {
            previous.append(Int32(place) - 1)
            next.append(place + 1 < count ? Int32(place) + 1 : MergeSpace.none)
            if place + 1 < count { push(place, place + 1, table) }
        }
        while let top = pop() {
            let place = Int(top & 0xffff_ffff)
            guard tokens[place] != MergeSpace.merged, next[place] != MergeSpace.none else { continue }
            let right = Int(next[place])
            // The pair may be another one by now: it counts if it becomes the same token.
            guard let merge = table[tokens[place], tokens[right]], merge.token == ranks[Int(top >> 32)] else {
                continue
            }
            tokens[place] = merge.token
            tokens[right] = MergeSpace.merged
            next[place] = next[right]
            if next[place] != MergeSpace.none { previous[Int(next[place])] = Int32(place) }
            if previous[place] >= 0 { push(Int(previous[place]), place, table) }
            if next[place] != MergeSpace.none { push(place, Int(next[place]), table) }
        }
    }

    /// Adds what is left to a list.
    func append(to result: inout [Int]) {
        for token in tokens where token != MergeSpace.merged { result.append(Int(token)) }
    }

    @inline(__always)
    private mutating func push(_ left: Int, _ right: Int, _ table: MergeTable) {
        guard let merge = table[tokens[left], tokens[right]] else { return }
        let key = UInt64(UInt32(bitPattern: merge.rank)) << 32 | UInt64(left)
        queue.append(key)
        var child = queue.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard key < queue[parent] else { break }
            queue[child] = queue[parent]
            child = parent
        }
        queue[child] = key
    }

    @inline(__always)
    private mutating func pop() -> UInt64? {
        guard let last = queue.popLast() else { return nil }
        guard let top = queue.first else { return last }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < queue.count else { break }
            if child + 1 < queue.count, queue[child + 1] < queue[child] { child += 1 }
            guard queue[child] < last else { break }
            queue[parent] = queue[child]
            parent = child
        }
        queue[parent] = last
        return top
    }
}
