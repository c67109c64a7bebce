/// What a matrix is taken apart into.
///
/// Where there are several parts they lie in one row, one after the other. A matrix that is not finite, or that the factorization does
/// not exist for, gives NaN in all of its parts.
package enum Factorization: String, Hashable, Sendable, CaseIterable {
    /// a = L Lᵀ of a symmetric positive definite matrix, whose lower triangle is read → L: [..., n, n].
    case cholesky
    /// Determinant, its sign and the logarithm of its absolute value: [..., 3].
    case determinant
    /// a = Q R → Q: [m, k], R: [k, n] with a diagonal ≥ 0, k = min(m, n).
    case qr
    /// a = V diag(w) Vᵀ of a symmetric matrix, whose lower triangle is read → w: [n], ascending, V: [n, n].
    case eigh
    /// a = U diag(s) Vᵀ → U: [m, k], s: [k], descending, Vᵀ: [k, n].
    ///
    /// Of eigenvectors and of rows of Vᵀ the first of the greatest components is positive.
    case svd

    /// Whether only square matrices have it.
    var needsSquare: Bool { self != .qr && self != .svd }

    /// The shapes of the parts of one matrix.
    package func parts(rows m: Int, columns n: Int) -> [Shape] {
        let k = min(m, n)
        switch self {
        case .cholesky: return [[n, n]]
        case .determinant: return [[], [], []]
        case .qr: return [[m, k], [k, n]]
        case .eigh: return [[n], [n, n]]
        case .svd: return [[m, k], [k], [k, n]]
        }
    }

    /// The shape of the result for matrices [..., m, n].
    func result(_ a: Shape) -> Shape {
        let parts = parts(rows: a[-2], columns: a[-1])
        let leading = a.dimensions.dropLast(2)
        return Shape(leading + (parts.count == 1 ? parts[0].dimensions : [parts.reduce(0) { $0 +| $1.count }]))
    }

    /// The usual counts of operations (Golub and Van Loan, 2013).
    func flops(_ a: Shape) -> Int {
        let (long, short) = (max(a[-2], a[-1]), min(a[-2], a[-1]))
        let products = a.count *| short
        switch self {
        case .cholesky: return products / 3
        case .determinant: return 2 *| products / 3
        case .qr: return 4 *| (products - products / max(1, long) *| short / 3)
        case .eigh: return 9 *| products
        case .svd: return 14 *| products
        }
    }
}

/// Which elements of the matrix of a system of linear equations count.
package enum SystemMatrix: String, Hashable, Sendable, CaseIterable {
    /// All; a singular matrix gives NaN.
    case general
    /// One triangle, and the other one is taken for 0; a diagonal with a 0 gives NaN.
    case lower, upper

    /// That of the transposed matrix.
    var transposed: SystemMatrix {
        switch self {
        case .general: .general
        case .lower: .upper
        case .upper: .lower
        }
    }
}

extension Inference {
    /// LAPACK counts its work in 32 bits.
    static let largestMatrix = 20_000

    func factorize(_ factorization: Factorization) -> TensorType {
        guard checkMatrix(0, square: factorization.needsSquare) else { return Self.unknown }
        return TensorType(factorization.result(inputs[0].shape), inputs[0].elementType)
    }

    func solve() -> TensorType {
        guard checkMatrix(0, square: true) else { return Self.unknown }
        expectSameType(0, 1)
        let (a, b) = (inputs[0].shape, inputs[1].shape)
        guard b.rank >= 2, a.dimensions.dropLast(2) == b.dimensions.dropLast(2), a[-1] == b[-2] else {
            problems.append(
                "expected right-hand sides with the leading axes and \(a[-1]) rows of the matrix \(a) but received "
                    + "shape \(b)")
            return Self.unknown
        }
        return inputs[1]
    }

    private func checkMatrix(_ index: Int, square: Bool) -> Bool {
        let shape = inputs[index].shape
        expectFloatingPoint(index)
        guard shape.rank >= 2 else {
            problems.append("expected matrices but received shape \(shape)")
            return false
        }
        expect(!square || shape[-1] == shape[-2], "expected square matrices but received shape \(shape)")
        expect(
            shape[-1] <= Self.largestMatrix && shape[-2] <= Self.largestMatrix,
            "expected matrices of at most \(Self.largestMatrix) rows and columns but received shape \(shape)")
        return problems.isEmpty
    }
}
