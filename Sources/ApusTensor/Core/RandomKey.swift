import ApusGraph

/// A source of random keys: each names one draw of random numbers.
///
/// Numbers are a pure function of a key, so what is drawn does not depend on what else is drawn, in what order, or on how many
/// threads. Keys come from a seed by the counter-based generator Philox.
public struct RandomKey: Hashable, Sendable {
    private let seed: UInt64
    private var counter: UInt64 = 0

    /// A source whose keys all follow from the seed.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// The next key, independent of all others: one after the other the children 1, 2, ….
    ///
    /// A source that gives both needs other numbers for its children, or names.
    public mutating func next() -> RandomKey {
        counter += 1
        return child(counter)
    }

    /// An independent key with a number of its own.
    public func child(_ number: UInt64) -> RandomKey {
        let words = Philox.block(
            counter: Philox.Words(
                UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32), 0x4150_5553, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        return RandomKey(seed: UInt64(words[0]) | UInt64(words[1]) << 32)
    }

    /// An independent key with a name of its own, for instance of a variable.
    public func child(_ name: String) -> RandomKey { child(RandomKey.stream(name)) }

    /// The number that stands for a name, the same on every machine.
    package static func stream(_ name: String) -> UInt64 { FNV1a.hash(name) }

    /// The key as the random primitive takes it: int64 [2], seed and step.
    package var tensor: Tensor { Tensor([Int(bitPattern: UInt(seed)), 0]) }

    /// A random permutation of `0..<count`, by Fisher–Yates.
    public func permutation(_ count: Int) -> [Int] {
        var generator = Generator(key: self)
        var result = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            result.swapAt(index, Int(generator.next(below: UInt64(index + 1))))
        }
        return result
    }

    /// A stream of random words for use outside tensors.
    public struct Generator: RandomNumberGenerator, Sendable {
        private let key: SIMD2<UInt32>
        private var block: UInt64 = 0
        private var words = Philox.Words()
        private var used = 4

        /// The key's own stream, from its start.
        public init(key: RandomKey) {
            self.key = SIMD2(UInt32(truncatingIfNeeded: key.seed), UInt32(truncatingIfNeeded: key.seed >> 32))
        }

        public mutating func next() -> UInt64 {
            if used >= 4 {
                words = Philox.block(
                    counter: Philox.Words(
                        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), 0, 1),
                    key: key)
                block += 1
                used = 0
            }
            defer { used += 2 }
            return UInt64(words[used]) | UInt64(words[used + 1]) << 32
        }

        /// A number in `0..<bound`, without bias.
        mutating func next(below bound: UInt64) -> UInt64 {
            // The standard library's own method, spelled out, so that shuffles stay the same whatever it does.
            var product = next().multipliedFullWidth(by: bound)
            if product.low < bound {
                let threshold = (0 &- bound) % bound
                while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
            }
            return product.high
        }
    }
}
