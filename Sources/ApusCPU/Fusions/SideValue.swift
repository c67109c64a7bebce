import ApusGraph

/// What a unit notes for another besides the values of nodes.
enum SideValue: Hashable {
    /// One bit an element: which elements passed a ReLU, by the ReLU's node.
    case reluMask(of: Int)
    /// Which elements passed ReLU and pooling behind a convolution in the lanes layout, by the convolution's node.
    case lanesMask(of: Int)
    /// One byte an element: where in its window a maximum pooling of an image found it.
    case maxima(image: Int, PoolGeometry)
    /// For each query of attention the logarithm of the sum of its exponentials, by the nodes of queries, keys and mask.
    case attentionSums(queries: Int, keys: Int, mask: Int?, AttentionForm)
}
