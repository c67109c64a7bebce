import ApusGraph
import ApusNN
import ApusTestKit
import Testing

/// What layers say of configurations and inputs that do not fit, word for word; beside `ShapeErrorTests`, one or two a layer.
@Suite struct ConfigurationErrorTests {
    static let mistakes: [(layer: any Layer, input: Shape, message: String)] = [
        (
            Embedding(vocabulary: 0, 2), [3],
            "embedding (Embedding(vocabulary: 0, 2)): embedding: vocabulary must be positive, received 0"
        ),
        (
            Conv1D(filters: 2, kernelSize: 3), [4, 4, 1],
            "conv1D (Conv1D(filters: 2, kernelSize: 3)): conv1D: expected sequences [N, L, C] but received shape "
                + "[1, 4, 4, 1]"
        ),
        (
            Conv1D(filters: 2, kernelSize: 9), [4, 1],
            "conv1D (Conv1D(filters: 2, kernelSize: 9)): convolution: the window of 1 × 9 does not fit the padded "
                + "image of 1 × 4; use a smaller kernel, more padding, or fewer layers that shrink the image"
        ),
        (
            Conv2DTranspose(filters: 2, kernelSize: 3, outputPadding: 1), [4, 4, 1],
            "2 problems:\n- conv2DTranspose (Conv2DTranspose(filters: 2, kernelSize: 3, outputPadding: 1)): "
                + "conv2DTranspose: outputPadding needs explicit padding, for instance .explicit(1); received valid\n- "
                + "conv2DTranspose (Conv2DTranspose(filters: 2, kernelSize: 3, outputPadding: 1)): conv2DTranspose: "
                + "outputPadding must be smaller than the strides 1, received 1"
        ),
        (
            Conv2DTranspose(filters: 2, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 2), [4, 4, 1],
            "conv2DTranspose (Conv2DTranspose(filters: 2, kernelSize: 3, strides: 2, padding: .explicit(1), "
                + "outputPadding: 2)): conv2DTranspose: outputPadding must be smaller than the strides 2, received 2"
        ),
        (
            DepthwiseConv2D(kernelSize: 3, depthMultiplier: 0), [4, 4, 1],
            "depthwiseConv2D (DepthwiseConv2D(kernelSize: 3, depthMultiplier: 0)): depthwiseConv2D: "
                + "depthMultiplier must be positive, received 0"
        ),
        (
            SeparableConv2D(filters: -1, kernelSize: 3), [4, 4, 1],
            "separableConv2D (SeparableConv2D(filters: -1, kernelSize: 3)): separableConv2D: filters must be "
                + "positive, received -1"
        ),
        (
            Conv2D(filters: 2, kernelSize: 3, padding: .explicit(-1)), [4, 4, 1],
            "conv2D (Conv2D(filters: 2, kernelSize: 3, padding: .explicit(-1))): conv2D: padding can't be "
                + "negative, received [-1, -1, -1, -1]"
        ),
        (
            MaxPool1D(3), [2, 1],
            "maxPool1D (MaxPool1D(3)): maxPool: the window of 1 × 3 does not fit the image of 1 × 2; use a "
                + "smaller window or fewer layers that shrink the image"
        ),
        (
            GlobalAveragePool(), [4],
            "globalAveragePool (GlobalAveragePool()): globalAveragePool: expected sequences [N, L, C] or images "
                + "[N, H, W, C] but received shape [1, 4]"
        ),
        (
            AdaptiveAveragePool2D([0, 2]), [4, 4, 1],
            "adaptiveAveragePool2D (AdaptiveAveragePool2D([0, 2])): adaptiveAveragePool2D: outputSize must be "
                + "positive, received [0, 2]"
        ),
        (
            Reshape([5, -1]), [3, 4],
            "reshape (Reshape([5, -1])): reshape: a sample of shape [3, 4] has 12 elements, which do not fit [5, "
                + "-1]"
        ),
        (
            Reshape([-1, -1]), [3, 4],
            "reshape (Reshape([-1, -1])): reshape: only one extent can be −1, received [-1, -1]"
        ),
        (
            Permute([1, 3]), [3, 4],
            "permute (Permute([1, 3])): permute: axes must be the numbers from 1 in some order, received [1, 3]"
        ),
        (
            ZeroPadding2D([1, -1]), [3, 4, 1],
            "zeroPadding2D (ZeroPadding2D([1, -1])): zeroPadding2D: padding can't be negative, received [1, -1, "
                + "1, -1]"
        ),
        (
            Cropping2D(2), [4, 4, 1],
            "cropping2D (Cropping2D(2)): cropping2D: cropping by 2 leaves nothing of an image of 4 × 4"
        ),
        (
            UpSampling2D(0), [4, 4, 1],
            "upSampling2D (UpSampling2D(0)): upSampling2D: size must be positive, received 0"
        ),
        (
            Rescaling(scale: .infinity), [4],
            "rescaling (Rescaling(scale: inf)): rescaling: scale and offset must be numbers, received inf and 0.0"
        ),
        (
            Normalization(mean: [0, 1], variance: [1]), [2],
            "normalization (Normalization(mean: [0.0, 1.0], variance: [1.0])): normalization: mean and variance "
                + "must have as many numbers each, received 2 and 1"
        ),
        (
            Normalization(mean: [0, 1], variance: [1, 1]), [3],
            "normalization (Normalization(mean: [0.0, 1.0], variance: [1.0, 1.0])): normalization: expected 2 "
                + "features (axis 1) but received 3 in shape [1, 3]"
        ),
        (
            GroupNorm(groups: 3), [4],
            "groupNorm (GroupNorm(groups: 3)): groupNorm: expected a multiple of 3 channels (axis 1), one part "
                + "for each group, but received 4 in shape [1, 4]"
        ),
        (
            LayerNorm(epsilon: -1), [4],
            "layerNorm (LayerNorm(epsilon: -1.0)): layerNorm: epsilon must be a number > 0, received -1.0"
        ),
        (
            LocalResponseNorm(0), [4],
            "localResponseNorm (LocalResponseNorm(0)): localResponseNorm: size must be positive, received 0"
        ),
        (
            SpatialDropout(1), [4, 2],
            "spatialDropout (SpatialDropout(1.0)): spatialDropout: the rate must be in 0..<1, received 1.0"
        ),
        (
            AlphaDropout(-0.5), [4],
            "alphaDropout (AlphaDropout(-0.5)): alphaDropout: the rate must be in 0..<1, received -0.5"
        ),
        (
            GaussianNoise(-1), [4],
            "gaussianNoise (GaussianNoise(-1.0)): gaussianNoise: the standard deviation must be a number ≥ 0, "
                + "received -1.0"
        ),
        (
            PReLU(sharedAxes: [3]), [4, 2],
            "prelu (PReLU(sharedAxes: [3])): prelu: shared axes must be in 1..<3, received [3]"
        ),
        (
            Residual(body: Sequential([Dense(3)])), [4],
            "residual (Residual): residual: the body yields shape [1, 3] but the shortcut [1, 4]; they must be "
                + "equal: give the shortcut a convolution or dense layer that makes them so"
        ),
        (
            Parallel(.add, [Sequential([Dense(3)]), Sequential([Dense(2)])]), [4],
            "parallel (Parallel(.add, 2 branches)): parallel: the branches yield the shapes [1, 3], [1, 2]; they "
                + "must be equal"
        ),
        (
            Parallel(.add, []), [4],
            "parallel (Parallel(.add, 0 branches)): parallel: there are no branches"
        ),
        (
            Sequential([Dense(3).named("a"), Dense(3).named("a")]), [4],
            "sequential (Sequential(2 layers)): sequential: two layers have the name a; use shared(\"a\") if they "
                + "are to share their weights"
        ),
        (
            Sequential([Dense(3).shared("a"), Dense(2).shared("a")]), [3],
            "a (Dense(2)): name: the layers that share the name a differ; shared weights need equal layers"
        ),
        (
            Dense(3).named("a/b"), [3],
            "named (Dense(3)): name: a layer's name must have no slash, received \"a/b\""
        ),
    ]

    @Test(arguments: mistakes.indices) func words(_ index: Int) {
        let (layer, input, expected) = ConfigurationErrorTests.mistakes[index]
        #expect(message { try layer.initialized(input: input, seed: 1) } == expected)
        #expect(message { try layer.summary(input: input) } == expected)
    }
}
