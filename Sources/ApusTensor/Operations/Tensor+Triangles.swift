import ApusGraph

/// The lower triangle of matrices [..., n, m]: elements above a diagonal are 0 (`tril` of NumPy, PyTorch and JAX).
///
/// y[i, j] = x[i, j] where j − i ≤ `diagonal`, else 0, also in place of NaN and ∞. Of any element type, `false` of bool.
public func tril(_ x: Tensor, diagonal: Int = 0) -> Tensor { x.triangle(.lessOrEqual, diagonal, "tril") }

/// The upper triangle of matrices [..., n, m]: elements below a diagonal are 0 (`triu` of NumPy, PyTorch and JAX).
///
/// y[i, j] = x[i, j] where j − i ≥ `diagonal`, else 0, also in place of NaN and ∞. Of any element type, `false` of bool.
public func triu(_ x: Tensor, diagonal: Int = 0) -> Tensor { x.triangle(.greaterOrEqual, diagonal, "triu") }

extension Tensor {
    /// The elements on a diagonal of matrices, [..., n, m] → [..., k] (`diagonal`, and `diag` of a matrix): x[i, i + offset].
    ///
    /// An offset outside the matrix yields no elements.
    public func diagonal(offset: Int = 0) -> Tensor {
        guard rank >= 2 else { return invalid(expectedMatrices, in: "diagonal") }
        let (rows, columns) = (shape[-2], shape[-1])
        let offset = Swift.min(Swift.max(offset, -rows), columns)
        let (top, left) = (Swift.max(0, -offset), Swift.max(0, offset))
        let count = Swift.min(rows - top, columns - left)
        // Of a square in row-major order, the elements of the diagonal are one more than its side apart.
        let square = self[TensorSlice.ellipsis, top..<(top + count), left..<(left + count)]
        let lines = square.reshaped(to: Shape(shape.dimensions.dropLast(2) + [count * count]))
        return lines[TensorSlice.ellipsis, TensorSlice.every(count + 1)]
    }

    /// Matrices with vectors on their diagonals and 0 elsewhere, [..., n] → [..., n, n] (`diag` of a vector, `diag_embed`).
    public static func diagonal(_ vectors: Tensor) -> Tensor {
        guard vectors.rank >= 1 else {
            return vectors.invalid("expected vectors [..., n] but received shape \(vectors.shape)", in: "diagonal")
        }
        let isDiagonal = combined(.equal, diagonals(vectors.shape[-1], vectors.shape[-1]), Tensor(weak: 0))
        return select(isDiagonal, vectors.expandingShape(at: -1), zeros([], type: vectors.elementType))
    }

    fileprivate func triangle(_ comparison: BinaryOperation, _ diagonal: Int, _ name: String) -> Tensor {
        guard rank >= 2 else { return invalid(expectedMatrices, in: name) }
        // What lies further out makes no difference, and may not fit the integers of the mask.
        let bound = Swift.min(Swift.max(diagonal, -shape[-2]), shape[-1])
        let isKept = Tensor.combined(comparison, Tensor.diagonals(shape[-2], shape[-1]), Tensor(weak: bound))
        return select(isKept, self, Tensor.zeros([], type: elementType))
    }

    private var expectedMatrices: String { "expected matrices [..., n, m] but received shape \(shape)" }

    /// The number of the diagonal that each element of a matrix lies on, j − i: int32 [n, m].
    private static func diagonals(_ rows: Int, _ columns: Int) -> Tensor {
        let type = TensorType([rows, columns], .int32)
        return Tensor(.iota(axis: 1, type), []) - Tensor(.iota(axis: 0, type), [])
    }
}
