import ApusGraph
import CKernels

/// A batch of bfloat16 matrix products and where the elements of their operands are.
struct MatrixProduct: Hashable {
    /// The elements from one matrix, row and column to the next.
    struct Strides: Hashable {
        var batch: Int
        var row: Int
        var column: Int

        init(batch: Int, row: Int, column: Int) {
            (self.batch, self.row, self.column) = (batch, row, column)
        }

        /// Those of a tensor [..., m, n] in row-major order.
        init(rowMajor shape: Shape) {
            self.init(batch: shape[-2] * shape[-1], row: shape[-1], column: 1)
        }
    }

    let batch, m, n, k: Int
    private(set) var a, b: Strides

    /// - Parameter node: [..., m, k] × [..., k, n]
    init(_ node: Node, a: Strides, b: Strides) {
        batch = node.shape.dimensions.dropLast(2).reduce(1, *)
        (m, n, k) = (node.shape[-2], node.shape[-1], node.inputs[0].shape[-1])
        (self.a, self.b) = (a, b)
        // One matrix has no next one.
        if batch == 1 { (self.a.batch, self.b.batch) = (0, 0) }
    }

    /// The product of matrices in row-major order.
    init(rowMajor node: Node) {
        self.init(node, a: Strides(rowMajor: node.inputs[0].shape), b: Strides(rowMajor: node.inputs[1].shape))
    }
}

extension apus_onednn_matrix_shape {
    init(_ product: MatrixProduct) {
        let type = Int32(ElementType.bfloat16.rawValue)
        self.init(
            batch: Int64(product.batch), m: Int64(product.m), n: Int64(product.n), k: Int64(product.k),
            a_batch_stride: Int64(product.a.batch), a_row_stride: Int64(product.a.row),
            a_column_stride: Int64(product.a.column), b_batch_stride: Int64(product.b.batch),
            b_row_stride: Int64(product.b.row), b_column_stride: Int64(product.b.column),
            c_batch_stride: Int64(product.m * product.n), c_row_stride: Int64(product.n), type: type,
            result_type: type)
    }
}
