/// Linear regression with a penalty on the squared weights, in closed form: w = (XᵀX + λI)⁻¹ Xᵀy of centered numbers.
package struct Ridge {
    private let weights: [Double]
    private let means: [Double]
    private let mean: Double

    /// - Parameters:
    ///   - x: A row of inputs for each sample.
    ///   - y: What belongs to them.
    ///   - lambda: The penalty; greater than 0.
    package init(_ x: [[Double]], _ y: [Double], lambda: Double) {
        let (count, n) = (Double(y.count), x.first?.count ?? 0)
        let mean = y.reduce(0, +) / count
        let means = (0..<n).map { column in x.reduce(0) { $0 + $1[column] } / count }
        var rows = (0..<n).map { _ in [Double](repeating: 0, count: n + 1) }
        for (sample, target) in zip(x, y) {
            let centered = zip(sample, means).map { $0 - $1 }
            for row in 0..<n {
                for column in 0..<n { rows[row][column] += centered[row] * centered[column] }
                rows[row][n] += centered[row] * (target - mean)
            }
        }
        for row in 0..<n { rows[row][row] += lambda }
        // The matrix is positive definite: elimination needs no pivots.
        for pivot in 0..<n {
            for row in 0..<n where row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot]
                for column in pivot...n { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        weights = (0..<n).map { rows[$0][n] / rows[$0][$0] }
        (self.means, self.mean) = (means, mean)
    }

    /// What it predicts of a row of inputs.
    package func callAsFunction(_ x: [Double]) -> Double {
        zip(zip(x, means), weights).reduce(mean) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
    }
}
