import ApusGraph

/// A source of random keys: each names one draw of random numbers.
///
/// Numbers are a pure function of a key, so what is drawn does not depend on what else is drawn, in what order, or on how many
/// threads. Keys come from a seed by the counter-based generator Philox.
///
/// A key that is an argument of a compiled function, and the key of a layer (`Context.key`), has its seed only when the program runs.
/// It gives tensors, and keys that give tensors; permutations and streams of words need a seed.
///
/// ```swift
/// var key = RandomKey(seed: 7)
/// let weights = Tensor.normal([4, 2], key: key.next())
/// let noise = Tensor.uniform([4], key: key.next())
/// let order = key.child("order").permutation(10)   // the same ten numbers in every run
/// ```
public struct RandomKey: Hashable, Sendable {
    private enum Seed: Hashable, Sendable {
        case known(UInt64)
        /// int64 [2], seed and step; the number says which of its streams.
        case traced(Node, stream: UInt64)
    }

    private let seed: Seed
    private var counter: UInt64 = 0

    /// A source whose keys all follow from the seed.
    public init(seed: UInt64) {
        self.seed = .known(seed)
    }

    /// A key whose seed a program receives.
    ///
    /// - Parameter key: int64 [2], seed and step.
    package init(_ key: Tensor, stream: UInt64) {
        seed = .traced(key.node, stream: stream)
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
        switch seed {
        case .known(let seed): RandomKey(seed: RandomKey.mixed(seed, number))
        case .traced(let key, let stream): RandomKey(Tensor(key), stream: RandomKey.mixed(stream, number))
        }
    }

    /// A number that follows from two others and hides them.
    private static func mixed(_ seed: UInt64, _ number: UInt64) -> UInt64 {
        let words = Philox.block(
            counter: Philox.Words(
                UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32), 0x4150_5553, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        return UInt64(words[0]) | UInt64(words[1]) << 32
    }

    /// An independent key with a name of its own, for instance of a variable.
    public func child(_ name: String) -> RandomKey { child(RandomKey.stream(name)) }

    /// The number that stands for a name, the same on every machine.
    package static func stream(_ name: String) -> UInt64 { FNV1a.hash(name) }

    /// The key as the random primitive takes it: int64 [2], seed and step.
    package var tensor: Tensor {
        switch seed {
        case .known(let seed): Tensor([Int(bitPattern: UInt(seed)), 0])
        case .traced(let key, _): Tensor(key)
        }
    }

    /// The stream of the tensor's numbers that the key names.
    package var stream: UInt64 {
        if case .traced(_, let stream) = seed { stream } else { 0 }
    }

    /// The stream of a place in a model for which this is the key.
    package func stream(of place: String) -> UInt64 {
        let stream = stream
        return stream == 0 ? RandomKey.stream(place) : RandomKey.mixed(stream, RandomKey.stream(place))
    }

    /// The seed, where it is known.
    private func knownSeed(_ use: String) -> UInt64 {
        guard case .known(let seed) = seed else {
            stop(
                "\(use) needs the seed of its key, which a function that is being traced does not know; make it outside of the function"
            )
        }
        return seed
    }

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
            let seed = key.knownSeed("a stream of random words")
            self.key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
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

/// A key is one tensor: inside a compiled function it has its own numbers, and its children have others than outside.
extension RandomKey: TensorTree {
    /// The structure of a key: which stream it is, and how many keys it has given.
    public struct Structure: Hashable, Sendable {
        fileprivate let stream: UInt64
        fileprivate let counter: UInt64
    }

    public var structure: Structure { Structure(stream: stream, counter: counter) }
    public var leaves: [Tensor] { [tensor] }

    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        self.init(leaves.removeFirst(), stream: structure.stream)
        counter = structure.counter
    }
}
