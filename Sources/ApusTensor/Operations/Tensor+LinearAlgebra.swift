import ApusGraph

// Matrices are the last two axes; leading axes are a batch. What there is no answer for gives NaN in the results of that matrix alone, so
// that a program with such data still runs: see each function.

extension Tensor {
    // MARK: Systems of equations

    /// x with a x = b, by elimination with pivots: [..., n, n], [..., n, m] → [..., n, m] (`linalg.solve`).
    ///
    /// Leading axes are broadcast against each other; one vector [n] gives vectors [..., n]. A singular matrix, and one that is not
    /// finite, gives NaN (NumPy and PyTorch raise an error). Computed in float64, then rounded to the element type.
    ///
    /// ```swift
    /// let a = Tensor([[2.0, 1], [1, 3]])
    /// print(a.solve(Tensor([3.0, 5])).scalars)   // [0.8, 1.4]
    /// ```
    public func solve(_ b: Tensor) -> Tensor { solved(b, .general) }

    /// x with a x = b for a triangular matrix (`solve_triangular`); the elements of the other triangle are not read.
    ///
    /// Shapes as in `solve`. A 0 on the diagonal gives NaN.
    ///
    /// - Parameters:
    ///   - b: The right-hand sides.
    ///   - isUpper: Whether the upper triangle counts in place of the lower one.
    public func solveTriangular(_ b: Tensor, isUpper: Bool = false) -> Tensor { solved(b, isUpper ? .upper : .lower) }

    /// The inverse matrix, [..., n, n] → [..., n, n] (`linalg.inv`); NaN if there is none.
    ///
    /// `a.solve(b)` is faster than `a.inverse().matmul(b)`, and more exact.
    public func inverse() -> Tensor {
        guard rank >= 2 else { return solve(self) }
        return solve(Tensor(tracking: Node.identity(shape[-1], elementType)))
    }

    /// x with the least |a x − b|² for matrices [..., m, n] of m ≥ n independent columns (`linalg.lstsq`), by QR.
    ///
    /// [..., m, n], [..., m, k] → [..., n, k]; one vector [m] gives vectors [..., n]. Columns that depend on each other exactly give NaN.
    public func leastSquares(_ b: Tensor) -> Tensor {
        guard problems.isEmpty, b.problems.isEmpty else { return problems.isEmpty ? b : self }
        guard rank >= 2, shape[-2] >= shape[-1] else {
            return invalid(
                "expected matrices of at least as many rows as columns but received shape \(shape)", in: "leastSquares")
        }
        if b.rank == 1 { return leastSquares(b.reshaped(to: [b.count, 1])).squeezingColumn }
        let (q, r) = qr()
        return r.solveTriangular(q.matrixTransposed.matmul(b), isUpper: true)
    }

    // MARK: Determinants

    /// The determinant, [..., n, n] → [...] (`linalg.det`).
    ///
    /// The gradient, det a · a⁻ᵀ, is NaN at singular matrices.
    public func determinant() -> Tensor { factors(.determinant).first! }

    /// The sign of the determinant, which is 0 for singular matrices, and log |det a|, −∞ for them: [..., n, n] → [...] each
    /// (`linalg.slogdet`).
    public func logDeterminant() -> (sign: Tensor, logarithm: Tensor) {
        let parts = factors(.determinant)
        return (parts[1], parts[2])
    }

    // MARK: Factors

    /// The lower triangular L with L Lᵀ = a for symmetric positive definite matrices, [..., n, n] → [..., n, n] (`linalg.cholesky`).
    ///
    /// Of a matrix that is not symmetric its symmetric part (a + aᵀ) / 2 counts, as in JAX. One that is not positive definite gives NaN.
    ///
    /// ```swift
    /// print(Tensor([[4.0, 2], [2, 5]]).cholesky().scalars)   // [2.0, 0.0, 1.0, 2.0]
    /// ```
    public func cholesky() -> Tensor { symmetricPart.factors(.cholesky)[0] }

    /// a = Q R, the columns of Q orthonormal and R an upper triangle: [..., m, n] → [..., m, k], [..., k, n], k = min(m, n)
    /// (`linalg.qr`, reduced).
    ///
    /// The diagonal of R is ≥ 0, where NumPy and PyTorch leave signs to LAPACK: so the factors are the same everywhere.
    /// Gradients need independent columns, of a wide matrix the first m of them.
    public func qr() -> (q: Tensor, r: Tensor) {
        let parts = factors(.qr)
        return (parts[0], parts[1])
    }

    /// The eigenvalues of symmetric matrices, ascending, and their orthonormal eigenvectors as columns: a = V diag(w) Vᵀ,
    /// [..., n, n] → [..., n], [..., n, n] (`linalg.eigh`).
    ///
    /// Of a matrix that is not symmetric its symmetric part counts. Of each vector the first of the greatest components is positive.
    /// Vectors of equal values are any basis of their space: gradients leave out what would turn them within it, so those of functions
    /// that do not depend on the basis are right, others are not defined.
    ///
    /// ```swift
    /// let (values, vectors) = Tensor([[2.0, 1], [1, 2]]).eigh()
    /// print(values.scalars)                              // [1.0, 3.0]
    /// print(vectors.shape)                               // [2, 2]
    /// ```
    public func eigh() -> (values: Tensor, vectors: Tensor) {
        let parts = symmetricPart.factors(.eigh)
        return (parts[0], parts[1])
    }

    /// The thin singular value decomposition a = U diag(s) Vᵀ: [..., m, n] → U [..., m, k], s [..., k], descending, Vᵀ [..., k, n],
    /// k = min(m, n) (`linalg.svd` without full matrices).
    ///
    /// Of each row of Vᵀ the first of the greatest components is positive. Gradients to U and Vᵀ have the gaps of `eigh` at equal
    /// values and at 0, where they leave out what is not defined.
    public func svd() -> (u: Tensor, s: Tensor, vt: Tensor) {
        let parts = factors(.svd)
        return (parts[0], parts[1], parts[2])
    }

    // MARK: Parts

    private func factors(_ factorization: Factorization) -> [Tensor] {
        let row = Tensor(.factorize(factorization), [node])
        let (m, n) = problems.isEmpty && rank >= 2 ? (shape[-2], shape[-1]) : (0, 0)
        let shapes = factorization.parts(rows: m, columns: n)
        guard row.problems.isEmpty, shapes.count > 1 else { return shapes.map { _ in row } }
        return row.node.parts(of: factorization, rows: m, columns: n).map { Tensor(tracking: $0) }
    }

    private func solved(_ b: Tensor, _ matrix: SystemMatrix) -> Tensor {
        guard problems.isEmpty, b.problems.isEmpty else { return problems.isEmpty ? b : self }
        if b.rank == 1 { return solved(b.reshaped(to: [b.count, 1]), matrix).squeezingColumn }
        let type = ElementType.promoted(elementType, b.elementType)
        let operands = [cast(to: type).node, b.cast(to: type).node]
        guard rank >= 2, b.rank >= 2,
            let leading = Shape.broadcast(
                Shape(Array(shape.dimensions.dropLast(2))), Shape(Array(b.shape.dimensions.dropLast(2))))
        else { return Tensor(.solve(matrix), operands) }
        return Tensor(
            .solve(matrix),
            operands.map { $0.broadcast(to: Shape(leading.dimensions + $0.shape.dimensions.suffix(2))) })
    }

    /// (a + aᵀ) / 2; what is no square matrix stays, for the operation to say.
    private var symmetricPart: Tensor {
        guard problems.isEmpty, rank >= 2, shape[-1] == shape[-2], elementType.isFloatingPoint else { return self }
        return (self + matrixTransposed) * 0.5
    }

    private var matrixTransposed: Tensor { Tensor(tracking: node.matrixTransposed) }

    /// [..., n, 1] → [..., n]
    private var squeezingColumn: Tensor { problems.isEmpty ? squeezingShape(at: -1) : self }
}
