import Foundation

/// The lower triangle L with L · Lᵀ = A of a symmetric positive definite matrix, row by row.
struct Cholesky {
    let size: Int
    private let lower: [Double]

    /// - Parameter matrix: Its lower triangle in full rows of `size` numbers.
    /// - Returns: `nil` unless the matrix is positive definite.
    init?(_ matrix: [Double], size: Int) {
        var lower = matrix
        let isDefinite = lower.withUnsafeMutableBufferPointer { buffer -> Bool in
            guard let l = buffer.baseAddress else { return true }
            for i in 0..<size {
                let row = l + i * size
                for j in 0...i {
                    let other = l + j * size
                    var sum = row[j]
                    for k in 0..<j { sum -= row[k] * other[k] }
                    if i == j {
                        guard sum > 0, sum.isFinite else { return false }
                        row[i] = sum.squareRoot()
                    } else {
                        row[j] = sum / other[j]
                    }
                }
            }
            return true
        }
        guard isDefinite else { return nil }
        self.size = size
        self.lower = lower
    }

    /// log det A.
    var logDeterminant: Double { (0..<size).reduce(0) { $0 + 2 * log(lower[$1 * size + $1]) } }

    /// x with L x = b.
    func solvedLower(_ b: [Double]) -> [Double] {
        var x = b
        lower.withUnsafeBufferPointer { l in
            x.withUnsafeMutableBufferPointer { x in
                for i in 0..<size {
                    var sum = x[i]
                    let row = i * size
                    for k in 0..<i { sum -= l[row + k] * x[k] }
                    x[i] = sum / l[row + i]
                }
            }
        }
        return x
    }

    /// x with A x = b.
    func solved(_ b: [Double]) -> [Double] {
        var x = solvedLower(b)
        lower.withUnsafeBufferPointer { l in
            x.withUnsafeMutableBufferPointer { x in
                for i in (0..<size).reversed() {
                    x[i] /= l[i * size + i]
                    let value = x[i]
                    for k in 0..<i { x[k] -= l[i * size + k] * value }
                }
            }
        }
        return x
    }
}
