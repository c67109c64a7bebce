import ApusGraph

/// Nodes that are computed together.
struct Unit {
    enum Kind {
        /// One operation by its own kernel.
        case single
        /// Elementwise operations over the same number of elements, as one tape.
        case cluster
        case product(ProductPattern)
        case convolution(ConvolutionPattern)
        case normalization(NormalizationPattern)
        case normalizationGradient(NormalizationGradientPattern)
        case biasGradient(BiasGradientPattern)
        case lanesConvolution(LanesConvolutionPattern)
        case lanesGradient(LanesGradientPattern)
    }

    var kind: Kind
    /// The numbers of its nodes, ascending.
    var nodes: [Int]
}

/// A function applied to the result of a product or convolution.
enum FusedActivation {
    case relu, sigmoid, tanh
}

/// A matrix product with what follows it: `act(a · b + bias)`, or `(a · b) ⊙ act′(y)` by the activation's output y.
struct ProductPattern {
    /// The matmul node.
    var product: Int
    /// A node of shape [n].
    var bias: Int?
    var activation: FusedActivation?
    var derivative: (activation: FusedActivation, output: Int)?
    /// A node Σ over rows of b: the bias gradient.
    var columnSums: Int?
    /// The last node: what the unit yields.
    var result: Int
}

/// A convolution with bias and ReLU.
struct ConvolutionPattern {
    var convolution: Int
    var bias: Int?
    var relu: Bool
    var result: Int
}

/// A batch normalization with what is added to it and ReLU.
struct NormalizationPattern {
    var normalization: Int
    var residual: Int?
    var relu = false
    var result: Int
    /// Whether a gradient needs to know which elements passed the ReLU.
    var writesMask = false
}

/// The gradient through a ReLU and its sum over all but the last axis: the gradient to the bias before it.
struct BiasGradientPattern {
    var passing: PassingGradient
    /// The node of the gradient before the ReLU.
    var masked: Int
    /// The node of the sum.
    var sum: Int
}

/// The gradient that arrives behind a ReLU.
struct PassingGradient {
    /// It may be a sum of two.
    var first: Int
    var second: Int?
    /// The result of the ReLU.
    var output: Int
    /// The nodes that undo the ReLU and add the two.
    var members: [Int]
}

/// The gradients of such a normalization.
struct NormalizationGradientPattern {
    /// The node of the gradients to scale and offset.
    var sums: Int
    var imageGradient: Int
    /// The gradient to the result of the normalization, unless it arrives behind a ReLU.
    var gradient: Int
    var passing: PassingGradient?
    /// The node of the gradient before the ReLU, if others than the normalization need it.
    var residualGradient: Int?
}

/// A convolution in the lanes layout with bias, ReLU and 2 × 2 maximum pooling.
struct LanesConvolutionPattern {
    var convolution: Int
    var bias: Int?
    var relu: Bool
    var pools: Bool
    var result: Int
    /// Whether a gradient needs to know which elements passed ReLU and pooling.
    var needsMasks: Bool
}

/// The gradients of such a convolution, from the gradient of its result.
struct LanesGradientPattern {
    /// The node that is the gradient of the (pooled) result.
    var gradient: Int
    /// The number of the convolution in whose masks ReLU and pooling are undone; `nil` if none was fused.
    var masksOf: Int?
    /// The nodes x and kernel of the convolution.
    var input: Int
    var kernel: Int
    var geometry: ConvolutionGeometry
    var inputGradient: Int?
    var kernelGradient: Int?
    var biasGradient: Int?
}
