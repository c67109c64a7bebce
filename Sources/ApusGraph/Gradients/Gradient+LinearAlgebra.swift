extension Node {
    /// The parts of a factorization [..., row] of matrices with m rows and n columns, or of the gradient to it.
    package func parts(of factorization: Factorization, rows m: Int, columns n: Int) -> [Node] {
        let shapes = factorization.parts(rows: m, columns: n)
        guard shapes.count > 1 else { return [self] }
        let leading = shape.dimensions.dropLast()
        var start = 0
        return shapes.map { part in
            defer { start += part.count }
            let slices = leading.map { AxisSlice(start: 0, count: $0) } + [AxisSlice(start: start, count: part.count)]
            return Node(.slice(slices), [self]).reshape(Shape(leading + part.dimensions))
        }
    }

    /// The gradient rules of factorizations; `self` is the result.
    func gradient(of factorization: Factorization, _ g: Node) -> Node {
        let a = inputs[0]
        let (m, n) = (a.shape[-2], a.shape[-1])
        guard a.shape.count > 0 else { return a.filled(0) }
        let (parts, gradients) = (
            parts(of: factorization, rows: m, columns: n), g.parts(of: factorization, rows: m, columns: n)
        )
        switch factorization {
        case .cholesky: return choleskyGradient(g)
        case .determinant:
            // d det a = det a · tr(a⁻¹ da), d log |det a| = tr(a⁻¹ da).
            let identity = Node.identity(n, a.elementType).broadcast(to: a.shape)
            let inverse = Node(.solve(.general), [a.matrixTransposed, identity])
            return (gradients[0] * parts[0] + gradients[2]).matrices * inverse
        case .qr: return Node.qrGradient(a, (parts[0], parts[1]), (gradients[0], gradients[1]))
        case .eigh: return Node.eighGradient(parts[0], parts[1], (gradients[0], gradients[1]))
        case .svd: return Node.svdGradient((parts[0], parts[1], parts[2]), (gradients[0], gradients[1], gradients[2]))
        }
    }

    /// a x = b: the gradient to b is a⁻ᵀ g, that to a is −a⁻ᵀ g xᵀ, where a is read.
    func solveGradients(_ matrix: SystemMatrix, _ g: Node, wanted: [Bool]) -> [Node?] {
        let right = Node(.solve(matrix.transposed), [inputs[0].matrixTransposed, g])
        guard wanted[0] else { return [nil, right] }
        let left = -Node.matmul(right, matrixTransposed)
        switch matrix {
        case .general: return [left, right]
        case .lower: return [left.triangle(.lower), right]
        case .upper: return [left.triangle(.upper), right]
        }
    }

    // MARK: Rules

    /// (S + Sᵀ) / 2 of S = L⁻ᵀ Φ(Lᵀ g) L⁻¹, where Φ takes the lower triangle with half of the diagonal (Murray, 2016).
    private func choleskyGradient(_ g: Node) -> Node {
        let upper = matrixTransposed
        let left = Node(.solve(.upper), [upper, Node.matmul(upper, g).triangle(.lower, diagonal: 0.5)])
        return Node(.solve(.upper), [upper, left.matrixTransposed]).symmetricPart
    }

    /// (Q̄ + Q C(M)) R⁻ᵀ with M = R R̄ᵀ − Q̄ᵀ Q, where C repeats the lower triangle above (Walter and Lehmann, 2018). Of a wide matrix
    /// [X | Y] = Q [U | W] the square part X = Q U has that gradient, and Y = Q W sends its own to Q.
    private static func qrGradient(_ a: Node, _ factors: (q: Node, r: Node), _ gradients: (q: Node, r: Node)) -> Node {
        let (m, n) = (a.shape[-2], a.shape[-1])
        guard m < n else { return tallQRGradient(factors.q, factors.r, gradients) }
        let (square, rest) = (gradients.r.someColumns(0..<m), gradients.r.someColumns(m..<n))
        let q = gradients.q + matmul(a.someColumns(m..<n), rest.matrixTransposed)
        let left = tallQRGradient(factors.q, factors.r.someColumns(0..<m), (q, square))
        return Node(.concatenate(axis: a.shape.rank - 1), [left, matmul(factors.q, rest)])
    }

    private static func tallQRGradient(_ q: Node, _ r: Node, _ g: (q: Node, r: Node)) -> Node {
        let m = matmul(r, g.r.matrixTransposed) - matmul(g.q.matrixTransposed, q)
        let lower = m.triangle(.lower, diagonal: 0.5)
        let sum = g.q + matmul(q, lower + lower.matrixTransposed)
        return Node(.solve(.upper), [r, sum.matrixTransposed]).matrixTransposed
    }

    /// V (diag(w̄) + F ∘ Vᵀ V̄) Vᵀ with Fᵢⱼ = 1 / (wⱼ − wᵢ), 0 for equal values.
    private static func eighGradient(_ w: Node, _ v: Node, _ g: (w: Node, v: Node)) -> Node {
        let n = v.shape[-1]
        let inner =
            (w.rows - w.columns).safeReciprocal * matmul(v.matrixTransposed, g.v)
            + identity(n, w.elementType) * g.w.rows
        return matmul(matmul(v, inner), v.matrixTransposed).symmetricPart
    }

    /// U (F ∘ (UᵀŪ − ŪᵀU) S + S F ∘ (VᵀV̄ − V̄ᵀV) + diag(s̄)) Vᵀ + (1 − U Uᵀ) Ū S⁻¹ Vᵀ + U S⁻¹ V̄ᵀ (1 − V Vᵀ) with Fᵢⱼ =
    /// 1 / (sⱼ² − sᵢ²), 0 for equal values (Townsend, 2016).
    private static func svdGradient(
        _ factors: (u: Node, s: Node, vt: Node), _ g: (u: Node, s: Node, vt: Node)
    ) -> Node {
        let (u, s, vt) = factors
        let (m, k, n) = (u.shape[-2], u.shape[-1], vt.shape[-1])
        let squares = s * s
        let f = (squares.rows - squares.columns).safeReciprocal
        let left = matmul(u.matrixTransposed, g.u)
        let right = matmul(vt, g.vt.matrixTransposed)
        let inner =
            f * (left - left.matrixTransposed) * s.rows + s.columns * f * (right - right.matrixTransposed)
            + identity(k, s.elementType) * g.s.rows
        var total = matmul(matmul(u, inner), vt)
        let inverses = s.safeReciprocal
        if m > k { total = total + matmul((g.u - matmul(u, left)) * inverses.rows, vt) }
        if n > k { total = total + matmul(u, inverses.columns * (g.vt - matmul(right.matrixTransposed, vt))) }
        return total
    }

    // MARK: Parts of matrices

    private enum Triangle { case lower, upper }

    /// The triangle with the diagonal times a factor; 0 elsewhere.
    private func triangle(_ triangle: Triangle, diagonal factor: Double = 1) -> Node {
        let type = TensorType([shape[-2], shape[-1]], .int32)
        let (row, column) = (Node(.iota(axis: 0, type)), Node(.iota(axis: 1, type)))
        let kept = Node.binary(triangle == .lower ? .greater : .less, row, column)
        let outside = Node.select(
            .binary(.equal, row, column), .constant(factor, [], elementType), .constant(0, [], elementType))
        return self * .select(kept, .constant(1, [], elementType), outside)
    }

    /// 1 on the diagonal: [n, n].
    package static func identity(_ n: Int, _ type: ElementType) -> Node {
        let matrix = TensorType([n, n], .int32)
        return Node.binary(.equal, Node(.iota(axis: 0, matrix)), Node(.iota(axis: 1, matrix))).cast(to: type)
    }

    private var symmetricPart: Node { (self + matrixTransposed) * 0.5 }

    /// [...] as [..., 1, 1].
    private var matrices: Node { reshape(Shape(shape.dimensions + [1, 1])) }

    /// [..., n] as rows [..., 1, n], so that it runs along the columns of a matrix.
    private var rows: Node { reshape(Shape(shape.dimensions.dropLast() + [1, shape[-1]])) }

    /// [..., n] as columns [..., n, 1].
    private var columns: Node { reshape(Shape(shape.dimensions + [1])) }

    /// Some columns of matrices.
    private func someColumns(_ range: Range<Int>) -> Node {
        var slices = shape.dimensions.map { AxisSlice(start: 0, count: $0) }
        slices[shape.rank - 1] = AxisSlice(start: range.lowerBound, count: range.count)
        return Node(.slice(slices), [self])
    }

    /// 1 / x, and 0 where x is 0.
    private var safeReciprocal: Node {
        let isZero = Node.binary(.equal, self, filled(0))
        return .select(isZero, filled(0), filled(1) / .select(isZero, filled(1), self))
    }
}
