import ApusGraph

extension OperationTable {
    /// x xᵀ + a multiple of the identity: symmetric and positive definite.
    private static func definite(_ x: Node) -> Node {
        Node.matmul(x, x.matrixTransposed) + Node.identity(x.shape[-2], x.elementType)
    }

    /// Symmetric, with eigenvalues that lie apart.
    private static func symmetric(_ x: Node) -> Node {
        let n = x.shape[-1]
        let steps = Node(.iota(axis: 0, TensorType([n], .int32))).cast(to: x.elementType) * 2
        return x + x.matrixTransposed + Node.identity(n, x.elementType) * steps
    }

    static var factorizations: [OperationRow] {
        let squares: [Shape] = [[1, 1], [4, 4], [2, 3, 3], [0, 0], [2, 0, 3, 3], [7, 7]]
        let rectangles: [Shape] = [[3, 3], [5, 3], [2, 4, 2], [1, 4], [4, 1], [0, 3], [3, 0]]
        let small = Drawing.uniform(-0.5...0.5)
        return squares.map { shape in
            OperationRow("cholesky \(shape)", [.floating(shape)], toleranceFactor: 8) { x, _ in
                Node(.factorize(.cholesky), [definite(x[0])])
            }
        }
            + squares.map { shape in
                OperationRow("determinant \(shape)", [.floating(shape)], toleranceFactor: 16) { x, _ in
                    Node(.factorize(.determinant), [x[0] + Node.identity(shape[-1], x[0].elementType) * 2])
                }
            }
            + squares.map { shape in
                OperationRow("eigh \(shape)", [.floating(shape, small)], toleranceFactor: 16) { x, _ in
                    Node(.factorize(.eigh), [symmetric(x[0])])
                }
            }
            + (rectangles + [[2, 5], [2, 2, 3]]).map { shape in
                OperationRow("qr \(shape)", [.floating(shape)], toleranceFactor: 16) { x, _ in
                    Node(.factorize(.qr), [x[0]])
                }
            }
            + (rectangles + [[2, 5]]).map { shape in
                OperationRow("svd \(shape)", [.floating(shape)], toleranceFactor: 32) { x, _ in
                    Node(.factorize(.svd), [x[0]])
                }
            }
    }

    static var systems: [OperationRow] {
        let shapes: [(Shape, Shape)] = [
            ([1, 1], [1, 3]), ([4, 4], [4, 2]), ([2, 3, 3], [2, 3, 1]), ([0, 0], [0, 2]), ([3, 3], [3, 0]),
        ]
        return SystemMatrix.allCases.flatMap { matrix in
            shapes.map { a, b in
                OperationRow("solve \(matrix) \(a) \(b)", [.floating(a), .floating(b)], toleranceFactor: 16) { x, _ in
                    Node(.solve(matrix), [x[0] + Node.identity(a[-1], x[0].elementType) * 4, x[1]])
                }
            }
        }
    }
}
