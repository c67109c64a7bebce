package import Apus

/// The directions along which samples vary most, by orthogonal iteration on their covariance.
package struct PrincipalComponents {
    /// The mean of the samples, [features].
    package let mean: Tensor
    /// The directions as columns, [features, count]: orthonormal, that of the greatest variance first.
    package let axes: Tensor

    /// - Parameters:
    ///   - samples: [N, features].
    ///   - count: How many directions.
    ///   - iterations: How often the covariance is applied; a few directions more than wanted make forty enough.
    package init(_ samples: Tensor, count: Int, iterations: Int = 40) throws {
        let features = samples.shape[1]
        mean = try samples.mean(axes: [0]).evaluated()
        let centered = samples - mean
        let covariance = try (centered.transposed().matmul(centered) / Float(samples.shape[0])).evaluated()
        let width = min(features, count + 8)
        var block = Tensor.normal([features, width], key: RandomKey(seed: 1))
        for _ in 0..<max(1, iterations) {
            block = try PrincipalComponents.orthonormal(covariance.matmul(block)).evaluated()
        }
        axes = try block[0..., 0..<min(count, width)].evaluated()
    }

    /// What the directions keep of samples, [N, count].
    package func codes(_ samples: Tensor) -> Tensor { (samples - mean).matmul(axes) }

    /// The samples as their first codes say, [N, features].
    package func reconstruction(_ samples: Tensor, count: Int) -> Tensor {
        let first = axes[0..., 0..<count]
        return (samples - mean).matmul(first).matmul(first.transposed()) + mean
    }

    /// The columns made orthonormal from the left: V R⁻¹ with RᵀR = VᵀV (Cholesky).
    private static func orthonormal(_ block: Tensor) throws -> Tensor {
        // Columns of very different lengths would lose digits in the products.
        let block = block / block.norm(axes: [0], keepingAxes: true)
        let n = block.shape[1]
        let products = block.transposed().matmul(block).scalars.map(Double.init)
        var lower = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for row in 0..<n {
            for column in 0...row {
                let known = (0..<column).reduce(0) { $0 + lower[row][$1] * lower[column][$1] }
                let rest = products[row * n + column] - known
                lower[row][column] = row == column ? max(rest, 1e-12).squareRoot() : rest / lower[column][column]
            }
        }
        // The inverse of the lower triangle, row by row.
        var inverse = lower
        for row in 0..<n {
            for column in 0...row {
                let known = (column..<row).reduce(0) { $0 + lower[row][$1] * inverse[$1][column] }
                inverse[row][column] = ((row == column ? 1 : 0) - known) / lower[row][row]
            }
        }
        return block.matmul(Tensor(inverse.map { $0.map { Float($0) } }).transposed())
    }
}
