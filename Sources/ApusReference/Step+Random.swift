import ApusBackend
import ApusGraph
import Foundation

extension Step {
    /// Random numbers as a function of key, stream and element index; the mapping is that of the random kernel, word
    /// for word.
    func random(_ distribution: RandomDistribution, _ stream: UInt64) -> [Double] {
        let key = operands[0].values.map { UInt64(bitPattern: $0.integer) }
        let source = RandomWords(seed: key[0], step: key[1], stream: stream)
        let isWide: Bool
        switch elementType {
        case .float64, .int64: isWide = true
        case .float32, .bfloat16, .int32, .uint8, .bool: isWide = false
        }
        return (0..<UInt64(shape.count)).map { index in
            switch distribution {
            case .bernoulli(let probability):
                let limit = (probability * 0x1p32).rounded(.toNearestOrEven)
                return Double(source.narrow(index)) < limit ? 1 : 0
            case .uniform(let low, let high):
                guard elementType.isInteger else { return uniform(low, high, source, index, isWide) }
                return uniform(low.integer, high.integer, source, index, isWide)
            case .normal(let mean, let deviation):
                return mean + deviation * (isWide ? source.wideNormal(index) : source.narrowNormal(index))
            case .truncatedNormal(let mean, let deviation):
                let x =
                    isWide
                    ? (Double(Int64(bitPattern: source.wide(index))) + 0.5) * 0x1p-63
                    : (Double(Int32(bitPattern: source.narrow(index))) + 0.5) * 0x1p-31
                return mean + deviation * 2.0.squareRoot() * inverseErf(x * erf(2.0.squareRoot()))
            }
        }
    }

    /// Integers in low..<high.
    private func uniform(_ low: Int64, _ high: Int64, _ source: RandomWords, _ index: UInt64, _ isWide: Bool) -> Double
    {
        let range = UInt64(bitPattern: high &- low)
        let offset =
            isWide
            ? source.wide(index).multipliedFullWidth(by: range).high
            : (UInt64(source.narrow(index)) &* range) >> 32
        return elementType.wrapped(low &+ Int64(bitPattern: offset))
    }

    /// Numbers in low..<high, computed in the precision of the type.
    private func uniform(_ low: Double, _ high: Double, _ source: RandomWords, _ index: UInt64, _ isWide: Bool)
        -> Double
    {
        if isWide {
            let u = Double(source.wide(index) >> 11) * 0x1p-53
            return min(low + u * (high - low), high.nextDown)
        }
        let (low, high) = (Float(low), Float(high))
        let u = Float(source.narrow(index) >> 8) * 0x1p-24
        let value = low + u * (high - low)
        return elementType == .bfloat16
            ? min(Double(BFloat16(value).float), Double(BFloat16.greatest(below: high).float))
            : Double(min(value, high.nextDown))
    }

    /// The number y with erf(y) = x, for |x| < 0.96, by Newton's method from Winitzki's approximation.
    private func inverseErf(_ x: Double) -> Double {
        let a = 0.147
        let logarithm = log1p(-x * x)
        let half = 2 / (Double.pi * a) + logarithm / 2
        var y = ((half * half - logarithm / a).squareRoot() - half).squareRoot()
        if x < 0 { y = -y }
        for _ in 0..<4 { y -= (erf(y) - x) * Double.pi.squareRoot() / 2 * exp(y * y) }
        return y
    }
}

/// The random words of one key and stream.
private struct RandomWords {
    var seed: UInt64
    var step: UInt64
    var stream: UInt64

    private func low(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word) }
    private func high(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

    /// The four words of a group.
    func group(_ index: UInt64) -> Philox.Words {
        Philox.block(
            counter: [low(index), high(index) ^ high(stream), low(stream), low(step) ^ high(step)],
            key: [low(seed), high(seed)])
    }

    /// The 32-bit word of an element.
    func narrow(_ element: UInt64) -> UInt32 {
        group(element / 4)[Int(element % 4)]
    }

    /// The 64-bit word of an element.
    func wide(_ element: UInt64) -> UInt64 {
        let words = group(element / 2)
        let first = Int(element % 2) * 2
        return UInt64(words[first]) | UInt64(words[first + 1]) << 32
    }

    /// Box and Muller: a pair of elements from a pair of 32-bit words.
    func narrowNormal(_ element: UInt64) -> Double {
        let first = element / 2 * 2
        let (u, v) = (narrow(first), Int32(bitPattern: narrow(first + 1)))
        return normal(element, Double(u) * 0x1p-32 + 0x1p-33, Double(v) * 0x1p-32)
    }

    /// Box and Muller: a pair of elements from a pair of 64-bit words.
    func wideNormal(_ element: UInt64) -> Double {
        let first = element / 2 * 2
        let (u, v) = (wide(first), Int64(bitPattern: wide(first + 1)))
        return normal(element, (Double(u >> 11) + 0.5) * 0x1p-53, Double(v >> 11) * 0x1p-53)
    }

    private func normal(_ element: UInt64, _ u: Double, _ turns: Double) -> Double {
        let radius = (-2 * log(u)).squareRoot()
        let angle = 2 * Double.pi * turns
        return radius * (element % 2 == 0 ? cos(angle) : sin(angle))
    }
}

extension BFloat16 {
    /// The largest value below a limit.
    fileprivate static func greatest(below limit: Float) -> BFloat16 {
        var candidate = BFloat16(limit)
        while candidate.float >= limit { candidate = candidate.nextDown }
        return candidate
    }

    private var nextDown: BFloat16 {
        let sign = bitPattern >> 15
        let magnitude = bitPattern & 0x7fff
        if magnitude == 0 { return BFloat16(bitPattern: 0x8001) }
        return BFloat16(bitPattern: sign == 1 ? bitPattern + 1 : bitPattern - 1)
    }
}
