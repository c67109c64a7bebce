import ApusChecks
import ApusData
import ApusExperiments
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import Testing

/// Every layer through everything that must hold of layers.
@Suite struct ConformanceTests {
    struct Item: Sendable, CustomTestStringConvertible {
        let layer: any Layer
        /// The shape of a sample, and the smallest that the layer takes.
        let input: Shape
        let smallest: Shape
        let output: Shape
        let parameterCount: Int
        var testDescription: String { "\(layer)" }

        init(_ layer: any Layer, _ input: Shape, _ smallest: Shape, _ output: Shape, _ parameterCount: Int = 0) {
            self.layer = layer
            self.input = input
            self.smallest = smallest
            self.output = output
            self.parameterCount = parameterCount
        }
    }

    static let table: [Item] = [
        Item(Dense(5, activation: .tanh), [4], [1], [5], 25),
        Item(Dense(3, useBias: false, activityRegularizer: .l2()), [2, 4], [1, 1], [2, 3], 12),
        Item(Embedding(vocabulary: 7, 3), [4], [1], [4, 3], 21),
        Item(Conv1D(filters: 3, kernelSize: 3, strides: 2, padding: .same), [7, 2], [1, 2], [4, 3], 21),
        Item(
            Conv2D(filters: 4, kernelSize: [3, 2], padding: .same, groups: 2, activation: .softplus), [5, 6, 2],
            [1, 1, 2], [5, 6, 4], 28),
        Item(
            Conv2D(filters: 2, kernelSize: 3, strides: 2, padding: .explicit(1), dilation: 2), [7, 6, 3], [3, 3, 3],
            [3, 2, 2], 56),
        Item(Conv1DTranspose(filters: 3, kernelSize: 3, strides: 2, padding: .same), [4, 2], [1, 2], [8, 3], 21),
        Item(Conv2DTranspose(filters: 2, kernelSize: 3, strides: 2), [3, 4, 2], [1, 1, 2], [7, 9, 2], 38),
        Item(DepthwiseConv1D(kernelSize: 3, padding: .same, depthMultiplier: 2), [5, 2], [1, 2], [5, 4], 16),
        Item(DepthwiseConv2D(kernelSize: 3, padding: .same), [5, 4, 3], [1, 1, 3], [5, 4, 3], 30),
        Item(SeparableConv1D(filters: 4, kernelSize: 3, padding: .same), [5, 2], [1, 2], [5, 4], 18),
        Item(SeparableConv2D(filters: 4, kernelSize: 2, depthMultiplier: 2), [5, 4, 2], [2, 2, 2], [4, 3, 4], 36),
        Item(MaxPool1D(2), [6, 3], [2, 3], [3, 3]),
        Item(MaxPool2D(3, strides: 2, padding: .same), [6, 5, 2], [1, 1, 2], [3, 3, 2]),
        Item(AveragePool1D(2, ceilMode: true), [5, 3], [2, 3], [3, 3]),
        Item(AveragePool2D(3, strides: 2, padding: .same, countsPadding: true), [6, 5, 2], [1, 1, 2], [3, 3, 2]),
        Item(GlobalAveragePool(), [3, 4, 2], [1, 1, 2], [2]),
        Item(GlobalMaxPool(keepsAxes: true), [3, 4, 2], [1, 1, 2], [1, 1, 2]),
        Item(AdaptiveAveragePool1D(3), [5, 2], [1, 2], [3, 2]),
        Item(AdaptiveAveragePool2D([2, 3]), [4, 5, 2], [1, 1, 2], [2, 3, 2]),
        Item(Flatten(), [3, 4, 2], [1, 1, 1], [24]),
        Item(Reshape([6, -1]), [3, 4], [3, 2], [6, 2]),
        Item(Permute([2, 3, 1]), [3, 4, 2], [1, 1, 1], [4, 2, 3]),
        Item(ZeroPadding1D(Edges1D(left: 1, right: 2)), [3, 2], [1, 1], [6, 2]),
        Item(ZeroPadding2D([1, 2]), [3, 4, 2], [1, 1, 1], [5, 8, 2]),
        Item(Cropping1D(1), [4, 2], [3, 1], [2, 2]),
        Item(Cropping2D(Edges2D(top: 1, right: 2)), [3, 4, 2], [2, 3, 1], [2, 2, 2]),
        Item(UpSampling1D(3), [2, 2], [1, 1], [6, 2]),
        Item(UpSampling2D([2, 1]), [2, 3, 2], [1, 1, 1], [4, 3, 2]),
        Item(UpSampling2D(2, interpolation: .bilinear), [2, 3, 2], [1, 1, 1], [4, 6, 2]),
        Item(Rescaling(scale: 0.5, offset: 1), [3], [1], [3]),
        Item(Normalization(mean: [0.5, 1], variance: [2, 4]), [3, 2], [1, 2], [3, 2], 4),
        Item(BatchNorm(), [3, 4, 2], [1, 1, 2], [3, 4, 2], 8),
        Item(BatchNorm(center: false, scale: false), [5], [1], [5], 10),
        Item(LayerNorm(), [3, 4], [1, 2], [3, 4], 8),
        Item(GroupNorm(groups: 2), [3, 3, 4], [1, 1, 4], [3, 3, 4], 8),
        Item(InstanceNorm(), [3, 3, 2], [2, 1, 2], [3, 3, 2], 4),
        Item(RMSNorm(), [3, 4], [1, 1], [3, 4], 4),
        Item(LocalResponseNorm(3, alpha: 0.5), [2, 2, 5], [1, 1, 1], [2, 2, 5]),
        Item(SqueezeExcitation(3), [3, 4, 2], [1, 1, 2], [3, 4, 2], 17),
        Item(SparseConv2D(kernelSize: 2, connections: [[0], [0, 1]]), [3, 4, 2], [2, 2, 2], [2, 3, 2], 14),
        Item(ChannelScale(0.5, useBias: true), [3, 4], [1, 1], [3, 4], 8),
        Item(ChannelPadding(before: 1, after: 2), [3, 2], [1, 1], [3, 5]),
        Item(Dropout(0.4), [6], [1], [6]),
        Item(SpatialDropout(0.4), [3, 3, 4], [1, 1, 1], [3, 3, 4]),
        Item(StochasticDepth(0.4), [3, 2], [1, 1], [3, 2]),
        Item(AlphaDropout(0.4), [6], [1], [6]),
        Item(GaussianDropout(0.4), [6], [1], [6]),
        Item(GaussianNoise(0.4), [6], [1], [6]),
        Item(ActivationLayer(.gelu()), [6], [1], [6]),
        Item(PReLU(sharedAxes: [1]), [3, 2], [1, 1], [3, 2], 2),
        Item(MultiHeadAttention(heads: 2), [5, 4], [1, 2], [5, 4], 80),
        Item(
            MultiHeadAttention(
                heads: 4, keySize: 2, keyValueHeads: 2, isCausal: true, positions: .rotary, useBias: false), [5, 3],
            [1, 1], [5, 3], 72),
        Item(TransformerBlock(heads: 2, isCausal: true, positions: .rotary), [5, 4], [1, 4], [5, 4], 244),
        Item(TransformerBlock(heads: 2, hidden: 3, normalization: .after), [3, 4], [1, 4], [3, 4], 127),
        Item(SimpleRNN(3), [5, 4], [1, 1], [3], 24),
        Item(LSTM(3, returnsSequences: true), [5, 4], [1, 1], [5, 3], 96),
        Item(GRU(3), [5, 4], [1, 1], [3], 81),
        Item(GRU(3, returnsSequences: true, resetsAfter: false), [5, 4], [1, 1], [5, 3], 72),
        Item(Bidirectional(layer: LSTM(3)), [5, 4], [1, 1], [6], 192),
        Item(PositionEmbedding(length: 5), [5, 3], [5, 1], [5, 3], 15),
        Item(SinusoidalEncoding(), [5, 4], [1, 2], [5, 4]),
        Item(Conv1D(filters: 3, kernelSize: 3, padding: .causal, dilation: 2), [7, 2], [1, 2], [7, 3], 21),
        Item(Residual(body: Sequential([Dense(4)]), activation: .silu), [4], [4], [4], 20),
        Item(
            Residual(body: Sequential([Dense(3)]), shortcut: Sequential([Dense(3, useBias: false)])), [4], [1], [3], 27),
        Item(
            Parallel(.add, [Sequential([Dense(3)]), Sequential([Dense(3), ActivationLayer(.tanh)])]), [4], [1], [3], 30),
        Item(
            Sequential {
                Dense(3); LayerNorm().named("norm"); Dense(3).shared("s"); Dense(3).shared("s")
            }, [3], [3], [3], 30),
    ]

    @Test func everyLayerIsInTheTable() {
        #expect(
            Set(ConformanceTests.table.map { type(of: $0.layer).kind })
                == Set(LayerKinds.registry.configurable.map { $0.kind } + ["sequential"]))
    }

    // MARK: What must hold

    private static func inputs(_ item: Item, _ shape: Shape, batch: Int) -> Tensor {
        let full = Shape([batch] + shape.dimensions)
        guard !(item.layer is Embedding) else {
            return (Tensor.uniform(full, key: RandomKey(seed: 2)) * 7).cast(to: .int32)
        }
        return .normal(full, key: RandomKey(seed: 2))
    }

    /// The output for given variables.
    private static func output(
        _ layer: some Layer, _ x: Tensor, _ variables: Variables, mode: Mode = .training,
        precision: NumericPrecision = .float32
    ) throws -> Tensor {
        let values = Dictionary(uniqueKeysWithValues: variables.paths.map { ($0, variables[$0]!) })
        let traced = TracedModel(
            layer, Values(x), mode: mode, key: Tensor([3, 4]), variables: values, precision: precision)
        try traced.validate()
        return try traced.records.last!.output.evaluated()
    }

    @Test(arguments: table) func shapesAndParameters(_ item: Item) throws {
        let variables = try item.layer.initialized(input: item.input, seed: 1)
        #expect(variables.elementCount == item.parameterCount)
        #expect(try item.layer.summary(input: item.input).parameterCount == item.parameterCount)
        for (shape, batch) in [(item.input, 3), (item.input, 1), (item.smallest, 1), (item.smallest, 2)] {
            let own = try item.layer.initialized(input: shape, seed: 1)
            for mode in [Mode.training, .inference] {
                // What is inferred is what is computed.
                let trace = try item.layer.traced(input: shape, batch: batch, mode: mode)
                let output = try ConformanceTests.output(
                    item.layer, ConformanceTests.inputs(item, shape, batch: batch), own, mode: mode)
                #expect(trace.records.last?.output.shape == output.shape)
                if shape == item.input { #expect(output.shape == Shape([batch] + item.output.dimensions)) }
                #expect(output.scalars.allSatisfy { $0.isFinite })
            }
        }
    }

    @Test(arguments: table) func survivesFiles(_ item: Item) throws {
        let model = Sequential([item.layer])
        let json = String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
        #expect(try JSONDecoder().decode(Sequential.self, from: Data(json.utf8)) == model, "\(json)")
        // JSON is YAML.
        #expect(try ModelSource(yaml: json, path: "m.yaml") == .layers(model))
        let yaml = try Experiment(name: "a", model: .layers(model)).yaml()
        #expect(try Experiment(yaml: yaml, path: "e.yaml").model == .layers(model), "\(yaml)")
    }

    @Test(arguments: table, [Mode.training, .inference]) func gradients(_ item: Item, mode: Mode) throws {
        let check = try gradcheck(
            item.layer, input: item.input, samples: ConformanceTests.inputs(item, item.input, batch: 3), mode: mode,
            seed: 5)
        #expect(check.passed, "\(check)")
    }

    /// Views of other tensors give the same as copies.
    @Test(arguments: table) func inputsThatAreViews(_ item: Item) throws {
        let variables = try item.layer.initialized(input: item.input, seed: 1)
        let x = try ConformanceTests.inputs(item, item.input, batch: 6).evaluated()
        let order = [x.rank - 1] + Array(0..<(x.rank - 1))
        let back = order.indices.map { order.firstIndex(of: $0)! }
        let turned = try x.transposed(order).evaluated().transposed(back)
        let copy = try ConformanceTests.output(item.layer, x[TensorSlice.every(2)].evaluated(), variables)
        let view = try ConformanceTests.output(item.layer, turned[TensorSlice.every(2)], variables)
        #expect(copy.scalars == view.scalars)
    }

    /// In mixed precision the result is that of float32 but for the eight bits of bfloat16.
    @Test(arguments: table) func mixedPrecision(_ item: Item) throws {
        let variables = try item.layer.initialized(input: item.input, seed: 1)
        let x = ConformanceTests.inputs(item, item.input, batch: 3)
        let isInteger = x.elementType.isInteger
        let rounded = isInteger ? x : x.cast(to: .bfloat16)
        for mode in [Mode.training, .inference] {
            let exact = try ConformanceTests.output(
                item.layer, isInteger ? x : rounded.cast(to: .float32), variables, mode: mode)
            let received = try ConformanceTests.output(
                item.layer, rounded, variables, mode: mode, precision: .mixedBFloat16)
            #expect(received.elementType.isFloatingPoint && received.shape == exact.shape)
            let (a, b) = (received.scalars, exact.scalars)
            let distance = try pairs(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            let size = b.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(distance <= 0.02 * size, "\(distance / size)")
        }
    }

    @Test(arguments: table) func trains(_ item: Item) throws {
        // A weight after the layer, so that there is something to train.
        let model = Sequential([item.layer, Scale()])
        let x = try ConformanceTests.inputs(item, item.input, batch: 4).evaluated()
        let targets = Tensor.normal(Shape([4] + item.output.dimensions), key: RandomKey(seed: 3))
        let optimizer = Optimizer.sgd(learningRate: 0.01)
        var state = try TrainingState(model, optimizer: optimizer, input: item.input, seed: 1)
        let step = try TrainingStep(model, loss: .meanSquaredError, optimizer: optimizer)
        // Embeddings take integers as they are.
        let before = state.variables
        let result = try step(&state, Batch(inputs: x, targets: targets))
        #expect(result.loss.isFinite)
        let after = state.variables
        for path in after.paths where after.variable(path)!.description.isTrainable {
            #expect(after[path]!.scalars != before[path]!.scalars, "\(path)")
            #expect(after[path]!.scalars.allSatisfy { $0.isFinite })
        }
        let empty = Batch(inputs: x[0..<0], targets: targets[0..<0])
        #expect(message { try step(&state, empty) } == "there is nothing to train on: the batch is empty")
    }

    /// y = s · x
    private struct Scale: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            x * context.parameter("scale", shape: [1], initializer: .ones)
        }
    }
}
