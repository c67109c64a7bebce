import Foundation

/// Student's t distribution.
package struct StudentT {
    private let degreesOfFreedom: Double

    package init(degreesOfFreedom: Int) { self.degreesOfFreedom = Double(degreesOfFreedom) }

    /// The probability of values up to t: 1 − I(ν / (ν + t²); ν/2, 1/2) / 2 for t ≥ 0.
    func probability(upTo t: Double) -> Double {
        let tail = Self.incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5) / 2
        return t < 0 ? tail : 1 - tail
    }

    /// The value that a fraction of the distribution does not exceed, by bisection.
    package func quantile(_ share: Double) -> Double {
        if share < 0.5 { return -quantile(1 - share) }
        var (low, high) = (0.0, 1.0)
        while probability(upTo: high) < share, high < 1e12 { high *= 2 }
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if probability(upTo: middle) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The regularized incomplete beta function by its continued fraction (Lentz's method).
    private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges quickly on this side only.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
        let powers = a * log(x) + b * log(1 - x)
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + powers) / a
        func nonZero(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
        var c = 1.0
        var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
        var fraction = d
        for m in 1...300 {
            let m = Double(m)
            let even: Double = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / nonZero(1 + even * d)
            c = nonZero(1 + even / c)
            fraction *= d * c
            let odd: Double = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / nonZero(1 + odd * d)
            c = nonZero(1 + odd / c)
            fraction *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return front * fraction
    }

    /// log Γ of a multiple of one half: Γ(x) = (x − 1) Γ(x − 1), Γ(1) = 1, Γ(1/2) = √π.
    private static func logGamma(_ multiple: Double) -> Double {
        var (x, sum) = (multiple, 0.0)
        while x > 1 {
            x -= 1
            sum += log(x)
        }
        return x < 0.75 ? sum + log(Double.pi) / 2 : sum
    }
}
