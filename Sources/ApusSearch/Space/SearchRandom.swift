import ApusGraph
import Foundation

/// Random numbers that follow from a seed, a trial and a stream alone (SplitMix64; Steele, Lea and Flood, 2014).
struct SearchRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, trial: Int, stream: String) {
        let (trial, name) = (UInt64(bitPattern: Int64(trial)), FNV1a.hash(stream))
        state = Self.mixed(Self.mixed(seed) ^ Self.mixed(trial &+ 1) &* 3 ^ Self.mixed(name))
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next() -> UInt64 {
        defer { state = state &+ 0x9E37_79B9_7F4A_7C15 }
        return Self.mixed(state)
    }

    /// Even in [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func index(below count: Int) -> Int { min(Int(uniform() * Double(count)), count - 1) }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }
}
