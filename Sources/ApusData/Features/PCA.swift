import ApusGraph
public import ApusTensor

/// The directions along which samples vary most: principal components (Pearson, 1901; scikit-learn's `PCA`).
///
/// Codes are (x − mean) · axes; the first has the greatest variance of all directions, each further one the greatest of those that are
/// orthogonal to the ones before. Whitened codes are divided by their standard deviation. Of each direction the first of the greatest
/// components is positive.
///
/// ```swift
/// let samples = Tensor.normal([200, 6], key: RandomKey(seed: 1)) * Tensor([3.0, 1, 1, 1, 1, 0.1])
/// let pca = try PCA(samples, count: 2)
/// let codes = pca(samples)
/// print(codes.shape, pca.shares.shape)    // [200, 2] [2]
/// let rebuilt = pca.samples(of: codes)    // what two numbers a sample keep of it
/// ```
public struct PCA: Sendable {
    /// The mean of the samples: float32 [features].
    public let mean: Tensor
    /// The directions as orthonormal columns, that of the greatest variance first: float32 [features, count].
    public let axes: Tensor
    /// The variances along the directions, Σ code² / (N − 1): float32 [count].
    public let variances: Tensor
    /// The variances as shares of that of the samples, which is the sum over all directions: float32 [count].
    public let shares: Tensor
    /// Whether codes are divided by their standard deviations.
    public let whitens: Bool

    /// The directions of samples.
    ///
    /// Computed in float64, from the eigenvectors of the covariance where there are more samples than features, else from the
    /// singular vectors of the samples.
    ///
    /// - Parameters:
    ///   - samples: [N, features] of at least two samples, at most 20000 features.
    ///   - count: How many directions; all if `nil`, which are as many as the smaller one of N and features.
    ///   - whitens: Whether codes are divided by their standard deviations; what does not vary stays.
    /// - Throws: `DatasetError` for tensors that are no such samples, elements that are not finite, and an impossible number of directions.
    public init(_ samples: Tensor, count: Int? = nil, whitens: Bool = false) throws {
        try samples.evaluated()
        let most = try PCA.largestCount(samples)
        let count = count ?? most
        guard (1...most).contains(count) else {
            throw DatasetError(
                .impossible, "samples have no such number of principal components", expected: "from 1 to \(most)",
                received: "\(count)", remedy: "Ask for fewer.")
        }
        let wide = samples.cast(to: .float64)
        let center = try wide.mean(axes: [0]).evaluated()
        let centered = wide - center
        let freedom = Double(samples.shape[0] - 1)
        let all: Tensor
        let directions: Tensor
        if samples.shape[0] > samples.shape[1] {
            let (values, vectors) = (centered.transposed().matmul(centered) / freedom).eigh()
            // Rounding may leave less than nothing of a direction along which nothing varies.
            (all, directions) = (relu(values.reversed(axes: [0])), vectors.reversed(axes: [1]))
        } else {
            let (_, s, vt) = centered.svd()
            (all, directions) = (square(s) / freedom, vt.transposed())
        }
        try evaluate(all, directions)
        guard all.scalars.allSatisfy(\.isFinite) else {
            throw DatasetError(
                .malformed, "samples have elements that are not finite, so that they have no principal components",
                expected: "finite numbers", received: "NaN or an infinity",
                remedy: "Fill or leave out what is missing.")
        }
        let total = Swift.max(all.sum().item(as: Double.self), .leastNormalMagnitude)
        self.whitens = whitens
        mean = try center.cast(to: .float32).evaluated()
        axes = try directions[0..., 0..<count].cast(to: .float32).evaluated()
        variances = try all[0..<count].cast(to: .float32).evaluated()
        shares = try (all[0..<count] / total).cast(to: .float32).evaluated()
    }

    /// The most directions that samples have.
    private static func largestCount(_ samples: Tensor) throws(DatasetError) -> Int {
        guard samples.rank == 2, samples.elementType != .bool, samples.shape[0] >= 2,
            (1...20_000).contains(samples.shape[1])
        else {
            throw DatasetError(
                .impossible, "principal components are those of rows of numbers",
                expected: "a tensor [N, features] of at least 2 samples and 1 to 20000 features",
                received: "\(samples.elementType)\(samples.shape)", remedy: "Reshape it.")
        }
        return Swift.min(samples.shape[0], samples.shape[1])
    }

    /// The codes of samples, [..., features] → [..., count].
    public func callAsFunction(_ samples: Tensor) -> Tensor {
        let codes = (samples.cast(to: .float32) - mean).matmul(axes)
        return whitens ? codes / deviations : codes
    }

    /// The samples that codes stand for, [..., count] → [..., features]: the nearest ones that have these codes.
    ///
    /// Codes of fewer numbers are those of the first directions: `pca.samples(of: pca(samples)[0..., 0..<2])`.
    public func samples(of codes: Tensor) -> Tensor {
        let count = codes.rank > 0 ? Swift.min(codes.shape[-1], axes.shape[1]) : axes.shape[1]
        let codes = whitens ? codes * deviations[0..<count] : codes
        return codes.matmul(axes[0..., 0..<count].transposed()) + mean
    }

    private var deviations: Tensor {
        let isNothing = variances .<= 0
        return Tensor.where(isNothing, 1, sqrt(Tensor.where(isNothing, 1, variances)))
    }
}

extension Dataset {
    /// The principal components of these samples, scaled as they are and flattened: those of a training part, for all parts.
    ///
    /// ```swift
    /// var (training, validation) = try Dataset.linear(features: 5, seed: 1).split(validation: 0.2, seed: 7)
    /// let pca = try training.principalComponents(2)
    /// training = try training.projected(on: pca)       // samples of two numbers
    /// validation = try validation.projected(on: pca)
    /// ```
    ///
    /// - Parameters:
    ///   - count: How many directions; all if `nil`.
    ///   - whitens: Whether codes are divided by their standard deviations.
    /// - Throws: `DatasetError` as `PCA`; the error of a sample that can't be read.
    public func principalComponents(_ count: Int? = nil, whitens: Bool = false) throws -> PCA {
        try PCA(try scaledRows(), count: count, whitens: whitens)
    }

    /// The same samples as codes of principal components, [count], in place of their features.
    ///
    /// They are computed at once, of the scaled samples; codes are not scaled again.
    ///
    /// - Throws: `DatasetError` for samples of another number of features, or of several inputs; the error of a sample that can't be read.
    public func projected(on pca: PCA) throws -> Dataset {
        try replacingFeatures { rows in
            guard rows.shape[1] == pca.mean.count else {
                throw DatasetError(
                    .impossible, "the principal components are those of other samples",
                    expected: "\(pca.mean.count) features", received: "\(rows.shape[1])",
                    remedy: "Find them in samples like these.")
            }
            return pca(rows)
        }
    }
}
