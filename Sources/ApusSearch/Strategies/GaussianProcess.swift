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
    /// L⁻¹ row by row, where the covariances of the points are L Lᵀ.
    private let whitening: [Double]
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
        let covariance = Covariances(points, values.map { $0 - mean }, [(lengths, noise)])
        guard !points.isEmpty, let likelihood = covariance.likelihoods(variance: variance).flatMap({ $0[0] }),
            let (whitening, solution) = covariance.solution
        else { return nil }
        self.points = points
        self.mean = mean
        inverseLengths = lengths.map { 1 / $0 }
        (self.whitening, self.solution) = (whitening, solution)
        (logLikelihood, self.variance) = likelihood
    }

    /// Mean and variance, without noise, of the value at a point.
    package func prediction(at point: [Double]) -> (mean: Double, variance: Double) {
        let correlations = points.map { Covariances.correlation($0, point, inverseLengths) }
        let mean = zip(correlations, solution).reduce(self.mean) { $0 + $1.0 * $1.1 }
        let count = points.count
        var explained = 0.0
        whitening.withUnsafeBufferPointer { rows in
            correlations.withUnsafeBufferPointer { correlations in
                for i in 0..<count {
                    var sum = 0.0
                    for j in 0...i { sum += rows[i * count + j] * correlations[j] }
                    explained += sum * sum
                }
            }
        }
        return (mean, variance * max(1 - explained, 0))
    }
}

/// The covariances of points, as fractions of σ², under several settings of lengths and noise at once, and their factors L Lᵀ.
private struct Covariances {
    private let count: Int
    /// [settings, n, n].
    private let lower: Tensor
    /// L⁻¹ y: [settings, n, 1].
    private let white: Tensor

    init(_ points: [[Double]], _ centered: [Double], _ settings: [(lengths: [Double], noise: Double)]) {
        count = points.count
        var numbers: [Double] = []
        for (lengths, noise) in settings {
            let inverseLengths = lengths.map { 1 / $0 }
            var matrix = [Double](repeating: 0, count: count * count)
            for i in 0..<count {
                for j in 0..<i {
                    let correlation = Self.correlation(points[i], points[j], inverseLengths)
                    (matrix[i * count + j], matrix[j * count + i]) = (correlation, correlation)
                }
                matrix[i * count + i] = 1 + noise
            }
            numbers += matrix
        }
        lower = Tensor(numbers, shape: [settings.count, count, count], type: .float64).cholesky()
        white = lower.solveTriangular(Tensor(centered, shape: [count, 1], type: .float64))
    }

    /// The logarithm of the probability of the values under each setting, and its σ²; `nil` where there is no factor.
    func likelihoods(variance given: Double?) -> [(logLikelihood: Double, variance: Double)?]? {
        let logDeterminants = log(lower.diagonal()).sum(axes: [1]) * 2
        let fits = square(white).sum(axes: [1, 2])
        guard (try? evaluate(logDeterminants, fits, lower, white)) != nil else { return nil }
        return zip(logDeterminants.scalars(as: Double.self), fits.scalars(as: Double.self)).map { logDeterminant, fit in
            // What has no factor is not a number.
            guard logDeterminant.isFinite, fit.isFinite else { return nil }
            let variance = given ?? max(fit / Double(count), 1e-12)
            let sum = fit / variance + logDeterminant + Double(count) * log(2 * .pi * variance)
            return (-0.5 * sum, variance)
        }
    }

    /// L⁻¹ and the covariances' inverse times y, of the only setting.
    var solution: (whitening: [Double], weights: [Double])? {
        let inverse = lower.solveTriangular(Tensor.identity(count, type: .float64))
        let weights = lower.transposed([0, 2, 1]).solveTriangular(white, isUpper: true)
        guard (try? evaluate(inverse, weights)) != nil else { return nil }
        return (inverse.scalars(as: Double.self), weights.scalars(as: Double.self))
    }

    static func correlation(_ a: [Double], _ b: [Double], _ inverseLengths: [Double]) -> Double {
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

        var best: (lengths: [Double], noise: Double, score: Double)?
        /// Takes the first setting that is better than the best one, or the best of all that are.
        func consider(_ settings: [(lengths: [Double], noise: Double)], takesFirst: Bool) {
            let covariances = Covariances(points, values.map { $0 - mean }, settings)
            guard let likelihoods = covariances.likelihoods(variance: nil) else { return }
            for ((lengths, noise), likelihood) in zip(settings, likelihoods) {
                guard let likelihood else { continue }
                let prior = lengths.reduce(0) { $0 - pow(log($1 / 0.5), 2) / (2 * 1.5 * 1.5) }
                let score = likelihood.logLikelihood + prior - pow(log(noise / 1e-4), 2) / (2 * 4 * 4)
                guard score > best?.score ?? -.infinity else { continue }
                best = (lengths, noise, score)
                if takesFirst { return }
            }
        }

        let grid = [0.1, 0.25, 0.5, 1, 2].flatMap { length in
            [1e-6, 1e-4, 1e-2, 1e-1].map { (lengths: [Double](repeating: length, count: dimensions), noise: $0) }
        }
        consider(grid, takesFirst: false)
        for scale in [2.5, 1.5] {
            for coordinate in 0..<dimensions {
                guard let (lengths, noise, _) = best else { return nil }
                let changes = [scale, 1 / scale].map { factor in
                    var changed = lengths
                    changed[coordinate] = min(max(changed[coordinate] * factor, 0.02), 20)
                    return (lengths: changed, noise: noise)
                }
                consider(changes, takesFirst: true)
            }
        }
        guard let (lengths, noise, _) = best else { return nil }
        return GaussianProcess(points, values, lengths: lengths, variance: nil, noise: noise, mean: mean)
    }
}
