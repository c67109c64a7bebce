/// Which two tokens become one: the rank of the merge and the new token, by the pair.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        var rank: Int32
        var token: Int32
    }

    /// No two tokens.
    private static let empty = UInt64.max
    private var keys: [UInt64]
    private var values: [Merge]
    private let shift: UInt64

    /// - Parameter merges: Pairs with the token that they become, in the order of their ranks; of equal ones the last counts.
    init(_ merges: [(left: Int32, right: Int32, token: Int32)]) {
        var bits: UInt64 = 4
        while 1 << bits < 2 * merges.count { bits += 1 }
        keys = Array(repeating: MergeTable.empty, count: 1 << bits)
        values = Array(repeating: Merge(rank: 0, token: 0), count: 1 << bits)
        shift = 64 - bits
        for (rank, merge) in merges.enumerated() {
            let key = MergeTable.key(merge.left, merge.right)
            let slot = slot(of: key)
            keys[slot] = key
            values[slot] = Merge(rank: Int32(rank), token: merge.token)
        }
    }

    /// What two tokens become; `nil` if nothing.
    @inline(__always)
    subscript(left: Int32, right: Int32) -> Merge? {
        let key = MergeTable.key(left, right)
        let slot = slot(of: key)
        return keys[slot] == key ? values[slot] : nil
    }

    /// All pairs in the order of their ranks.
    var pairs: [(left: Int32, right: Int32)] {
        keys.indices.filter { keys[$0] != MergeTable.empty }.sorted { values[$0].rank < values[$1].rank }.map {
            (Int32(truncatingIfNeeded: keys[$0] >> 32), Int32(truncatingIfNeeded: keys[$0]))
        }
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Where a pair is, or would be: multiplicative hashing, then linear probing.
    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        var slot = Int((key &* 0x9e37_79b9_7f4a_7c15) >> shift)
        while keys[slot] != key, keys[slot] != MergeTable.empty { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }
}
