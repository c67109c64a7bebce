import ApusGraph

/// A seeded source of random bits for tests: the same numbers on every machine.
package struct PhiloxGenerator: RandomNumberGenerator, Sendable {
    private var counter: UInt32 = 0
    private let key: SIMD2<UInt32>

    package init(seed: UInt64) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    /// A generator whose numbers depend on a name only.
    package init(name: String) {
        self.init(seed: name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }

    package mutating func next() -> UInt64 {
        counter += 1
        let words = Philox.block(counter: [counter, 0, 0, 0], key: key)
        return UInt64(words[0]) | UInt64(words[1]) << 32
    }
}
