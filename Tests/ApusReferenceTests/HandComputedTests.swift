import ApusBackend
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Values worked out on paper, so that the oracle itself is checked.
@Suite struct HandComputedTests {
    /// The value of an operation on `float64` tensors, and integers where a type is named.
    private func value(
        _ operation: Operation, _ inputs: (Shape, [Double])..., integers: [Int: ElementType] = [:]
    ) throws -> [Double] {
        let nodes = inputs.enumerated().map {
            Node(.input("x\($0)", TensorType($1.0, integers[$0] ?? .float64)))
        }
        let values = zip(nodes, inputs).map {
            ReferenceValue(shape: $0.shape, elementType: $0.elementType, values: $1.1)
        }
        let result = Node(operation, nodes)
        return try ReferenceBackend().run(
            Graph(inputs: nodes, outputs: [Graph.Output(name: "y", node: result)]), inputs: values)[0].values
    }

    private func expectClose(
        _ received: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(relativeDifference(received, expected) < 1e-14, "\(received)", sourceLocation: sourceLocation)
        #expect(received.count == expected.count, sourceLocation: sourceLocation)
    }

    private let oneToNine = (Shape([1, 3, 3, 1]), (1...9).map(Double.init))
    private let kernel = (Shape([2, 2, 1, 1]), [1.0, 2, 3, 4])

    // MARK: Convolution

    @Test func convolution() throws {
        #expect(try value(.convolution(ConvolutionGeometry()), oneToNine, kernel) == [37, 47, 67, 77])
    }

    @Test func convolutionWithStrideAndPadding() throws {
        let geometry = ConvolutionGeometry(
            strides: ImageSize(height: 2, width: 2), padding: ImagePadding(top: 1, left: 1, bottom: 0, right: 0))
        #expect(try value(.convolution(geometry), oneToNine, kernel) == [4, 18, 36, 77])
    }

    @Test func convolutionWithDilation() throws {
        let geometry = ConvolutionGeometry(dilation: ImageSize(height: 1, width: 2))
        #expect(
            try value(.convolution(geometry), ([1, 1, 5, 1], [1, 2, 3, 4, 5]), ([1, 3, 1, 1], [1, 10, 100])) == [531])
    }

    @Test func convolutionInGroups() throws {
        let y = try value(
            .convolution(ConvolutionGeometry(groups: 2)), ([1, 1, 1, 4], [1, 2, 3, 4]),
            ([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(y == [11, 14, 37, 44])
    }

    @Test func convolutionGradients() throws {
        let gradient = (Shape([1, 2, 2, 1]), [1.0, 0, 0, 1])
        let geometry = ConvolutionGeometry()
        #expect(
            try value(.convolutionInputGradient(geometry, image: ImageSize(height: 3, width: 3)), gradient, kernel)
                == [1, 2, 0, 3, 5, 2, 0, 3, 4])
        #expect(
            try value(.convolutionKernelGradient(geometry, window: ImageSize(height: 2, width: 2)), oneToNine, gradient)
                == [6, 8, 12, 14])
    }

    // MARK: Pooling

    private func pool(
        _ window: (Int, Int), _ strides: (Int, Int), padding: Int = 0, ceilMode: Bool = false,
        countsPadding: Bool = false
    ) -> PoolGeometry {
        PoolGeometry(
            window: ImageSize(height: window.0, width: window.1),
            strides: ImageSize(height: strides.0, width: strides.1),
            padding: ImagePadding(top: padding, left: padding, bottom: padding, right: padding), ceilMode: ceilMode,
            countsPadding: countsPadding)
    }

    @Test func maxPool() throws {
        #expect(try value(.maxPool(pool((2, 2), (1, 1))), oneToNine) == [5, 6, 8, 9])
        #expect(
            try value(.maxPool(pool((2, 2), (2, 2), padding: 1)), ([1, 2, 2, 1], [-1, -2, -3, -4])) == [-1, -2, -3, -4])
        #expect(try value(.maxPool(pool((1, 2), (1, 1))), ([1, 1, 3, 1], [1, .nan, 2])).allSatisfy(\.isNaN))
    }

    @Test func maxPoolGradientGoesToTheFirstMaximum() throws {
        let ones = (Shape([1, 2, 3, 1]), [1.0, 1, 1, 1, 1, 1])
        #expect(
            try value(.maxPoolGradient(pool((2, 2), (1, 1))), ones, ([1, 1, 2, 1], [10, 20])) == [10, 20, 0, 0, 0, 0])
        #expect(
            try value(.maxPoolSelect(pool((2, 2), (1, 1))), ones, ([1, 2, 3, 1], [1, 2, 3, 4, 5, 6])) == [1, 2])
    }

    @Test func averagePoolDivisors() throws {
        let x = (Shape([1, 2, 2, 1]), [1.0, 2, 3, 4])
        #expect(try value(.averagePool(pool((2, 2), (1, 1))), x) == [2.5])
        #expect(try value(.averagePool(pool((2, 2), (2, 2), padding: 1)), x) == [1, 2, 3, 4])
        #expect(
            try value(.averagePool(pool((2, 2), (2, 2), padding: 1, countsPadding: true)), x) == [0.25, 0.5, 0.75, 1])
        // The cell that rounding up adds never counts.
        let line = (Shape([1, 1, 3, 1]), [1.0, 2, 3])
        #expect(try value(.averagePool(pool((1, 2), (1, 2), ceilMode: true)), line) == [1.5, 3])
        #expect(try value(.averagePool(pool((1, 2), (1, 2), ceilMode: true, countsPadding: true)), line) == [1.5, 3])
        let column = (Shape([1, 3, 1, 1]), [1.0, 2, 3])
        #expect(try value(.averagePool(pool((2, 1), (2, 1), ceilMode: true, countsPadding: true)), column) == [1.5, 3])
    }

    // MARK: Normalization

    @Test func batchNorm() throws {
        let x = (Shape([4, 1]), [0.0, 0, 3, 3])
        let moments = (Shape([2, 1]), [1.5, 2.25])
        #expect(try value(.channelMoments, x) == [1.5, 2.25])
        #expect(
            try value(.batchNorm(epsilon: 0), x, ([1], [2]), ([1], [1]), ([1], [1.5]), ([1], [2.25])) == [-1, -1, 3, 3])
        #expect(try value(.batchNormTraining(epsilon: 0), x, ([1], [2]), ([1], [1]), moments) == [-1, -1, 3, 3])
        let gradient = (Shape([4, 1]), [1.0, 2, 3, 5])
        #expect(try value(.batchNormParameterGradient(epsilon: 0), x, gradient, moments) == [5, 11])
        expectClose(
            try value(.batchNormInputGradient(epsilon: 0), x, gradient, ([1], [2]), moments, ([2, 1], [5, 11])),
            [-2.0 / 3, 2.0 / 3, -4.0 / 3, 4.0 / 3])
    }

    @Test func batchNormIsPerChannel() throws {
        #expect(try value(.channelMoments, ([2, 2], [1, 10, 3, 30])) == [2, 20, 1, 100])
    }

    @Test func layerNorm() throws {
        #expect(
            try value(.layerNorm(epsilon: 0), ([2, 2], [1, 3, 8, 4]), ([2], [2, 3]), ([2], [0, 1])) == [-2, 4, 2, -2])
        // √(variance + ε) = √(1 + 3) = 2
        #expect(try value(.layerNorm(epsilon: 3), ([1, 2], [1, 3]), ([2], [1, 1]), ([2], [0, 0])) == [-0.5, 0.5])
    }

    // MARK: Softmax

    @Test func softmax() throws {
        let logThree = 1.0986122886681098
        expectClose(try value(.softmax(axis: 1), ([1, 2], [5, 5 + logThree])), [0.25, 0.75])
        expectClose(try value(.softmax(axis: 0), ([2, 1], [1000, 1000])), [0.5, 0.5])
        expectClose(try value(.logSoftmax(axis: 0), ([2], [0, 0])), [-0.6931471805599453, -0.6931471805599453])
    }

    @Test func softmaxCrossEntropy() throws {
        let logits = (Shape([2, 2]), [0, 1.0986122886681098, 1.0986122886681098, 0])
        expectClose(
            try value(.softmaxCrossEntropy, logits, ([2], [0, 0]), integers: [1: .int32]),
            [1.3862943611198906, 0.28768207245178096])
        expectClose(
            try value(.softmaxCrossEntropyGradient, logits, ([2], [0, 1]), ([2], [2, 4]), integers: [1: .int32]),
            [-1.5, 1.5, 3, -3])
    }

    // MARK: Attention

    @Test func attention() throws {
        // Products 0 and log 3 with each key: weights 1/4 and 3/4.
        let (q, k) = ((Shape([1, 2, 1, 1]), [2.0, 2]), (Shape([1, 2, 1, 1]), [0, 1.0986122886681098]))
        let (v, g) = ((Shape([1, 2, 1, 2]), [4.0, 0, 8, -4]), (Shape([1, 2, 1, 2]), [1.0, 0, 0, 1]))
        let form = AttentionForm(isCausal: false, scale: 0.5)
        let causal = AttentionForm(isCausal: true, scale: 0.5)
        expectClose(try value(.attention(form), q, k, v), [7, -3, 7, -3])
        expectClose(try value(.attention(causal), q, k, v), [4, 0, 7, -3])
        let y = (Shape([1, 2, 1, 2]), [7.0, -3, 7, -3])
        // To values: weights times gradients.
        expectClose(try value(.attentionGradient(form, of: .values), q, k, v, y, g), [0.25, 0.25, 0.75, 0.75])
        // To products: w (g · v − g · y) = 1/4 · (4 − 7), 3/4 · (8 − 7) and 1/4 · (0 + 3), 3/4 · (−4 + 3).
        expectClose(
            try value(.attentionGradient(form, of: .queries), q, k, v, y, g),
            [0.375 * 1.0986122886681098, -0.375 * 1.0986122886681098])
        expectClose(try value(.attentionGradient(form, of: .keys), q, k, v, y, g), [0, 0])
        let first = (Shape([1, 2, 1, 2]), [1.0, 0, 0, 0])
        expectClose(try value(.attentionGradient(form, of: .keys), q, k, v, y, first), [-0.75, 0.75])
        // One head of keys and values serves two of queries.
        expectClose(
            try value(.attention(form), ([1, 1, 2, 1], [2, 0]), ([1, 2, 1, 1], k.1), ([1, 2, 1, 1], [4, 8])), [7, 6])
    }

    // MARK: Indexing, reductions, movement

    @Test func indexing() throws {
        let integers: [Int: ElementType] = [1: .int64]
        #expect(
            try value(.scatterAdd(axis: 0, size: 4), ([3], [1, 2, 3]), ([3], [1, 1, 0]), integers: integers) == [
                3, 3, 0, 0,
            ])
        #expect(
            try value(
                .scatterAdd(axis: 1, size: 2), ([2, 3], [1, 2, 3, 4, 5, 6]), ([3], [1, 0, 1]), integers: integers)
                == [2, 4, 5, 10])
        #expect(
            try value(.gather(axis: 1), ([2, 3], [1, 2, 3, 4, 5, 6]), ([2], [2, 0]), integers: integers) == [
                3, 1, 6, 4,
            ])
        #expect(
            try value(.gatherAlong(axis: 1), ([2, 3], [1, 2, 3, 4, 5, 6]), ([2, 1], [2, 0]), integers: integers) == [
                3, 4,
            ])
        #expect(
            try value(
                .scatterAddAlong(axis: 1, size: 3), ([2, 2], [1, 2, 3, 4]), ([2, 2], [2, 2, 0, 1]), integers: integers)
                == [0, 0, 3, 3, 4, 0])
        #expect(
            try value(.oneHot(classes: 3, .float64), ([3], [2, 0, 1]), integers: [0: .int32]) == [
                0, 0, 1, 1, 0, 0, 0, 1, 0,
            ])
    }

    @Test func reductions() throws {
        let x = (Shape([2, 3]), [1.0, 2, 3, 4, 5, 7])
        #expect(try value(.reduce(.sum, axes: [1]), x) == [6, 16])
        #expect(try value(.reduce(.mean, axes: [0]), x) == [2.5, 3.5, 5])
        #expect(try value(.reduce(.product, axes: [0, 1]), x) == [840])
        #expect(try value(.reduce(.maximum, axes: [0]), x) == [4, 5, 7])
        #expect(try value(.cumulativeSum(axis: 1, exclusive: false, reverse: false), x) == [1, 3, 6, 4, 9, 16])
        #expect(try value(.cumulativeSum(axis: 1, exclusive: true, reverse: true), x) == [5, 3, 0, 12, 7, 0])
        #expect(try value(.argReduce(.argmax, axis: 0), ([4], [1, 3, 3, 0])) == [1])
        #expect(try value(.argReduce(.argmax, axis: 0), ([4], [1, .nan, 3, .nan])) == [1])
        #expect(try value(.argReduce(.argmin, axis: 0), ([4], [1, 0, 0, 2])) == [1])
        let unsorted = (Shape([5]), [2, .nan, 1, 2, -Double.infinity])
        #expect(try value(.argsort(axis: 0, descending: false, count: 5), unsorted) == [4, 2, 0, 3, 1])
        #expect(try value(.argsort(axis: 0, descending: true, count: 4), unsorted) == [1, 0, 3, 2])
    }

    @Test func movement() throws {
        let x = (Shape([2, 3]), [1.0, 2, 3, 4, 5, 6])
        #expect(try value(.transpose([1, 0]), x) == [1, 4, 2, 5, 3, 6])
        // y.shape[i] = x.shape[permutation[i]]: [1, 2, 3] → [3, 1, 2]
        #expect(try value(.transpose([2, 0, 1]), ([1, 2, 3], [1, 2, 3, 4, 5, 6])) == [1, 4, 2, 5, 3, 6])
        #expect(try value(.reverse(axes: [1]), x) == [3, 2, 1, 6, 5, 4])
        #expect(try value(.broadcast([2, 2]), ([2, 1], [1, 2])) == [1, 1, 2, 2])
        #expect(
            try value(.slice([AxisSlice(start: 1, count: 1), AxisSlice(start: 0, count: 2, stride: 2)]), x) == [4, 6])
        #expect(
            try value(.pad([AxisPadding(low: 0, high: 1), AxisPadding(low: 1, high: 0)], value: .floating(9)), x)
                == [9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9])
        #expect(try value(.concatenate(axis: 1), x, ([2, 1], [7, 8])) == [1, 2, 3, 7, 4, 5, 6, 8])
        #expect(try value(.matmul, x, ([3, 2], [1, 0, 0, 1, 1, 1])) == [4, 5, 10, 11])
    }

    // MARK: Elementwise

    private func binary(_ operation: BinaryOperation, _ a: [Double], _ b: [Double], _ type: ElementType) throws
        -> [Double]
    {
        try value(.binary(operation), ([a.count], a), ([b.count], b), integers: [0: type, 1: type])
    }

    @Test func integerArithmetic() throws {
        let (a, b) = ([7.0, -7, 7, -7, 5, -6], [2.0, 2, -2, -2, 0, 3])
        #expect(try binary(.divide, a, b, .int32) == [3, -3, -3, 3, 0, -2])
        #expect(try binary(.remainder, a, b, .int32) == [1, 1, -1, -1, 0, 0])
        #expect(try binary(.remainder, a, b, .float64).prefix(4) == [1, 1, -1, -1])
        #expect(
            try binary(.remainder, [1, -1, 5.5, -5.5], [.infinity, .infinity, -2, 2], .float64) == [
                1, .infinity, -0.5, 0.5,
            ])
        #expect(try binary(.remainder, [2, .infinity], [0, 2], .float64).allSatisfy(\.isNaN))
        #expect(try binary(.power, [2, 2, -1, 0, 3], [10, -1, -3, -1, 0], .int64) == [1024, 0, -1, 0, 1])
        #expect(try binary(.add, [250, 2_147_483_647], [10, 1], .int32) == [260, -2_147_483_648])
        #expect(try binary(.add, [250], [10], .uint8) == [4])
        #expect(try binary(.multiply, [65536], [65536], .int32) == [0])
        #expect(try binary(.divide, [-2_147_483_648], [-1], .int32) == [-2_147_483_648])
    }

    @Test func notANumber() throws {
        for operation in [BinaryOperation.minimum, .maximum] {
            #expect(try binary(operation, [.nan, 1], [1, .nan], .float64).allSatisfy(\.isNaN))
        }
        #expect(try value(.unary(.relu), ([3], [.nan, -1, 2])).description == "[nan, 0.0, 2.0]")
        #expect(
            try value(.clamp(low: .floating(0), high: .floating(1)), ([3], [.nan, -1, 2])).description
                == "[nan, 0.0, 1.0]")
        #expect(try value(.reduce(.maximum, axes: [0]), ([2], [.nan, 1]))[0].isNaN)
    }

    @Test func rounding() throws {
        #expect(try value(.unary(.round), ([6], [0.5, 1.5, 2.5, -0.5, -1.5, 2.6])) == [0, 2, 2, 0, -2, 3])
        let values = (Shape([7]), [1.9, -1.9, 3e9, -3e9, .nan, .infinity, 0])
        #expect(try value(.cast(.int32), values) == [1, -1, 2_147_483_647, -2_147_483_648, 0, 2_147_483_647, 0])
        #expect(try value(.cast(.uint8), values) == [1, 0, 255, 0, 0, 255, 0])
        #expect(try value(.cast(.bool), values) == [1, 1, 1, 1, 1, 1, 0])
        #expect(try value(.cast(.uint8), ([3], [-1, 256, 300]), integers: [0: .int32]) == [255, 0, 44])
        #expect(try value(.cast(.float32), ([2], [0.1, 16_777_217])) == [Double(Float(0.1)), 16_777_216])
        // 8 significant bits, ties to even.
        #expect(try value(.cast(.bfloat16), ([4], [257, 259, 0.1, 1])) == [256, 260, 0.10009765625, 1])
    }
}
