/// Reproducible random numbers (SplitMix64): the same on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    public var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A number of 0..<`bound`; 0 if there is none.
    public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }

    /// One of some choices.
    public mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    /// Uniform in −`scale`..<`scale`, in steps of 2⁻²³ · `scale`: exact in float32 for scales that are powers of two.
    public mutating func real(_ scale: Double = 1) -> Double {
        (Double(next() >> 40) / 0x1p23 - 1) * scale
    }

    public mutating func reals(_ count: Int, _ scale: Double = 1) -> [Double] { (0..<count).map { _ in real(scale) } }
}
