import Foundation
package import ApusTensor

/// Random numbers of several distributions, a pure function of a key.
package struct RandomDraws {
    private var words: RandomKey.Generator
    private var rest: UInt32?

    package init(_ key: RandomKey) {
        words = RandomKey.Generator(key: key)
    }

    /// Uniform in [0, 1).
    package mutating func unit() -> Double { Double(words.next() >> 11) * 0x1p-53 }

    /// Uniform in [−limit, limit).
    package mutating func within(_ limit: Double) -> Double { (2 * unit() - 1) * limit }

    /// A whole number in 0..<bound; for the bounds of images and data sets the bias is below 2⁻³².
    package mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: words.next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// 64 random bits, such as the key of other draws.
    mutating func key() -> UInt64 { words.next() }

    /// 32 random bits.
    mutating func word() -> UInt32 {
        if let half = rest {
            rest = nil
            return half
        }
        let word = words.next()
        rest = UInt32(truncatingIfNeeded: word >> 32)
        return UInt32(truncatingIfNeeded: word)
    }

    /// N(0, 1).
    package mutating func normal() -> Double { Ziggurat.standard.next(&self) }

    /// A number of Beta(α, α), from two of Gamma(α).
    package mutating func beta(_ alpha: Double) -> Double {
        // The quotient a / (a + b) by logarithms, which are finite for the smallest α.
        let alpha = max(alpha, 1e-300)
        let (a, b) = (logGamma(alpha), logGamma(alpha))
        return 1 / (1 + exp(b - a))
    }

    /// The logarithm of a number of Gamma(α), by Marsaglia and Tsang's method (2000).
    private mutating func logGamma(_ alpha: Double) -> Double {
        guard alpha >= 1 else { return logGamma(alpha + 1) + log(1 - unit()) / alpha }
        let d = alpha - 1 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            let v = root * root * root
            if root > 0, log(1 - unit()) < x * x / 2 + d - d * v + d * log(v) { return log(d * v) }
        }
    }
}
