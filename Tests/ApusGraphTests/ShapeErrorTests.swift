import ApusGraph
import Testing

/// What a wrong use of an operation is answered with, word for word.
struct ShapeErrorCase: Sendable, CustomStringConvertible {
    var description: String
    var messages: [String]
    var build: @Sendable () -> Node

    init(_ description: String, _ messages: String..., build: @escaping @Sendable () -> Node) {
        self.description = description
        self.messages = messages
        self.build = build
    }
}

func input(_ shape: Shape, _ type: ElementType = .float32) -> Node { Node(.input("x", TensorType(shape, type))) }

@Suite struct ShapeErrorTests {
    private static func size(_ height: Int, _ width: Int) -> ImageSize { ImageSize(height: height, width: width) }

    static let elementwise = [
        ShapeErrorCase(
            "operands that do not broadcast",
            "add: shapes [3, 4] and [5] do not fit together: aligned at the last axis, each extent must be equal or 1"
        ) { .binary(.add, input([3, 4]), input([5])) },
        ShapeErrorCase("select that does not broadcast", "select: shapes [2], [3] and [] do not fit together") {
            .select(input([2], .bool), input([3]), input([]))
        },
        ShapeErrorCase(
            "select by numbers", "select: expected a bool condition but received float32[3]"
        ) { .select(input([3]), input([3]), input([3])) },
        ShapeErrorCase(
            "function of integers",
            "exp: expected a floating-point tensor but received int32[3]; convert it with cast(to: .float32)"
        ) { input([3], .int32).unary(.exp) },
        ShapeErrorCase("sum of bool", "add: expected numbers but received bool[3]; convert it with cast(to:)") {
            .binary(.add, input([3], .bool), input([3], .bool))
        },
        ShapeErrorCase("logic of numbers", "logicalAnd: expected bool tensors but received float32[3] and float32[3]") {
            .binary(.logicalAnd, input([3]), input([3]))
        },
        ShapeErrorCase("negation of numbers", "logicalNot: expected a bool tensor but received float32[3]") {
            input([3]).unary(.logicalNot)
        },
        ShapeErrorCase("clamp upside down", "clamp: the lower bound 2.0 is above the upper bound 1.0") {
            Node(.clamp(low: .floating(2), high: .floating(1)), [input([3])])
        },
        ShapeErrorCase(
            "primitive of two types and shapes",
            "multiply: element types differ: float32[3] and float64[2]; convert one with cast(to:)",
            "multiply: shapes [3] and [2] do not fit together"
        ) { Node(.binary(.multiply), [input([3]), input([2], .float64)]) },
        ShapeErrorCase("too few inputs", "add: takes 2 inputs but received 1") { Node(.binary(.add), [input([3])]) },
        ShapeErrorCase(
            "random key", "randomUniform: expected a key of shape [2] but received [3]",
            "randomUniform: expected an int64 key but received float32[3]",
            "randomUniform: uniform needs low < high but received 1.0 and 1.0"
        ) { Node(.random(.uniform(low: 1, high: 1), stream: 0, TensorType([5], .float32)), [input([3])]) },
        ShapeErrorCase(
            "Bernoulli numbers", "randomBernoulli: a probability lies in 0...1, received 1.5",
            "randomBernoulli: Bernoulli numbers are bool, received float32[5]"
        ) {
            Node(.random(.bernoulli(probability: 1.5), stream: 0, TensorType([5], .float32)), [input([2], .int64)])
        },
    ]

    static let movement = [
        ShapeErrorCase("reshape", "reshape: a tensor of shape [3, 4] has 12 elements, which shape [5, 2] can't hold") {
            input([3, 4]).reshape([5, 2])
        },
        ShapeErrorCase("transpose", "transpose: [0, 0] is not a permutation of the 2 axes of shape [3, 4]") {
            input([3, 4]).transpose([0, 0])
        },
        ShapeErrorCase(
            "broadcast",
            "broadcast: shape [3] does not stretch to [4]: aligned at the last axis, each extent must be equal or 1"
        ) { input([3]).broadcast(to: [4]) },
        ShapeErrorCase("negative extent", "broadcast: an extent can't be negative, received shape [-1]") {
            input([1]).broadcast(to: [-1])
        },
        ShapeErrorCase("input of negative extent", "input: an extent can't be negative, received shape [2, -3]") {
            input([2, -3])
        },
        ShapeErrorCase("slice", "slice: 3 elements from 2 by 2 leave axis 0 of shape [5]") {
            Node(.slice([AxisSlice(start: 2, count: 3, stride: 2)]), [input([5])])
        },
        ShapeErrorCase("slice of too few axes", "slice: 1 ranges for the 2 axes of shape [5, 3]") {
            Node(.slice([AxisSlice(start: 0, count: 3)]), [input([5, 3])])
        },
        ShapeErrorCase("pad", "pad: padding can't be negative; use a slice to remove elements") {
            Node(.pad([AxisPadding(low: -1, high: 0)], value: .floating(0)), [input([5])])
        },
        ShapeErrorCase(
            "concatenate",
            "concatenate: tensor 1 is float32[2, 4], which differs from float32[2, 3] in more than axis 0"
        ) { Node(.concatenate(axis: 0), [input([2, 3]), input([2, 4])]) },
        ShapeErrorCase("concatenate nothing", "concatenate: needs at least one tensor") {
            Node(.concatenate(axis: 0), [])
        },
        ShapeErrorCase("reverse", "reverse: axis 2 is outside the shape [5, 3], which has 2 axes") {
            Node(.reverse(axes: [2]), [input([5, 3])])
        },
    ]

    static let indexing = [
        ShapeErrorCase(
            "gather", "gather: expected integer indices but received float32[2]; convert it with cast(to: .int32)"
        ) { Node(.gather(axis: 0), [input([5, 3]), input([2])]) },
        ShapeErrorCase("gather axis", "gather: axis 2 is outside the shape [5, 3], which has 2 axes") {
            Node(.gather(axis: 2), [input([5, 3]), input([2], .int32)])
        },
        ShapeErrorCase(
            "scatterAdd", "scatterAdd: updates of shape [4, 3] do not have the indices' shape [5] at axis 0"
        ) { Node(.scatterAdd(axis: 0, size: 7), [input([4, 3]), input([5], .int32)]) },
        ShapeErrorCase("gatherAlong", "gatherAlong: indices of shape [2, 4] do not fit [5, 3] except along axis 0") {
            Node(.gatherAlong(axis: 0), [input([5, 3]), input([2, 4], .int32)])
        },
        ShapeErrorCase("oneHot", "oneHot: the number of classes must be positive, received 0") {
            Node(.oneHot(classes: 0, .float32), [input([2], .int32)])
        },
    ]

    static let reductions = [
        ShapeErrorCase("axis", "sum: axis 2 is outside the shape [5, 3], which has 2 axes") {
            input([5, 3]).reduce(.sum, [2])
        },
        ShapeErrorCase("axis twice", "sum: axes [1, 1] name an axis twice") { input([5, 3]).reduce(.sum, [1, 1]) },
        ShapeErrorCase("maximum of nothing", "maximum: no maximum of an empty axis: axes [0] of shape [0, 3]") {
            input([0, 3]).reduce(.maximum, [0])
        },
        ShapeErrorCase(
            "mean of integers",
            "mean: expected a floating-point tensor but received int64[3]; convert it with cast(to: .float32)"
        ) { input([3], .int64).reduce(.mean, [0]) },
        ShapeErrorCase("any of numbers", "any: expected a bool tensor but received float32[3]") {
            input([3]).reduce(.any, [0])
        },
        ShapeErrorCase("argmax of nothing", "argmax: no extreme of an empty axis: axis 0 of shape [0, 3]") {
            Node(.argReduce(.argmax, axis: 0), [input([0, 3])])
        },
        ShapeErrorCase("argsort", "argsort: 4 elements of axis 0, which has 3") {
            Node(.argsort(axis: 0, descending: false, count: 4), [input([3])])
        },
    ]

    static let layers = [
        ShapeErrorCase("matmul", "matmul: the left matrix [2, 3] has 3 columns but the right matrix [4, 5] has 4 rows")
        {
            .matmul(input([2, 3]), input([4, 5]))
        },
        ShapeErrorCase("matmul of a vector", "matmul: expected matrices but received shapes [3] and [3, 5]") {
            .matmul(input([3]), input([3, 5]))
        },
        ShapeErrorCase("matmul of batches", "matmul: the leading axes of [2, 3, 4] and [5, 4, 6] differ") {
            .matmul(input([2, 3, 4]), input([5, 4, 6]))
        },
        ShapeErrorCase(
            "convolution channels",
            "convolution: the kernel [3, 3, 4, 8] expects 4 input channels (axis 3) but the input [1, 5, 5, 3] has 3"
        ) { Node(.convolution(ConvolutionGeometry()), [input([1, 5, 5, 3]), input([3, 3, 4, 8])]) },
        ShapeErrorCase(
            "convolution window",
            "convolution: the window of 7 × 3 does not fit the padded image of 5 × 5; "
                + "use a smaller kernel, more padding, or fewer layers that shrink the image"
        ) {
            Node(
                .convolution(ConvolutionGeometry(dilation: size(3, 1))), [input([1, 5, 5, 3]), input([3, 3, 3, 8])])
        },
        ShapeErrorCase("convolution groups", "convolution: 2 groups do not divide 3 input and 8 output channels") {
            Node(.convolution(ConvolutionGeometry(groups: 2)), [input([1, 5, 5, 3]), input([3, 3, 1, 8])])
        },
        ShapeErrorCase("convolution strides", "convolution: strides must be positive, received 0 × 1") {
            Node(.convolution(ConvolutionGeometry(strides: size(0, 1))), [input([1, 5, 5, 3]), input([3, 3, 3, 8])])
        },
        ShapeErrorCase(
            "convolution of a matrix",
            "convolution: expected a tensor [N, H, W, C] with 4 axes but received shape [5, 5]"
        ) {
            Node(.convolution(ConvolutionGeometry()), [input([5, 5]), input([3, 3, 3, 8])])
        },
        ShapeErrorCase(
            "attention of matrices",
            "attention: expected floating-point tensors [N, positions, heads, size] but received queries float32[5, 3], "
                + "keys float32[5, 3] and values float32[5, 3]"
        ) { Node(.attention(AttentionForm(isCausal: true, scale: 1)), Array(repeating: input([5, 3]), count: 3)) },
        ShapeErrorCase(
            "attention's gradient of another result",
            "attentionGradient: expected a result of shape [1, 5, 2, 4] but received [1, 5, 2, 3]"
        ) {
            let (x, v) = (input([1, 5, 2, 3]), input([1, 5, 2, 4]))
            return Node(.attentionGradient(AttentionForm(isCausal: true, scale: 1), of: .keys), [x, x, v, x, v])
        },
        ShapeErrorCase(
            "pooling window",
            "maxPool: the window of 3 × 3 does not fit the image of 2 × 5; "
                + "use a smaller window or fewer layers that shrink the image"
        ) { Node(.maxPool(PoolGeometry(window: size(3, 3), strides: size(1, 1))), [input([1, 2, 5, 3])]) },
        ShapeErrorCase("pooling padding", "averagePool: padding must be smaller than the window") {
            Node(
                .averagePool(
                    PoolGeometry(
                        window: size(2, 2), strides: size(2, 2),
                        padding: ImagePadding(top: 2, left: 0, bottom: 0, right: 0))),
                [input([1, 5, 5, 3])])
        },
        ShapeErrorCase(
            "batch norm", "batchNorm: expected a scale of shape [3] but received [4]",
            "batchNorm: expected a variance of shape [3] but received []"
        ) { Node(.batchNorm(epsilon: 0), [input([5, 3]), input([4]), input([3]), input([3]), input([])]) },
        ShapeErrorCase("layer norm", "layerNorm: expected an offset of shape [3] but received [1]") {
            Node(.layerNorm(epsilon: 0), [input([5, 3]), input([3]), input([1])])
        },
        ShapeErrorCase("softmax", "softmax: axis 1 is outside the shape [3], which has 1 axes") {
            Node(.softmax(axis: 1), [input([3])])
        },
        ShapeErrorCase(
            "labels",
            "softmaxCrossEntropy: expected integer labels but received float32[4]; convert it with cast(to: .int32)",
            "softmaxCrossEntropy: expected labels of shape [5] but received [4]"
        ) { Node(.softmaxCrossEntropy, [input([5, 3]), input([4])]) },
        ShapeErrorCase("logits", "softmaxCrossEntropy: expected logits [N, C] with 2 axes but received shape [3]") {
            Node(.softmaxCrossEntropy, [input([3]), input([3], .int32)])
        },
    ]

    @Test(arguments: elementwise + movement + indexing + reductions + layers)
    func message(_ shapeError: ShapeErrorCase) {
        let node = shapeError.build()
        #expect(!node.isValid)
        #expect(node.problems.map(\.description) == shapeError.messages)
    }

    /// Problems pass through differentiation instead of stopping it.
    @Test(arguments: elementwise + movement + indexing + reductions + layers)
    func gradientCarriesTheMessage(_ shapeError: ShapeErrorCase) {
        let node = shapeError.build()
        let result = node.unary(.exp)
        for gradient in Node.gradients(of: [result], withRespectTo: node.inputs)
            + Node.gradients(of: [result], withRespectTo: [node])
        {
            #expect(gradient.problems.map(\.description) == shapeError.messages)
        }
    }
}
