/// Every operation with its test shapes.
///
/// The table says what to compute and on which inputs; who computes it (the reference backend, a fast backend, in
/// which type) is the business of the test. The operation under test is that of the built node. An operation without
/// a row fails the suite.
package enum OperationTable {
    package static let rows: [OperationRow] =
        leaves + unary + binary + choices + casts + movement + indexing + reductions + matrixProducts + factorizations
        + systems
        + convolutions
        + pooling + normalization + softmax + attention + loops
}
