import ApusGraph
import Foundation

/// How the next token is chosen among those that are probable: p = softmax(logits / temperature), cut to the most probable tokens.
///
/// With `topK` only the k most probable ones are left, with `topP` of these the fewest whose probabilities add up to p or more. Fan,
/// Lewis and Dauphin (2018); Holtzman et al. (2020), “nucleus sampling”.
///
/// ```swift
/// let careful = Sampling(temperature: 0.7, topP: 0.9)
/// let best = Sampling(temperature: 0)   // always the most probable token
/// ```
public struct Sampling: Sendable, Hashable {
    /// What logits are divided by: below 1 probable tokens become more so; 0 takes the most probable one.
    public var temperature: Double
    /// How many of the most probable tokens are left; all if `nil`.
    public var topK: Int?
    /// The probability that the tokens that are left have together; all are left if `nil`.
    public var topP: Double?

    /// Creates a value; arguments set the properties of their names.
    public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }

    /// What is wrong with the numbers; `nil` if they can be used.
    public var problem: String? {
        guard temperature >= 0, temperature.isFinite else {
            return "the temperature must be a number of at least 0, received \(temperature)"
        }
        if let topK, topK < 1 { return "topK must be at least 1, received \(topK)" }
        if let topP, !(topP > 0 && topP <= 1) {
            return "topP is a probability above 0 and at most 1, received \(topP)"
        }
        return nil
    }
}

/// Chooses tokens; it keeps its memory from one to the next.
struct TokenChooser {
    private let sampling: Sampling
    /// What is never chosen: padding, for instance.
    private let excluded: Set<Int>
    private let key: SIMD2<UInt32>
    private var count: UInt64 = 0
    private var weights: [Double]
    private var order: [Int] = []

    init(_ sampling: Sampling, seed: UInt64, vocabulary: Int, excluding excluded: Set<Int>) {
        self.sampling = sampling
        self.excluded = excluded
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        weights = Array(repeating: 0, count: vocabulary)
    }

    /// A token by its logits; `nil` if none of them is a number.
    mutating func next(_ logits: UnsafeBufferPointer<Float>) -> Int? {
        var (best, greatest) = (-1, -Float.infinity)
        for token in weights.indices where logits[token] > greatest && !excluded.contains(token) {
            (best, greatest) = (token, logits[token])
        }
        guard best >= 0, greatest.isFinite else { return nil }
        // Each token has its number, chosen or not by chance.
        let chance = nextChance()
        guard sampling.temperature > 0 else { return best }
        var sum = 0.0
        for token in weights.indices {
            let weight = exp(Double(logits[token] - greatest) / sampling.temperature)
            weights[token] = weight.isNaN || excluded.contains(token) ? 0 : weight
            sum += weights[token]
        }
        guard sampling.topK != nil || sampling.topP != nil else {
            return choice(weights.indices, chance * sum) ?? best
        }
        return choice(most(&sum), chance * sum) ?? best
    }

    /// The most probable tokens, and the sum of their weights.
    private mutating func most(_ sum: inout Double) -> ArraySlice<Int> {
        if order.isEmpty { order = Array(weights.indices) }
        order.sort { (weights[$1], $0) < (weights[$0], $1) }
        var kept = order.prefix(sampling.topK ?? order.count)
        sum = kept.reduce(0) { $0 + weights[$1] }
        guard let topP = sampling.topP else { return kept }
        let wanted = topP * sum
        var part = 0.0
        let end = kept.firstIndex {
            part += weights[$0]
            return part >= wanted
        }
        kept = kept[...(end ?? kept.endIndex - 1)]
        sum = kept.reduce(0) { $0 + weights[$1] }
        return kept
    }

    /// The token in whose part of the sum a place lies.
    private func choice(_ tokens: some Sequence<Int>, _ place: Double) -> Int? {
        var rest = place
        var last: Int?
        for token in tokens where weights[token] > 0 {
            rest -= weights[token]
            if rest < 0 { return token }
            last = token
        }
        return last
    }

    /// A number in 0..<1.
    private mutating func nextChance() -> Double {
        count += 1
        let words = Philox.block(
            counter: Philox.Words(
                UInt32(truncatingIfNeeded: count), UInt32(truncatingIfNeeded: count >> 32), 0x746f6b, 0),
            key: key)
        return Double((UInt64(words[0]) << 32 | UInt64(words[1])) >> 11) * 0x1p-53
    }
}
