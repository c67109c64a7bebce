import ApusData
import ApusExperiments
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTraining

/// What the Swift of Vocabulary.md means: each entry is a text of the page and the same as code.
enum VocabularyCode {
    static let file = #filePath

    static let layers: [String: any Layer] = [
        #"Dense(10)"#: Dense(10),
        #"Dense(10, activation: .relu)"#: Dense(10, activation: .relu),
        #"Dense(64, kernelInitializer: .heNormal, kernelRegularizer: .l2(0.0001), kernelConstraint: .maxNorm(3.0))"#:
            Dense(64, kernelInitializer: .heNormal, kernelRegularizer: .l2(0.0001), kernelConstraint: .maxNorm(3.0)),
        #"Embedding(vocabulary: 1000, 16)"#: Embedding(vocabulary: 1000, 16),
        #"Conv1D(filters: 8, kernelSize: 3, padding: .same)"#: Conv1D(filters: 8, kernelSize: 3, padding: .same),
        #"Conv1D(filters: 8, kernelSize: 3, padding: .causal, dilation: 2)"#: Conv1D(
            filters: 8, kernelSize: 3, padding: .causal, dilation: 2),
        #"MultiHeadAttention(heads: 4, isCausal: true)"#: MultiHeadAttention(heads: 4, isCausal: true),
        #"MultiHeadAttention(heads: 8, keyValueHeads: 2, positions: .rotary)"#: MultiHeadAttention(
            heads: 8, keyValueHeads: 2, positions: .rotary),
        #"TransformerBlock(heads: 4)"#: TransformerBlock(heads: 4),
        #"TransformerBlock(heads: 4, hidden: 128, isCausal: true, normalization: .after, dropout: 0.1)"#:
            TransformerBlock(heads: 4, hidden: 128, isCausal: true, normalization: .after, dropout: 0.1),
        #"PositionEmbedding(length: 128)"#: PositionEmbedding(length: 128),
        #"SinusoidalEncoding()"#: SinusoidalEncoding(),
        #"SimpleRNN(16)"#: SimpleRNN(16),
        #"LSTM(32, returnsSequences: true)"#: LSTM(32, returnsSequences: true),
        #"LSTM(32, isReversed: true, recurrentRegularizer: .l2(0.0001))"#: LSTM(
            32, isReversed: true, recurrentRegularizer: .l2(0.0001)),
        #"GRU(16, resetsAfter: false)"#: GRU(16, resetsAfter: false),
        #"Bidirectional(layer: LSTM(16), merge: .add)"#: Bidirectional(layer: LSTM(16), merge: .add),
        #"Conv2D(filters: 6, kernelSize: 5)"#: Conv2D(filters: 6, kernelSize: 5),
        #"Conv2D(filters: 6, kernelSize: [5, 3], strides: 2, padding: .same, activation: .relu)"#: Conv2D(
            filters: 6, kernelSize: [5, 3], strides: 2, padding: .same, activation: .relu),
        #"Conv2D(filters: 8, kernelSize: 3, padding: .explicit(1), groups: 4, useBias: false)"#: Conv2D(
            filters: 8, kernelSize: 3, padding: .explicit(1), groups: 4, useBias: false),
        #"Conv2D(filters: 8, kernelSize: 3, padding: .explicit(top: 0, left: 2, bottom: 1, right: 2), dilation: 2)"#:
            Conv2D(filters: 8, kernelSize: 3, padding: .explicit(top: 0, left: 2, bottom: 1, right: 2), dilation: 2),
        #"Conv1DTranspose(filters: 8, kernelSize: 4, strides: 2, padding: .same)"#: Conv1DTranspose(
            filters: 8, kernelSize: 4, strides: 2, padding: .same),
        #"Conv2DTranspose(filters: 16, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1)"#:
            Conv2DTranspose(filters: 16, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1),
        #"DepthwiseConv1D(kernelSize: 3, depthMultiplier: 2)"#: DepthwiseConv1D(kernelSize: 3, depthMultiplier: 2),
        #"DepthwiseConv2D(kernelSize: 3, padding: .same)"#: DepthwiseConv2D(kernelSize: 3, padding: .same),
        #"SeparableConv1D(filters: 8, kernelSize: 3)"#: SeparableConv1D(filters: 8, kernelSize: 3),
        #"SeparableConv2D(filters: 32, kernelSize: 3, strides: 2, padding: .same)"#: SeparableConv2D(
            filters: 32, kernelSize: 3, strides: 2, padding: .same),
        #"MaxPool1D(2)"#: MaxPool1D(2),
        #"MaxPool2D(2)"#: MaxPool2D(2),
        #"MaxPool2D(3, strides: 2, padding: .same)"#: MaxPool2D(3, strides: 2, padding: .same),
        #"AveragePool1D(4)"#: AveragePool1D(4),
        #"AveragePool2D(2, ceilMode: true)"#: AveragePool2D(2, ceilMode: true),
        #"GlobalAveragePool()"#: GlobalAveragePool(),
        #"GlobalMaxPool(keepsAxes: true)"#: GlobalMaxPool(keepsAxes: true),
        #"AdaptiveAveragePool1D(10)"#: AdaptiveAveragePool1D(10),
        #"AdaptiveAveragePool2D([2, 3])"#: AdaptiveAveragePool2D([2, 3]),
        #"Flatten()"#: Flatten(),
        #"Reshape([7, -1])"#: Reshape([7, -1]),
        #"Permute([2, 1])"#: Permute([2, 1]),
        #"ZeroPadding1D(Edges1D(left: 2, right: 1))"#: ZeroPadding1D(Edges1D(left: 2, right: 1)),
        #"ZeroPadding2D([1, 2])"#: ZeroPadding2D([1, 2]),
        #"Cropping1D(10)"#: Cropping1D(10),
        #"Cropping2D(Edges2D(top: 4, left: 2))"#: Cropping2D(Edges2D(top: 4, left: 2)),
        #"UpSampling1D(3)"#: UpSampling1D(3),
        #"UpSampling2D(interpolation: .bilinear)"#: UpSampling2D(interpolation: .bilinear),
        #"Rescaling(scale: 2.0, offset: -1.0)"#: Rescaling(scale: 2.0, offset: -1.0),
        #"Normalization(mean: [0.286], variance: [0.1246])"#: Normalization(mean: [0.286], variance: [0.1246]),
        #"BatchNorm()"#: BatchNorm(),
        #"BatchNorm(momentum: 0.9, center: false)"#: BatchNorm(momentum: 0.9, center: false),
        #"LayerNorm()"#: LayerNorm(),
        #"GroupNorm(groups: 8, scale: false)"#: GroupNorm(groups: 8, scale: false),
        #"InstanceNorm()"#: InstanceNorm(),
        #"RMSNorm()"#: RMSNorm(),
        #"LocalResponseNorm(3, k: 2.0)"#: LocalResponseNorm(3, k: 2.0),
        #"ChannelScale(1e-06)"#: ChannelScale(1e-06),
        #"StochasticDepth(0.1)"#: StochasticDepth(0.1),
        #"SqueezeExcitation(4, activation: .silu)"#: SqueezeExcitation(4, activation: .silu),
        #"SparseConv2D(kernelSize: 5, connections: [[0, 1], [0, 1, 2]])"#: SparseConv2D(
            kernelSize: 5, connections: [[0, 1], [0, 1, 2]]),
        #"ChannelPadding(after: 16)"#: ChannelPadding(after: 16),
        #"Dropout(0.3)"#: Dropout(0.3),
        #"SpatialDropout(0.2)"#: SpatialDropout(0.2),
        #"AlphaDropout(0.1)"#: AlphaDropout(0.1),
        #"GaussianDropout(0.3)"#: GaussianDropout(0.3),
        #"GaussianNoise(0.1)"#: GaussianNoise(0.1),
        #"ActivationLayer(.relu)"#: ActivationLayer(.relu),
        #"ActivationLayer(.leakyReLU(negativeSlope: 0.1))"#: ActivationLayer(.leakyReLU(negativeSlope: 0.1)),
        #"ActivationLayer(.tanh)"#: ActivationLayer(.tanh),
        #"PReLU()"#: PReLU(),
        #"PReLU(sharedAxes: [1, 2])"#: PReLU(sharedAxes: [1, 2]),
        #"Sequential { Dense(64); ActivationLayer(.relu) }"#: Sequential {
            Dense(64); ActivationLayer(.relu)
        },
        #"Sequential { Dense(64); Dropout(0.5) }"#: Sequential {
            Dense(64); Dropout(0.5)
        },
        #"Residual { Conv2D(filters: 16, kernelSize: 3, padding: .same) }"#: Residual {
            Conv2D(filters: 16, kernelSize: 3, padding: .same)
        },
        #"Residual(body: Sequential { Dense(8) }, shortcut: Sequential { Dense(8, useBias: false) }, activation: .relu)"#:
            Residual(
                body: Sequential { Dense(8) }, shortcut: Sequential { Dense(8, useBias: false) }, activation: .relu),
        #"Parallel { Dense(8); Dense(4, activation: .tanh) }"#: Parallel {
            Dense(8); Dense(4, activation: .tanh)
        },
        #"Parallel(.add) { Dense(8); Sequential { Dense(4); Dense(8) } }"#: Parallel(.add) {
            Dense(8);
            Sequential {
                Dense(4); Dense(8)
            }
        },
        #"Parallel(.subtract) { Dense(8); Dense(8) }"#: Parallel(.subtract) {
            Dense(8); Dense(8)
        },
        #"Parallel(.average) { Dense(8); Dense(8) }"#: Parallel(.average) {
            Dense(8); Dense(8)
        },
        #"Parallel(.maximum) { Dense(8); Dense(8) }"#: Parallel(.maximum) {
            Dense(8); Dense(8)
        },
        #"Parallel(.minimum) { Dense(8); Dense(8) }"#: Parallel(.minimum) {
            Dense(8); Dense(8)
        },
        #"Parallel(.dot) { Dense(8); Dense(8) }"#: Parallel(.dot) {
            Dense(8); Dense(8)
        },
        #"Parallel(.multiply) { Dense(8); Dense(8, activation: .sigmoid) }"#: Parallel(.multiply) {
            Dense(8); Dense(8, activation: .sigmoid)
        },
        #"Parallel(.concatenate, [Sequential([]), Sequential([Dense(4)])])"#: Parallel(
            .concatenate, [Sequential([]), Sequential([Dense(4)])]),
        #"Dense(64).named("features")"#: Dense(64).named("features"),
        #"Sequential { Dense(8).shared("twin"); Dense(8).shared("twin") }"#: Sequential {
            Dense(8).shared("twin"); Dense(8).shared("twin")
        },
    ]

    static let activations: [String: Activation] = [
        #".linear"#: .linear,
        #".relu"#: .relu,
        #".relu6"#: .relu6,
        #".leakyReLU(negativeSlope: 0.1)"#: .leakyReLU(negativeSlope: 0.1),
        #".elu(alpha: 0.5)"#: .elu(alpha: 0.5),
        #".selu"#: .selu,
        #".celu(alpha: 0.5)"#: .celu(alpha: 0.5),
        #".gelu(approximate: true)"#: .gelu(approximate: true),
        #".silu"#: .silu,
        #".mish"#: .mish,
        #".sigmoid"#: .sigmoid,
        #".hardSigmoid"#: .hardSigmoid,
        #".hardSwish"#: .hardSwish,
        #".tanh"#: .tanh,
        #".softplus"#: .softplus,
        #".softsign"#: .softsign,
        #".softmax"#: .softmax,
        #".logSoftmax"#: .logSoftmax,
        #".exponential"#: .exponential,
    ]

    static let initializers: [String: Initializer] = [
        #".zeros"#: .zeros,
        #".ones"#: .ones,
        #".constant(0.1)"#: .constant(0.1),
        #".values([0.5, -0.5])"#: .values([0.5, -0.5]),
        #".normal(standardDeviation: 0.01)"#: .normal(standardDeviation: 0.01),
        #".uniform(low: -0.1, high: 0.1)"#: .uniform(low: -0.1, high: 0.1),
        #".truncatedNormal(standardDeviation: 0.02)"#: .truncatedNormal(standardDeviation: 0.02),
        #".glorotUniform"#: .glorotUniform,
        #".glorotNormal"#: .glorotNormal,
        #".inverseRootN"#: .inverseRootN,
        #".heUniform"#: .heUniform,
        #".heNormal"#: .heNormal,
        #".lecunUniform"#: .lecunUniform,
        #".lecunNormal"#: .lecunNormal,
        #".varianceScaling(scale: 2, mode: .fanOut, distribution: .normal)"#: .varianceScaling(
            scale: 2, mode: .fanOut, distribution: .normal),
        #".orthogonal(gain: 0.5)"#: .orthogonal(gain: 0.5),
        #".identity()"#: .identity(),
    ]

    static let regularizers: [String: Regularizer] = [
        #".l1(0.001)"#: .l1(0.001),
        #".l2(0.0001)"#: .l2(0.0001),
        #".l1l2(l1: 0.001, l2: 0.0001)"#: .l1l2(l1: 0.001, l2: 0.0001),
        #".orthogonal(factor: 0.1, mode: .columns)"#: .orthogonal(factor: 0.1, mode: .columns),
    ]

    static let constraints: [String: Constraint] = [
        #".maxNorm(3.0)"#: .maxNorm(3.0),
        #".unitNorm"#: .unitNorm,
        #".nonNegative"#: .nonNegative,
        #".minMaxNorm(minimum: 0.5, maximum: 2.0, rate: 0.1)"#: .minMaxNorm(minimum: 0.5, maximum: 2.0, rate: 0.1),
    ]

    static let losses: [String: Loss] = [
        #".softmaxCrossEntropy"#: .softmaxCrossEntropy,
        #".softmaxCrossEntropy(labelSmoothing: 0.1)"#: .softmaxCrossEntropy(labelSmoothing: 0.1),
        #".softmaxCrossEntropy(fromProbabilities: true)"#: .softmaxCrossEntropy(fromProbabilities: true),
        #".softmaxCrossEntropy.weighted(classes: [1, 5])"#: .softmaxCrossEntropy.weighted(classes: [1, 5]),
        #".binaryCrossEntropy"#: .binaryCrossEntropy,
        #".focal(gamma: 1)"#: .focal(gamma: 1),
        #".binaryFocal(balancesClasses: true)"#: .binaryFocal(balancesClasses: true),
        #".meanSquaredError"#: .meanSquaredError,
        #".meanSquaredError.reduced(.sum)"#: .meanSquaredError.reduced(.sum),
        #".meanAbsoluteError"#: .meanAbsoluteError,
        #".meanAbsolutePercentageError"#: .meanAbsolutePercentageError,
        #".meanSquaredLogarithmicError"#: .meanSquaredLogarithmicError,
        #".huber(delta: 0.5)"#: .huber(delta: 0.5),
        #".logCosh"#: .logCosh,
        #".hinge"#: .hinge,
        #".squaredHinge"#: .squaredHinge,
        #".categoricalHinge"#: .categoricalHinge,
        #".klDivergence"#: .klDivergence,
        #".poisson"#: .poisson,
        #".cosineSimilarity"#: .cosineSimilarity,
    ]

    static let metrics: [String: Metric] = [
        #".accuracy"#: .accuracy,
        #".binaryAccuracy(threshold: 0.9)"#: .binaryAccuracy(threshold: 0.9),
        #".topKAccuracy(k: 3)"#: .topKAccuracy(k: 3),
        #".perplexity()"#: .perplexity(),
        #".precision(average: .binary)"#: .precision(average: .binary),
        #".recall(average: .none)"#: .recall(average: .none),
        #".f1(average: .weighted)"#: .f1(average: .weighted),
        #".confusionMatrix"#: .confusionMatrix,
        #".rocAUC"#: .rocAUC,
        #".prAUC"#: .prAUC,
        #".meanAbsoluteError"#: .meanAbsoluteError,
        #".meanSquaredError"#: .meanSquaredError,
        #".rootMeanSquaredError"#: .rootMeanSquaredError,
        #".r2"#: .r2,
    ]

    static let optimizers: [String: Optimizer] = [
        #".sgd(learningRate: 0.1, momentum: 0.9, nesterov: true)"#: .sgd(
            learningRate: 0.1, momentum: 0.9, nesterov: true),
        #".adagrad(learningRate: 0.01)"#: .adagrad(learningRate: 0.01),
        #".adadelta(learningRate: 1)"#: .adadelta(learningRate: 1),
        #".rmsprop(momentum: 0.9)"#: .rmsprop(momentum: 0.9),
        #".adam(learningRate: 0.01)"#: .adam(learningRate: 0.01),
        #".adamW(weightDecay: 0.01)"#: .adamW(weightDecay: 0.01),
        #".adamax()"#: .adamax(),
        #".nadam()"#: .nadam(),
        #".rAdam()"#: .rAdam(),
        #".lion(learningRate: 0.0001)"#: .lion(learningRate: 0.0001),
        #".lamb(learningRate: 0.01)"#: .lamb(learningRate: 0.01),
        #".sgd().clippingGradients(.value(0.5))"#: .sgd().clippingGradients(.value(0.5)),
        #".sgd().clippingGradients(.norm(1))"#: .sgd().clippingGradients(.norm(1)),
        #".adam().clippingGradients(.globalNorm(1))"#: .adam().clippingGradients(.globalNorm(1)),
        #".sgd(momentum: 0.9).proximalL1(0.0005)"#: .sgd(momentum: 0.9).proximalL1(0.0005),
        #".sgd(momentum: 0.9).weightDecay(0.0005)"#: .sgd(momentum: 0.9).weightDecay(0.0005),
        #".adam().accumulatingGradients(4)"#: .adam().accumulatingGradients(4),
        #"Optimizer(Adam(), skipsNonFinite: true)"#: Optimizer(Adam(), skipsNonFinite: true),
        #".adam().averagingWeights(decay: 0.999)"#: .adam().averagingWeights(decay: 0.999),
        #".adamW().group("*/bias", weightDecay: 0)"#: .adamW().group("*/bias", weightDecay: 0),
        #".adam().group("0.*", learningRate: 0.0001).freezing("1.*")"#: .adam().group("0.*", learningRate: 0.0001)
            .freezing("1.*"),
        #".adamW().layerDecay(0.7)"#: .adamW().layerDecay(0.7),
        #".adam().unfreezingGradually(every: 2)"#: .adam().unfreezingGradually(every: 2),
        #".adam().unfreezing("0.*", epoch: 4)"#: .adam().unfreezing("0.*", epoch: 4),
    ]

    static let schedules: [String: Schedule] = [
        #".constant"#: .constant,
        #".step(every: 500, factor: 0.5)"#: .step(every: 500, factor: 0.5),
        #".multiStep(milestones: [1000, 2000])"#: .multiStep(milestones: [1000, 2000]),
        #".piecewise(boundaries: [1000], factors: [1, 0.2])"#: .piecewise(boundaries: [1000], factors: [1, 0.2]),
        #".exponential(steps: 100, warmupSteps: 50)"#: .exponential(steps: 100, warmupSteps: 50),
        #".inverseTime(staircase: true)"#: .inverseTime(staircase: true),
        #".polynomial(power: 2)"#: .polynomial(power: 2),
        #".cosine(warmupSteps: 200)"#: .cosine(warmupSteps: 200),
        #".cosineRestarts(firstPeriod: 500)"#: .cosineRestarts(firstPeriod: 500),
        #".oneCycle(rise: 0.25)"#: .oneCycle(rise: 0.25),
    ]

    static let callbacks: [String: Callback] = [
        #".earlyStopping(patience: 5)"#: .earlyStopping(patience: 5),
        #".checkpoint(everySteps: 500, keepBest: 3)"#: .checkpoint(everySteps: 500, keepBest: 3),
        #".reduceOnPlateau(factor: 0.5, patience: 3)"#: .reduceOnPlateau(factor: 0.5, patience: 3),
        #".timeLimit(seconds: 3600)"#: .timeLimit(seconds: 3600),
        #".terminateOnNonFinite"#: .terminateOnNonFinite,
        #".csv("curves.csv")"#: .csv("curves.csv"),
        #".tensorBoard(everySteps: 100, histogramEpochs: 1)"#: .tensorBoard(everySteps: 100, histogramEpochs: 1),
        #".watch(every: 50)"#: .watch(every: 50),
        #".histograms(everyEpochs: 2)"#: .histograms(everyEpochs: 2),
    ]
}
