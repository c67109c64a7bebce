import Apus
import ApusConfiguration
import ApusGraph
import ApusInterchange
import ApusNN
import ApusTestKit
import Testing

/// A model that is exported, with the shapes of its samples.
struct ExportCase: Sendable, CustomTestStringConvertible {
    let name: String
    let model: any Model
    let inputs: Signature
    var images = ImageLayout.channelsFirst
    /// What integers among the inputs stay below.
    var limit = 7

    var testDescription: String { name }

    init(_ name: String, _ input: Shape, images: ImageLayout = .channelsFirst, _ layer: some Layer) {
        self.init(name, Signature(input), layer, images: images)
    }

    init(_ name: String, _ inputs: Signature, _ model: any Model, images: ImageLayout = .channelsFirst) {
        self.name = name
        self.model = model
        self.inputs = inputs
        self.images = images
    }

    /// Weights that are all different and none of them zero, variances positive.
    func variables() throws -> Variables {
        var variables = try model.initialized(inputs: inputs, seed: 3)
        for path in variables.paths {
            let shape = variables[path]!.shape
            let key = RandomKey(seed: 5).child(path)
            let isVariance = path.lowercased().hasSuffix("variance")
            let isKernel = shape.rank > 1
            try variables.setValue(
                path,
                isVariance
                    ? .uniform(shape, low: 0.5, high: 1.5, key: key)
                    : isKernel
                        ? variables[path]! * 0.8 + Tensor.normal(shape, key: key) * 0.02
                        : .normal(shape, key: key) * 0.4 + 0.2)
        }
        return variables
    }

    /// Samples, by name.
    func samples(_ count: Int) throws -> Values {
        let values = Values(
            inputs.map { name, input -> (name: String, tensor: Tensor) in
                let shape = Shape([count] + input.shape.dimensions)
                let key = RandomKey(seed: UInt64(count)).child(name)
                return (
                    name,
                    input.elementType.isFloatingPoint
                        ? Tensor.normal(shape, key: key)
                        : (Tensor.uniform(shape, key: key) * Double(limit)).cast(to: input.elementType)
                )
            })
        try evaluate(values.leaves)
        return values
    }

    /// What the model yields for samples.
    func outputs(_ samples: Values, _ variables: Variables) throws -> Values {
        let outputs = model.applied(to: samples, with: variables, mode: .inference).outputs
        try evaluate(outputs.leaves)
        return outputs
    }
}

extension ExportCase {
    /// Layers in one and two dimensions, activations, merges, models of several inputs, and what layers of one's own may do.
    static let all: [ExportCase] =
        convolutions + poolings + shapes + normalizations + activations + merges + custom + networks

    private static let paddings: [(String, Padding)] = [
        ("valid", .valid), ("same", .same), ("explicit", .explicit(top: 2, left: 1, bottom: 0, right: 1)),
    ]

    private static let convolutions: [ExportCase] = windows2D + windows1D + specialWindows

    private static let windows2D: [ExportCase] =
        paddings.flatMap { name, padding in
            [
                ExportCase("conv2d-\(name)", [11, 8, 3], Conv2D(filters: 5, kernelSize: [3, 4], padding: padding)),
                ExportCase(
                    "conv2d-\(name)-strides", [11, 9, 4],
                    Conv2D(filters: 6, kernelSize: [4, 3], strides: [2, 3], padding: padding, groups: 2)),
                ExportCase(
                    "conv2d-\(name)-dilation", [13, 12, 2],
                    Conv2D(filters: 4, kernelSize: 3, padding: padding, dilation: [2, 3], useBias: false)),
                ExportCase(
                    "depthwise2d-\(name)", [9, 7, 3],
                    DepthwiseConv2D(kernelSize: 3, strides: 2, padding: padding, depthMultiplier: 2)),
                ExportCase(
                    "separable2d-\(name)", [9, 7, 3], SeparableConv2D(filters: 4, kernelSize: 3, padding: padding)),
                ExportCase(
                    "transpose2d-\(name)", [5, 4, 3],
                    Conv2DTranspose(filters: 4, kernelSize: [4, 3], strides: [2, 3], padding: padding)),
            ]
        }

    private static let windows1D: [ExportCase] =
        [Padding.valid, .same, .explicit(top: 0, left: 2, bottom: 0, right: 1)].enumerated().flatMap {
            number, padding in
            [
                ExportCase("conv1d-\(number)", [11, 3], Conv1D(filters: 5, kernelSize: 4, padding: padding)),
                ExportCase(
                    "conv1d-\(number)-strides", [11, 4],
                    Conv1D(filters: 6, kernelSize: 3, strides: 2, padding: padding, groups: 2, activation: .relu)),
                ExportCase(
                    "conv1d-\(number)-dilation", [12, 2],
                    Conv1D(filters: 4, kernelSize: 3, padding: padding, dilation: 2, useBias: false)),
                ExportCase(
                    "depthwise1d-\(number)", [9, 3],
                    DepthwiseConv1D(kernelSize: 3, padding: padding, depthMultiplier: 2)),
                ExportCase(
                    "separable1d-\(number)", [9, 3], SeparableConv1D(filters: 4, kernelSize: 3, padding: padding)),
                ExportCase(
                    "transpose1d-\(number)", [5, 3],
                    Conv1DTranspose(filters: 4, kernelSize: 4, strides: 3, padding: padding)),
            ]
        }

    private static let specialWindows: [ExportCase] = [
        ExportCase(
            "transpose2d-output-padding", [5, 4, 3],
            Conv2DTranspose(filters: 2, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1)),
        ExportCase(
            "transpose2d-dilation", [5, 4, 3],
            Conv2DTranspose(filters: 2, kernelSize: 3, dilation: 2, useBias: false)),
        ExportCase(
            "transpose2d-small-window", [5, 4, 3], Conv2DTranspose(filters: 2, kernelSize: 2, strides: 3)),
        ExportCase("conv2d-gray", [8, 8, 1], Conv2D(filters: 1, kernelSize: 3, padding: .same)),
        ExportCase("conv2d-one-row", [1, 8, 3], Conv2D(filters: 2, kernelSize: [1, 3])),
        ExportCase("conv2d-channels-last", [8, 7, 3], images: .channelsLast, Conv2D(filters: 2, kernelSize: 3)),
    ]

    private static let poolings: [ExportCase] = pools2D + pools1D + otherPools

    private static let pools2D: [ExportCase] = paddings.flatMap { name, padding in
        [false, true].flatMap { ceil in
            [
                ExportCase(
                    "maxpool2d-\(name)-\(ceil)", [10, 8, 3],
                    MaxPool2D([3, 4], strides: [2, 3], padding: padding, ceilMode: ceil)),
                ExportCase(
                    "averagepool2d-\(name)-\(ceil)", [10, 8, 3],
                    AveragePool2D([3, 4], strides: [2, 3], padding: padding, ceilMode: ceil)),
                ExportCase(
                    "averagepool2d-\(name)-\(ceil)-counts", [10, 8, 3],
                    AveragePool2D([3, 4], strides: [2, 3], padding: padding, ceilMode: ceil, countsPadding: true)),
            ]
        }
    }

    private static let pools1D: [ExportCase] =
        [Padding.valid, .same, .explicit(top: 0, left: 1, bottom: 0, right: 1)].enumerated().flatMap {
            number, padding in
            [
                ExportCase("maxpool1d-\(number)", [10, 3], MaxPool1D(3, strides: 2, padding: padding, ceilMode: true)),
                ExportCase(
                    "averagepool1d-\(number)", [10, 3],
                    AveragePool1D(3, strides: 2, padding: padding, ceilMode: true, countsPadding: true)),
            ]
        }

    private static let otherPools: [ExportCase] = [
        ExportCase("global-average-2d", [5, 4, 3], GlobalAveragePool()),
        ExportCase("global-average-2d-keeps", [5, 4, 3], GlobalAveragePool(keepsAxes: true)),
        ExportCase("global-average-1d", [5, 3], GlobalAveragePool()),
        ExportCase("global-max-2d", [5, 4, 3], GlobalMaxPool()),
        ExportCase("global-max-1d-keeps", [5, 3], GlobalMaxPool(keepsAxes: true)),
        ExportCase("adaptive-2d", [7, 9, 3], AdaptiveAveragePool2D([3, 4])),
        ExportCase("adaptive-2d-even", [6, 9, 3], AdaptiveAveragePool2D([3, 3])),
        ExportCase("adaptive-1d", [7, 3], AdaptiveAveragePool1D(3)),
        ExportCase("adaptive-1d-even", [8, 3], AdaptiveAveragePool1D(4)),
    ]

    private static let shapes: [ExportCase] = [
        ExportCase("dense", [5], Dense(4)),
        ExportCase("dense-no-bias", [5], Dense(4, useBias: false)),
        ExportCase("dense-sequence", [6, 5], Dense(4, activation: .relu)),
        ExportCase("dense-image", [3, 4, 5], Dense(4)),
        ExportCase("flatten", [3, 4, 5], Flatten()),
        ExportCase(
            "flatten-dense", [3, 4, 5],
            Sequential {
                Flatten(); Dense(4)
            }),
        ExportCase(
            "conv-flatten-dense", [6, 7, 2],
            Sequential {
                Conv2D(filters: 3, kernelSize: 3); Flatten(); Dense(4, activation: .relu); Dense(2)
            }),
        ExportCase(
            "conv1d-flatten-dense", [6, 2],
            Sequential {
                Conv1D(filters: 3, kernelSize: 3); Flatten(); Dense(4)
            }),
        ExportCase(
            "reshape", [4, 6],
            Sequential {
                Reshape([3, -1]); Dense(3)
            }),
        ExportCase(
            "reshape-cut", [4, 6],
            Sequential {
                Dense(6); Reshape([-1, 8]); Dense(3)
            }),
        ExportCase(
            "reshape-image", [24],
            Sequential {
                Reshape([2, 3, 4]); Conv2D(filters: 2, kernelSize: 2)
            }),
        ExportCase("permute", [3, 4, 5], Permute([3, 1, 2])),
        ExportCase(
            "permute-conv", [3, 4, 5],
            Sequential {
                Permute([2, 1, 3]); Conv2D(filters: 2, kernelSize: 2)
            }),
        ExportCase("zero-padding-1d", [5, 3], ZeroPadding1D(Edges1D(left: 1, right: 2))),
        ExportCase(
            "zero-padding-2d", [5, 4, 3],
            Sequential {
                Conv2D(filters: 2, kernelSize: 2); ZeroPadding2D([1, 2]); MaxPool2D(2)
            }),
        ExportCase("cropping-1d", [5, 3], Cropping1D(1)),
        ExportCase(
            "cropping-2d", [7, 8, 3],
            Sequential {
                Conv2D(filters: 2, kernelSize: 2); Cropping2D(Edges2D(top: 1, left: 2, right: 1))
            }),
        ExportCase("upsampling-1d", [5, 3], UpSampling1D(3)),
        ExportCase("upsampling-2d", [5, 4, 3], UpSampling2D([2, 3])),
        ExportCase("upsampling-bilinear", [5, 4, 3], UpSampling2D([2, 3], interpolation: .bilinear)),
        ExportCase(
            "embedding", Signature([6], .int32),
            Sequential {
                Embedding(vocabulary: 7, 3); Flatten(); Dense(2)
            }),
        ExportCase(
            "embedding-conv", Signature([6], .uint8),
            Sequential {
                Embedding(vocabulary: 7, 3); Conv1D(filters: 2, kernelSize: 3)
            }),
        ExportCase("identity", [3], Dropout(0.5)),
        ExportCase("rnn", [3, 4], SimpleRNN(2)), ExportCase("lstm-reversed", [3, 4], LSTM(2, isReversed: true)),
        ExportCase("gru", [3, 4], GRU(2, returnsSequences: true)),
        ExportCase("gru-before", [3, 4], GRU(2, resetsAfter: false)),
        ExportCase("gru-reversed", [3, 4], GRU(3, returnsSequences: true, isReversed: true)),
        ExportCase("rnn-relu", [3, 4], SimpleRNN(2, activation: .relu, returnsSequences: true)),
        ExportCase("rnn-elu", [3, 4], SimpleRNN(2, activation: .elu())),
        ExportCase("lstm-relu", [3, 4], LSTM(2, activation: .relu, useBias: false)),
        ExportCase("lstm-step", [1, 4], LSTM(2, returnsSequences: true)),
        ExportCase("lstm-channel", [3, 1], LSTM(1, returnsSequences: true)),
        ExportCase(
            "lstm-stack", [4, 3],
            Sequential {
                LayerNorm(); Bidirectional(layer: LSTM(2, returnsSequences: true)); Dense(3, activation: .tanh)
                Bidirectional(layer: LSTM(2), merge: .average); Dense(2)
            }),
        ExportCase(
            "conv-gru", [6, 3],
            Sequential {
                Conv1D(filters: 4, kernelSize: 3, activation: .relu); GRU(2, returnsSequences: true)
                Conv1D(filters: 2, kernelSize: 2); Flatten(); Dense(2)
            }),
        ExportCase(
            "words-lstm", Signature([3], .int32),
            Sequential {
                Embedding(vocabulary: 7, 4, padding: 0); Bidirectional(layer: LSTM(2, returnsSequences: true))
                GlobalAveragePool(); Dense(2)
            }),
        ExportCase("multihead", [5, 4], MultiHeadAttention(heads: 2)),
        ExportCase("multihead-groups", [5, 4], MultiHeadAttention(heads: 4, keyValueHeads: 2)),
        ExportCase("multihead-causal", [5, 4], MultiHeadAttention(heads: 2, isCausal: true)),
        ExportCase("multihead-rotary", [5, 4], MultiHeadAttention(heads: 2, positions: .rotary)),
        ExportCase(
            "multihead-all", [5, 4],
            MultiHeadAttention(heads: 4, keySize: 2, keyValueHeads: 2, isCausal: true, positions: .rotary)),
        ExportCase(
            "transformer-blocks", Signature([6], .int32),
            Sequential {
                Embedding(vocabulary: 7, 4); PositionEmbedding(length: 8); SinusoidalEncoding()
                TransformerBlock(heads: 2, isCausal: true)
                TransformerBlock(heads: 2, normalization: .after, dropout: 0.1)
                Conv1D(filters: 3, kernelSize: 2, padding: .causal); Dense(2)
            }),
    ]

    private static let normalizations: [ExportCase] = [
        ExportCase("batchnorm-0d", [5], BatchNorm()),
        ExportCase("batchnorm-1d", [4, 5], BatchNorm()),
        ExportCase(
            "batchnorm-1d-conv", [6, 3],
            Sequential {
                Conv1D(filters: 4, kernelSize: 3); BatchNorm(); Dense(3)
            }),
        ExportCase("batchnorm-2d", [4, 5, 3], BatchNorm(center: false)),
        ExportCase(
            "batchnorm-2d-conv", [6, 5, 3],
            Sequential {
                Conv2D(filters: 4, kernelSize: 3); BatchNorm(scale: false)
            }),
        ExportCase("layernorm", [4, 5], LayerNorm()),
        ExportCase(
            "layernorm-conv", [6, 5, 3],
            Sequential {
                Conv2D(filters: 4, kernelSize: 3); LayerNorm(); Conv2D(filters: 2, kernelSize: 1)
            }),
        ExportCase("groupnorm", [4, 5, 6], GroupNorm(groups: 3)),
        ExportCase(
            "groupnorm-conv", [6, 5, 3],
            Sequential {
                Conv2D(filters: 4, kernelSize: 3); GroupNorm(groups: 2); Conv2D(filters: 2, kernelSize: 1)
            }),
        ExportCase("instancenorm", [4, 5, 3], InstanceNorm()),
        ExportCase("groupnorm-sequence", [4, 6], GroupNorm(groups: 2, scale: false)),
        ExportCase("instancenorm-sequence", [4, 3], InstanceNorm(center: false)),
        ExportCase("instancenorm-flat", [1, 4, 3], InstanceNorm(center: false, scale: false)),
        ExportCase(
            "instancenorm-conv", [6, 5, 3],
            Sequential {
                Conv2D(filters: 4, kernelSize: 3); InstanceNorm(scale: false); MaxPool2D(2)
            }),
        ExportCase("rmsnorm", [4, 5], RMSNorm()),
        ExportCase("lrn", [4, 5, 7], LocalResponseNorm(5, alpha: 0.5, beta: 0.6, k: 1.5)),
        ExportCase("lrn-even", [4, 5, 7], LocalResponseNorm(4, alpha: 0.5)),
        ExportCase("lrn-narrow", [4, 5, 2], LocalResponseNorm(9, alpha: 0.5)),
        ExportCase("lrn-sequence", [5, 7], LocalResponseNorm(3, alpha: 0.5)),
        ExportCase("rescaling", [4, 3], Rescaling(scale: 0.5, offset: 1)),
        ExportCase("rescaling-bytes", Signature([4, 3], .uint8), Rescaling(scale: 0.1, offset: 1)),
        ExportCase("normalization", [4, 3], Normalization(mean: [0.5, 1, 2], variance: [2, 4, 0])),
        ExportCase(
            "noise", [4, 3],
            Sequential {
                GaussianNoise(0.1); AlphaDropout(0.2); SpatialDropout(0.1); Dense(2)
            }),
    ]

    private static let activations: [ExportCase] =
        Activation.cases.map(\.defaultValue).flatMap { activation in
            [
                ExportCase("activation-\(activation)", [7], ActivationLayer(activation)),
                ExportCase(
                    "activation-\(activation)-conv", [5, 5, 2],
                    Sequential { Conv2D(filters: 3, kernelSize: 3, activation: activation) }),
            ]
        } + [
            ExportCase("leakyrelu", [7], ActivationLayer(.leakyReLU(negativeSlope: 0.3))),
            ExportCase("elu", [7], ActivationLayer(.elu(alpha: 0.7))),
            ExportCase("celu", [7], ActivationLayer(.celu(alpha: 0.7))),
            ExportCase("gelu-tanh", [7], ActivationLayer(.gelu(approximate: true))),
            ExportCase("prelu", [4, 3], PReLU(initializer: .uniform())),
            ExportCase(
                "prelu-shared", [5, 5, 3],
                Sequential {
                    Conv2D(filters: 4, kernelSize: 2); PReLU(sharedAxes: [1, 2], initializer: .uniform())
                }),
        ]

    private static let merges: [ExportCase] =
        Parallel.Merge.allCases.map { merge in
            ExportCase(
                "merge-\(merge)", [6, 5, 3],
                Parallel(
                    merge,
                    [
                        Sequential { Conv2D(filters: 3, kernelSize: 3, padding: .same, activation: .relu) },
                        Sequential { ActivationLayer(.tanh) },
                    ] + (merge == .dot ? [] : [Sequential { MaxPool2D(3, strides: 1, padding: .same) }])))
        } + [
            ExportCase(
                "residual", [6, 5, 3],
                Sequential {
                    Residual(
                        body: Sequential {
                            Conv2D(filters: 4, kernelSize: 3, padding: .same); BatchNorm()
                        },
                        shortcut: Sequential { Conv2D(filters: 4, kernelSize: 1) }, activation: .relu)
                    GlobalAveragePool(); Dense(3)
                }),
            ExportCase("residual-identity", [5], Residual(body: Sequential { Dense(5, activation: .tanh) })),
            ExportCase(
                "towers", ["left": [4], "right": [4]],
                ModelGraph([
                    "a": .init(from: "left", isOutput: true) { Dense(3, activation: .relu) },
                    "b": .init(from: "right", sharing: "a"),
                    "joined": .init(from: "a", "b") { Dense(2) },
                    "distance": .init(from: "a", "b", merge: .dot),
                ])),
        ]
}
