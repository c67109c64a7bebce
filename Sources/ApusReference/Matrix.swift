import Foundation

/// A matrix in row-major order with the factorizations of textbooks: elimination, Gram–Schmidt, Jacobi's rotations.
///
/// They share nothing with LAPACK, and are slow.
struct Matrix {
    var values: [Double]
    let rows: Int
    let columns: Int

    init(_ values: [Double], rows: Int, columns: Int) {
        self.values = values
        self.rows = rows
        self.columns = columns
    }

    static func identity(_ n: Int) -> Matrix {
        var result = Matrix(Array(repeating: 0, count: n * n), rows: n, columns: n)
        for i in 0..<n { result[i, i] = 1 }
        return result
    }

    subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    func column(_ index: Int) -> [Double] { (0..<rows).map { self[$0, index] } }

    mutating func setColumn(_ index: Int, _ column: [Double]) {
        for (row, value) in column.enumerated() { self[row, index] = value }
    }

    var transposed: Matrix {
        Matrix((0..<columns).flatMap { column($0) }, rows: columns, columns: rows)
    }

    /// The symmetric matrix with this one's lower triangle.
    var mirroredLower: Matrix {
        var result = self
        for i in 0..<rows { for j in (i + 1)..<max(i + 1, columns) { result[i, j] = self[j, i] } }
        return result
    }

    // MARK: Elimination

    /// The rows eliminated from the left, those of `right` with them, by pivots; and the sign of the exchanges.
    private func eliminated(_ right: Matrix) -> (upper: Matrix, right: Matrix, sign: Double) {
        var (a, b, sign) = (self, right, 1.0)
        for pivot in 0..<rows {
            let best = (pivot..<rows).max { abs(a[$0, pivot]) < abs(a[$1, pivot]) }!
            if best != pivot {
                sign = -sign
                for j in 0..<columns { (a[pivot, j], a[best, j]) = (a[best, j], a[pivot, j]) }
                for j in 0..<b.columns { (b[pivot, j], b[best, j]) = (b[best, j], b[pivot, j]) }
            }
            guard a[pivot, pivot] != 0 else { continue }
            for i in (pivot + 1)..<max(pivot + 1, rows) where a[i, pivot] != 0 {
                let factor = a[i, pivot] / a[pivot, pivot]
                for j in 0..<columns { a[i, j] -= j == pivot ? a[i, j] : factor * a[pivot, j] }
                for j in 0..<b.columns { b[i, j] -= factor * b[pivot, j] }
            }
        }
        return (a, b, sign)
    }

    /// x with a x = b; `nil` if a pivot is 0.
    func solved(_ right: Matrix) -> Matrix? {
        var (a, b, _) = eliminated(right)
        for i in (0..<rows).reversed() {
            guard a[i, i] != 0 else { return nil }
            for j in 0..<b.columns {
                for k in (i + 1)..<max(i + 1, columns) { b[i, j] -= a[i, k] * b[k, j] }
                b[i, j] /= a[i, i]
            }
        }
        return b
    }

    /// Determinant, sign, logarithm of the absolute value.
    var determinant: [Double] {
        let (a, _, sign) = eliminated(Matrix([], rows: rows, columns: 0))
        let pivots = (0..<rows).map { a[$0, $0] }
        let signs = pivots.map { $0 == 0 ? 0 : $0 < 0 ? -1.0 : 1 }
        return [
            pivots.reduce(sign, *), signs.reduce(sign, *), pivots.reduce(0) { $0 + log(abs($1)) },
        ]
    }

    // MARK: Factors

    /// L with L Lᵀ = a; `nil` if a is not positive definite.
    var cholesky: Matrix? {
        var l = Matrix(Array(repeating: 0, count: rows * rows), rows: rows, columns: rows)
        for j in 0..<rows {
            let rest = self[j, j] - (0..<j).reduce(0) { $0 + l[j, $1] * l[j, $1] }
            guard rest > 0 else { return nil }
            l[j, j] = rest.squareRoot()
            for i in (j + 1)..<max(j + 1, rows) {
                l[i, j] = (self[i, j] - (0..<j).reduce(0) { $0 + l[i, $1] * l[j, $1] }) / l[j, j]
            }
        }
        return l
    }

    /// Gram and Schmidt, each column twice; a column that depends on those before it is replaced by another direction.
    var qr: (Matrix, Matrix) {
        let k = min(rows, columns)
        var q = Matrix(Array(repeating: 0, count: rows * k), rows: rows, columns: k)
        var r = Matrix(Array(repeating: 0, count: k * columns), rows: k, columns: columns)
        var basis: [[Double]] = []
        for j in 0..<columns {
            let column = column(j)
            let (coefficients, rest) = column.reduced(by: basis)
            for (i, coefficient) in coefficients.enumerated() { r[i, j] = coefficient }
            guard j < k else { continue }
            let length = rest.length
            // Next to nothing is left of a dependent column.
            let isIndependent = length > 1e-13 * column.length
            if isIndependent { r[j, j] = length }
            basis.append(isIndependent ? rest.map { $0 / length } : basis.direction(of: rows))
            q.setColumn(j, basis[j])
        }
        return (q, r)
    }

    /// Jacobi's rotations of a symmetric matrix until nothing is left beside the diagonal; values ascend.
    var eigh: ([Double], Matrix) {
        var (a, v) = (self, Matrix.identity(rows))
        for _ in 0..<60 {
            var outside = 0.0
            for p in 0..<rows { for q in 0..<p { outside = max(outside, abs(a[p, q])) } }
            let greatest = (0..<rows).reduce(0) { max($0, abs(a[$1, $1])) }
            guard outside > 1e-20 * greatest else { break }
            for p in 0..<rows {
                for q in 0..<p where a[p, q] != 0 {
                    let angle = (a[q, q] - a[p, p]) / (2 * a[p, q])
                    let t = (angle < 0 ? -1 : 1) / (abs(angle) + (angle * angle + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    a.rotateColumns(p, q, c, t * c)
                    a.rotateRows(p, q, c, t * c)
                    (a[p, q], a[q, p]) = (0, 0)
                    v.rotateColumns(p, q, c, t * c)
                }
            }
        }
        let order = (0..<rows).sorted { (a[$0, $0], $0) < (a[$1, $1], $1) }
        var vectors = v
        for (place, index) in order.enumerated() { vectors.setColumn(place, v.column(index).turned) }
        return (order.map { a[$0, $0] }, vectors)
    }

    /// Hestenes' rotations of the columns until they are orthogonal: their lengths are the values, which descend.
    var svd: (Matrix, [Double], Matrix) {
        guard rows >= columns else {
            let (u, s, vt) = transposed.unturnedSVD
            return Matrix.turned(vt.transposed, s, u.transposed)
        }
        let (u, s, vt) = unturnedSVD
        return Matrix.turned(u, s, vt)
    }

    /// Of a matrix that is not wide.
    private var unturnedSVD: (Matrix, [Double], Matrix) {
        var (a, v) = (self, Matrix.identity(columns))
        for _ in 0..<60 {
            var isDone = true
            for p in 0..<columns {
                for q in 0..<p {
                    let (x, y) = (a.column(p), a.column(q))
                    let product = x.product(y)
                    guard abs(product) > 1e-15 * x.length * y.length, product != 0 else { continue }
                    isDone = false
                    let angle = (y.product(y) - x.product(x)) / (2 * product)
                    let t = (angle < 0 ? -1 : 1) / (abs(angle) + (angle * angle + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    a.rotateColumns(p, q, c, t * c)
                    v.rotateColumns(p, q, c, t * c)
                }
            }
            if isDone { break }
        }
        let lengths = (0..<columns).map { a.column($0).length }
        let order = (0..<columns).sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
        var u = Matrix(Array(repeating: 0, count: rows * columns), rows: rows, columns: columns)
        var vectors = v
        var basis: [[Double]] = []
        for (place, index) in order.enumerated() {
            let length = lengths[index]
            let isZero = length <= 1e-14 * lengths[order[0]]
            basis.append(isZero ? basis.direction(of: rows) : a.column(index).map { $0 / length })
            u.setColumn(place, basis[place])
            vectors.setColumn(place, v.column(index))
        }
        return (u, order.map { lengths[$0] }, vectors.transposed)
    }

    /// The signs that make the first of the greatest components of each row of Vᵀ positive.
    private static func turned(_ u: Matrix, _ s: [Double], _ vt: Matrix) -> (Matrix, [Double], Matrix) {
        var (left, right) = (u, vt.transposed)
        for index in s.indices where right.column(index).turned != right.column(index) {
            right.setColumn(index, right.column(index).map { -$0 })
            left.setColumn(index, left.column(index).map { -$0 })
        }
        return (left, s, right.transposed)
    }

    private mutating func rotateRows(_ p: Int, _ q: Int, _ c: Double, _ s: Double) {
        for j in 0..<columns {
            let (x, y) = (self[p, j], self[q, j])
            self[p, j] = c * x - s * y
            self[q, j] = s * x + c * y
        }
    }

    private mutating func rotateColumns(_ p: Int, _ q: Int, _ c: Double, _ s: Double) {
        for i in 0..<rows {
            let (x, y) = (self[i, p], self[i, q])
            self[i, p] = c * x - s * y
            self[i, q] = s * x + c * y
        }
    }
}

extension [Double] {
    fileprivate func product(_ other: [Double]) -> Double { zip(self, other).reduce(0) { $0 + $1.0 * $1.1 } }
    fileprivate var length: Double { product(self).squareRoot() }

    /// The coefficients along orthonormal directions, and what is left.
    fileprivate func reduced(by basis: [[Double]]) -> ([Double], [Double]) {
        var (coefficients, rest) = (Array(repeating: 0.0, count: basis.count), self)
        for _ in 0..<2 {
            for (index, direction) in basis.enumerated() {
                let coefficient = rest.product(direction)
                coefficients[index] += coefficient
                rest = zip(rest, direction).map { $0 - coefficient * $1 }
            }
        }
        return (coefficients, rest)
    }

    /// With the sign that makes the first of the greatest components positive, where rounding does not decide which that is.
    fileprivate var turned: [Double] {
        let greatest = map(abs).max() ?? 0
        return first { abs($0) >= 0.999 * greatest } ?? 0 < 0 ? map { -$0 } : self
    }
}

extension [[Double]] {
    /// A direction that is orthogonal to these.
    fileprivate func direction(of size: Int) -> [Double] {
        let candidates = (0..<size).map { axis in
            (0..<size).map { $0 == axis ? 1.0 : 0 }.reduced(by: self).1
        }
        let best = candidates.max { $0.length < $1.length }!
        return best.map { $0 / best.length }
    }
}
