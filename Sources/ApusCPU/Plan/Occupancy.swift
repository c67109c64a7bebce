/// Which bytes of an arena are taken at which steps: a tree over the steps, so that a place is found without a look at all others.
struct Occupancy {
    /// Taken bytes as ranges that neither overlap nor touch, in order.
    private struct Ranges {
        var starts: [Int] = []
        var ends: [Int] = []

        /// The number of ranges that end at or before an offset.
        private func count(endingUpTo offset: Int) -> Int {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] <= offset { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// The first offset from `offset` on at which so many bytes are free.
        func firstGap(of byteCount: Int, from offset: Int) -> Int {
            var offset = offset
            var index = count(endingUpTo: offset)
            while index < starts.count, starts[index] < offset + byteCount {
                offset = ends[index]
                index += 1
            }
            return offset
        }

        mutating func insert(_ start: Int, _ end: Int) {
            // Ranges that the new one overlaps or touches become part of it.
            let first = count(endingUpTo: start - 1)
            var last = first
            while last < starts.count, starts[last] <= end { last += 1 }
            let joined = first < last ? (min(start, starts[first]), max(end, ends[last - 1])) : (start, end)
            starts.replaceSubrange(first..<last, with: CollectionOfOne(joined.0))
            ends.replaceSubrange(first..<last, with: CollectionOfOne(joined.1))
        }
    }

    private let leafCount: Int
    /// What is taken during all steps of a node of the tree, and at some step of it.
    private var throughout: [Ranges]
    private var sometimes: [Ranges]

    init(stepCount: Int) {
        var count = 1
        while count < stepCount { count *= 2 }
        leafCount = count
        throughout = Array(repeating: Ranges(), count: 2 * count)
        sometimes = throughout
    }

    /// The nodes whose steps together are a range of steps.
    private func cover(_ first: Int, _ last: Int) -> [Int] {
        var nodes: [Int] = []
        var (low, high) = (first + leafCount, last + leafCount + 1)
        while low < high {
            if low & 1 == 1 {
                nodes.append(low)
                low += 1
            }
            if high & 1 == 1 {
                high -= 1
                nodes.append(high)
            }
            (low, high) = (low / 2, high / 2)
        }
        return nodes
    }

    /// Takes the lowest place that is free from one step to another.
    mutating func place(_ byteCount: Int, from first: Int, through last: Int) -> Int {
        let nodes = cover(first, last)
        let above = Set(nodes.flatMap { node in sequence(first: node) { $0 > 1 ? $0 / 2 : nil } })
        var (offset, before) = (0, -1)
        while offset != before {
            before = offset
            for node in nodes { offset = sometimes[node].firstGap(of: byteCount, from: offset) }
            for node in above { offset = throughout[node].firstGap(of: byteCount, from: offset) }
        }
        for node in nodes { throughout[node].insert(offset, offset + byteCount) }
        for node in above { sometimes[node].insert(offset, offset + byteCount) }
        return offset
    }
}
