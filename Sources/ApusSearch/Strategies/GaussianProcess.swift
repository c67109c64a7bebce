import ApusTensor
import Foundation

/// A Gaussian process with a Matérn 5/2 kernel, one length per coordinate, and noise (Rasmussen and Williams, 2006):
/// k(x, y) = σ² (1 + √5 d + 5/3 d²) exp(−√5 d), d² = Σ ((xᵢ − yᵢ) / ℓᵢ)².
package struct GaussianProcess {
    private let points: [[Double]]
    private let inverseLengths: [Double]
    /// σ².
    package let variance: Double
    private let mean: Double
    /// The covariances of the points are L Lᵀ: float64 [n, n].
    private let lower: Tensor
    private let solution: [Double]
    /// The logarithm of the probability of the values.
    package let logLikelihood: Double

    /// - Parameters:
    ///   - variance: σ²; the most likely one if absent.
    ///   - noise: The variance of the noise as a fraction of σ².
    ///   - mean: The mean far from all points.
    /// - Returns: `nil` if points are so close that their covariances can't be told apart.
    package init?(
        _ points: [[Double]], _ values: [Double], lengths: [Double], variance: Double?, noise: Double, mean: Double = 0
    ) {
        let count = points.count
        let inverseLengths = lengths.map { 1 / $0 }
        var matrix = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in 0..<i {
                let correlation = Self.correlation(points[i], points[j], inverseLengths)
                (matrix[i * count + j], matrix[j * count + i]) = (correlation, correlation)
            }
            matrix[i * count + i] = 1 + noise
        }
        let centered = values.map { $0 - mean }
        let lower = Tensor(matrix, shape: [count, count], type: .float64).cholesky()
        let white = lower.solveTriangular(Tensor(centered, type: .float64))
        let weights = lower.transposed().solveTriangular(white, isUpper: true)
        // What has no factor is not a number.
        let logDeterminant = log(lower.diagonal()).sum() * 2
        guard count > 0, (try? evaluate(lower, weights, logDeterminant)) != nil,
            logDeterminant.item(as: Double.self).isFinite
        else { return nil }
        solution = weights.scalars(as: Double.self)
        let fit = zip(centered, solution).reduce(0) { $0 + $1.0 * $1.1 }
        let variance = variance ?? max(fit / Double(count), 1e-12)
        logLikelihood =
            -0.5
            * (fit / variance + logDeterminant.item(as: Double.self) + Double(count) * log(2 * .pi * variance))
        self.points = points
        self.inverseLengths = inverseLengths
        self.variance = variance
        self.mean = mean
        self.lower = lower
    }

    /// Mean and variance, without noise, of the value at a point.
    package func prediction(at point: [Double]) -> (mean: Double, variance: Double) {
        let correlations = points.map { Self.correlation($0, point, inverseLengths) }
        let mean = zip(correlations, solution).reduce(self.mean) { $0 + $1.0 * $1.1 }
        let white = lower.solveTriangular(Tensor(correlations, type: .float64))
        let explained = white.scalars(as: Double.self).reduce(0) { $0 + $1 * $1 }
        return (mean, variance * max(1 - explained, 0))
    }

    private static func correlation(_ a: [Double], _ b: [Double], _ inverseLengths: [Double]) -> Double {
        var squares = 0.0
        for index in a.indices {
            let distance = (a[index] - b[index]) * inverseLengths[index]
            squares += distance * distance
        }
        let scaled = (5 * squares).squareRoot()
        return (1 + scaled + 5 / 3 * squares) * exp(-scaled)
    }
}

extension GaussianProcess {
    /// The process whose lengths and noise are the most probable, found from a coarse grid and then one length at a
    /// time.
    ///
    /// Coordinates are meant to lie in [0, 1]. Lengths have a log-normal prior around 0.5 that keeps a coordinate from
    /// mattering too much or too little by chance.
    static func fitted(_ points: [[Double]], _ values: [Double]) -> GaussianProcess? {
        guard let dimensions = points.first?.count, !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)

        var best: (process: GaussianProcess, lengths: [Double], noise: Double, score: Double)?
        func consider(_ lengths: [Double], _ noise: Double) {
            guard
                let process = GaussianProcess(
                    points, values, lengths: lengths, variance: nil, noise: noise, mean: mean)
            else { return }
            let prior = lengths.reduce(0) { $0 - pow(log($1 / 0.5), 2) / (2 * 1.5 * 1.5) }
            let score = process.logLikelihood + prior - pow(log(noise / 1e-4), 2) / (2 * 4 * 4)
            if score > best?.score ?? -.infinity { best = (process, lengths, noise, score) }
        }

        for length in [0.1, 0.25, 0.5, 1, 2] {
            for noise in [1e-6, 1e-4, 1e-2, 1e-1] {
                consider([Double](repeating: length, count: dimensions), noise)
            }
        }
        for scale in [2.5, 1.5] {
            for coordinate in 0..<dimensions {
                for factor in [scale, 1 / scale] {
                    guard let (_, lengths, noise, _) = best else { return nil }
                    var changed = lengths
                    changed[coordinate] = min(max(changed[coordinate] * factor, 0.02), 20)
                    consider(changed, noise)
                }
            }
        }
        return best?.process
    }
}
