import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Programs on one thread and on several. Own kernels split work so that the bits do not depend on the threads; what oneDNN computes
/// is near.
@Suite(.serialized) struct ThreadTests {
    private func check(_ graph: Graph, _ values: [ReferenceValue], _ tolerance: Double) throws {
        let program = try CPU.compile(graph)
        let results = try [1, 3].map { threads in try Engine.withThreads(threads) { try program.values(values) } }
        if program.stepNames.contains(where: { $0.contains("oneDNN") }) {
            expectClose(results[1], results[0], tolerance, "\(program.stepNames)")
        } else {
            // NaN equals itself here.
            #expect(results[0].map { $0.values.map(\.bitPattern) } == results[1].map { $0.values.map(\.bitPattern) })
        }
    }

    @Test(arguments: OperationTable.rows) func operations(row: OperationRow) throws {
        let instance = row.instance(.float32)
        try check(instance.graph, instance.values, 1e-5)
    }

    // MARK: Kernels that split

    /// What is large enough for several threads.
    private struct Case: Sendable, CustomStringConvertible {
        var description: String
        var inputs: [TestInput]
        var type = ElementType.float32
        /// Whether the gradients are computed, too.
        var hasGradients = true
        var build: @Sendable ([Node]) -> Node

        init(
            _ description: String, _ inputs: [TestInput], _ type: ElementType = .float32, hasGradients: Bool = true,
            build: @escaping @Sendable ([Node]) -> Node
        ) {
            (self.description, self.inputs, self.type, self.hasGradients) = (description, inputs, type, hasGradients)
            self.build = build
        }
    }

    private static let square = PoolGeometry(
        window: ImageSize(height: 2, width: 2), strides: ImageSize(height: 2, width: 2))
    private static let overlapping = PoolGeometry(
        window: ImageSize(height: 3, width: 3), strides: ImageSize(height: 2, width: 2))
    private static let rows = TestInput.floating([257, 160])
    private static let image = TestInput.floating([3, 24, 25, 24], .distinct(spacing: 0.001))
    private static let channel = TestInput.wide([24], .uniform(0.5...2))

    private static let cases: [Case] = [
        Case("elementwise", [rows, .floating([160]), .floating([257, 1])]) { ($0[0] + $0[1]).unary(.tanh) * $0[2] },
        Case("sum of lines", [rows]) { $0[0].reduce(.sum, [1]) },
        Case("mean of columns", [rows]) { $0[0].reduce(.mean, [0]) },
        Case("sum of all", [.floating([60_001])]) { $0[0].reduce(.sum, [0]) },
        Case("maximum of columns", [.floating([257, 160], .distinct(spacing: 0.001))]) { $0[0].reduce(.maximum, [0]) },
        Case("argmax", [rows], hasGradients: false) { Node(.argReduce(.argmax, axis: 1), [$0[0]]) },
        Case("cumulative sum", [rows]) { Node(.cumulativeSum(axis: 0, exclusive: true, reverse: true), [$0[0]]) },
        Case("sort", [rows], hasGradients: false) {
            Node(.argsort(axis: 1, descending: true, count: 160), [$0[0]])
        },
        Case("softmax", [rows]) { Node(.softmax(axis: 1), [$0[0]]) },
        Case("softmax of columns", [rows]) { Node(.softmax(axis: 0), [$0[0]]) },
        Case("logSoftmax", [rows]) { Node(.logSoftmax(axis: 1), [$0[0]]) },
        Case("cross-entropy", [rows, .integers([257], 0...159)]) { Node(.softmaxCrossEntropy, $0) },
        Case("maxPool", [image]) { Node(.maxPool(square), [$0[0].unary(.sine)]) },
        Case("overlapping maxPool", [image]) { Node(.maxPool(overlapping), [$0[0].unary(.sine)]) },
        Case("averagePool", [image]) { Node(.averagePool(overlapping), [$0[0]]) },
        Case("batchNorm", [image, channel, channel]) {
            Node(.batchNormTraining(epsilon: 0.1), $0 + [Node(.channelMoments, [$0[0]])]).unary(.relu)
        },
        Case("layerNorm", [rows, .floating([160]), .floating([160])]) { Node(.layerNorm(epsilon: 0.1), $0) },
        Case("attention", [.floating([3, 70, 4, 8]), .floating([3, 133, 2, 8]), .floating([3, 133, 2, 12])]) {
            Node(.attention(AttentionForm(isCausal: false, scale: 0.3)), $0)
        },
        Case(
            "causal attention", [.floating([2, 150, 3, 16]), .floating([2, 150, 3, 16]), .floating([2, 150, 3, 16])]
        ) {
            Node(.attention(AttentionForm(isCausal: true, scale: 0.3)), $0)
        },
        Case("transposed copy", [.floating([40, 30, 50])]) { $0[0].transpose([2, 0, 1]).reshape([60_000]) },
        Case("padding", [rows]) {
            Node(.pad([AxisPadding(low: 1, high: 2), AxisPadding(low: 3, high: 0)], value: .floating(2)), [$0[0]])
        },
        Case("concatenation", [rows, rows]) { Node(.concatenate(axis: 1), $0) },
        Case("gather", [rows, .integers([400], 0...256)]) { Node(.gather(axis: 0), $0) },
        Case("scatterAdd", [.floating([400, 160]), .integers([400], 0...99)]) {
            Node(.scatterAdd(axis: 0, size: 100), $0)
        },
        Case("gatherAlong", [rows, .integers([300, 160], 0...256)]) { Node(.gatherAlong(axis: 0), $0) },
        Case("product", [.floating([150, 70]), .floating([70, 230]), .floating([230])]) {
            (Node.matmul($0[0], $0[1]) + $0[2]).unary(.tanh)
        },
        Case("products", [.floating([5, 70, 40]), .floating([5, 40, 110])]) { Node.matmul($0[0], $0[1]) },
        Case("lanes", [.floating([32, 12, 12, 2]), .floating([3, 3, 2, 8]), .floating([8])]) {
            Node(.maxPool(square), [(Node(.convolution(ConvolutionGeometry()), [$0[0], $0[1]]) + $0[2]).unary(.relu)])
        },
        Case("Winograd", [.floating([2, 14, 13, 32]), .floating([3, 3, 32, 48])]) {
            Node(.convolution(ConvolutionGeometry()), $0)
        },
        Case("oneDNN", [.floating([2, 14, 13, 24]), .floating([5, 5, 24, 32])]) {
            Node(.convolution(ConvolutionGeometry()), $0)
        },
        Case("convolution of float64", [.floating([2, 10, 9, 8]), .floating([3, 3, 8, 24])], .float64) {
            Node(.convolution(ConvolutionGeometry()), $0)
        },
        Case("random", [.key(3, 4)], hasGradients: false) {
            Node(.random(.normal(mean: 1, standardDeviation: 2), stream: 9, TensorType([50_001], .float32)), [$0[0]])
        },
    ]

    @Test(arguments: cases.indices) func kernelsThatSplit(index: Int) throws {
        let item = Self.cases[index]
        let row = OperationRow(item.description, item.inputs) { x, _ in item.build(x) }
        let instance = row.instance(item.type)
        try check(instance.graph, instance.values, 1e-5)
        let (graph, values) =
            item.hasGradients ? (instance.gradientGraph, instance.gradientValues) : (instance.graph, instance.values)
        try check(graph, values, 1e-4)
        // Right as well as equal.
        expectClose(
            try CPU.values(graph, values), try ReferenceBackend().run(graph, inputs: values), 1e-4, item.description)
    }
}
