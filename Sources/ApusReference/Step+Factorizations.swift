import ApusBackend
import ApusGraph

extension Step {
    /// The parts of each matrix, one after the other; NaN where it has none.
    func factorize(_ factorization: Factorization) -> [Double] {
        let a = operands[0]
        let (m, n) = (a.shape[-2], a.shape[-1])
        let count = a.shape.dimensions.dropLast(2).reduce(1, *)
        let length = factorization.parts(rows: m, columns: n).reduce(0) { $0 + $1.count }
        return (0..<count).flatMap { index -> [Double] in
            var matrix = Matrix(Array(a.values[(index * m * n)..<((index + 1) * m * n)]), rows: m, columns: n)
            if factorization == .cholesky || factorization == .eigh { matrix = matrix.mirroredLower }
            guard matrix.values.allSatisfy(\.isFinite) else { return Array(repeating: .nan, count: length) }
            switch factorization {
            case .cholesky: return matrix.cholesky?.values ?? Array(repeating: .nan, count: length)
            case .determinant: return matrix.determinant
            case .qr:
                let (q, r) = matrix.qr
                return q.values + r.values
            case .eigh:
                let (values, vectors) = matrix.eigh
                return values + vectors.values
            case .svd:
                let (u, s, vt) = matrix.svd
                return u.values + s + vt.values
            }
        }
    }

    /// a x = b for each pair; NaN where a is singular.
    func solve(_ system: SystemMatrix) -> [Double] {
        let (a, b) = (operands[0], operands[1])
        let (n, m) = (b.shape[-2], b.shape[-1])
        let count = b.shape.dimensions.dropLast(2).reduce(1, *)
        return (0..<count).flatMap { index -> [Double] in
            var matrix = Matrix(Array(a.values[(index * n * n)..<((index + 1) * n * n)]), rows: n, columns: n)
            for i in 0..<n {
                for j in 0..<n where system == .lower && j > i || system == .upper && j < i { matrix[i, j] = 0 }
            }
            let right = Matrix(Array(b.values[(index * n * m)..<((index + 1) * n * m)]), rows: n, columns: m)
            let isSingular = system != .general && (0..<n).contains { matrix[$0, $0] == 0 }
            guard !isSingular, (matrix.values + right.values).allSatisfy(\.isFinite), let x = matrix.solved(right)
            else {
                return Array(repeating: .nan, count: n * m)
            }
            return x.values
        }
    }
}
