import ApusNN

extension Sequential {
    /// How the blocks of a residual network are built.
    struct ResidualBlocks {
        /// The blocks of each stage.
        var counts: [Int]
        /// Whether a block has three convolutions, 1 × 1, 3 × 3 and 1 × 1 to four times the channels, in place of two of 3 × 3.
        var isBottleneck = true
        /// The groups of the middle convolution.
        var groups = 1
        /// The channels of the middle convolution, as a multiple of those of the stage.
        var width = 1

        var expansion: Int { isBottleneck ? 4 : 1 }
    }

    /// A residual network in torchvision's form, whose bottlenecks shrink images in the 3 × 3 convolution. He et al. (2016).
    static func resNet(_ blocks: ResidualBlocks, classes: Int, images: ImageScale) -> Sequential {
        var layers = residualStem(64, images: images)
        var channels = 64
        for (stage, count) in blocks.counts.enumerated() {
            layers.append(
                numbered(
                    (0..<count).map { block in
                        let filters = 64 << stage
                        let strides: Size2D = block == 0 && stage > 0 ? 2 : 1
                        let body =
                            blocks.isBottleneck
                            ? bottleneck(filters, strides: strides, blocks) : basicBlock(filters, strides: strides)
                        let output = filters * blocks.expansion
                        let isDirect = strides == 1 && channels == output
                        channels = output
                        return Residual(
                            body: body, shortcut: isDirect ? nil : projection(output, strides: strides),
                            activation: .relu)
                    }
                ).named("layer\(stage + 1)"))
        }
        return Sequential(layers + [GlobalAveragePool().named("avgpool"), Dense(classes).named("fc")])
    }

    /// What images meet first: 7 × 7 and a pooling of stride 2 each, or 3 × 3 for small images.
    private static func residualStem(_ filters: Int, images: ImageScale) -> [any Layer] {
        let convolution = images == .large ? convolution(filters, 7, strides: 2) : convolution(filters, 3)
        let stem = [convolution.named("conv1"), batchNorm().named("bn1"), relu.named("relu")]
        return images == .large ? stem + [MaxPool2D(3, strides: 2, padding: .explicit(1)).named("maxpool")] : stem
    }

    private static func basicBlock(_ filters: Int, strides: Size2D) -> Sequential {
        nameless(
            modules([
                "conv1": convolution(filters, 3, strides: strides), "bn1": batchNorm(), "relu1": relu,
                "conv2": convolution(filters, 3), "bn2": batchNorm(),
            ]))
    }

    private static func bottleneck(_ filters: Int, strides: Size2D, _ blocks: ResidualBlocks) -> Sequential {
        let inner = filters * blocks.width
        return nameless(
            modules([
                "conv1": convolution(inner, 1), "bn1": batchNorm(), "relu1": relu,
                "conv2": convolution(inner, 3, strides: strides, groups: blocks.groups), "bn2": batchNorm(),
                "relu2": relu,
                "conv3": convolution(filters * blocks.expansion, 1), "bn3": batchNorm(),
            ]))
    }

    private static func projection(_ filters: Int, strides: Size2D) -> Sequential {
        Sequential([numbered([convolution(filters, 1, strides: strides), batchNorm()]).named("downsample")])
    }

    // MARK: For CIFAR

    /// A residual network for images of 32 × 32: three stages of 16, 32 and 64 channels, 6n + 2 layers, and shortcuts without
    /// weights. He et al. (2016), section 4.2; 0.27 million weights with 20 layers.
    static func cifarResNet(layers count: Int, classes: Int) -> Sequential {
        var layers = residualStem(16, images: .small)
        for stage in 0..<3 {
            layers.append(
                numbered(
                    (0..<(count - 2) / 6).map { block in
                        let filters = 16 << stage
                        let shrinks = block == 0 && stage > 0
                        return Residual(
                            body: basicBlock(filters, strides: shrinks ? 2 : 1),
                            shortcut: shrinks ? Sequential([subsampling(filters)]) : nil, activation: .relu)
                    }
                ).named("layer\(stage + 1)"))
        }
        return Sequential(layers + [GlobalAveragePool().named("avgpool"), Dense(classes).named("fc")])
    }

    /// Every second pixel, and channels of zeros around the old ones.
    private static func subsampling(_ filters: Int) -> Named {
        numbered([
            MaxPool2D(1, strides: 2), ChannelPadding(before: filters / 4, after: filters / 4),
        ]).named("downsample")
    }

    // MARK: Normalization before convolutions

    /// A residual network whose blocks normalize before they convolve, and which normalizes once more at the end.
    ///
    /// Names are those of timm's `resnetv2`. He et al. (2016), Identity mappings.
    static func preactivationResNet(_ blocks: ResidualBlocks, classes: Int, images: ImageScale) -> Sequential {
        var stem: [any Layer] = [
            (images == .large ? convolution(64, 7, strides: 2) : convolution(64, 3)).named("conv")
        ]
        if images == .large { stem.append(MaxPool2D(3, strides: 2, padding: .explicit(1)).named("pool")) }
        var channels = 64
        let stages = numbered(
            blocks.counts.enumerated().map { stage, count in
                let inner = numbered(
                    (0..<count).map { block in
                        let filters = 64 << stage
                        let strides: Size2D = block == 0 && stage > 0 ? 2 : 1
                        let output = filters * blocks.expansion
                        let isDirect = strides == 1 && channels == output
                        channels = output
                        return preactivation(filters, strides: strides, blocks, isDirect: isDirect)
                    })
                return Sequential([inner.named("blocks")])
            })
        return modules([
            "stem": Sequential(stem), "stages": stages, "norm": batchNorm(), "relu": relu,
            "head": modules(["pool": GlobalAveragePool(), "fc": Dense(classes)]),
        ])
    }

    /// A block; where it changes the shape, both ways begin after the first normalization.
    private static func preactivation(
        _ filters: Int, strides: Size2D, _ blocks: ResidualBlocks, isDirect: Bool
    ) -> any Layer {
        let start: [any Layer] = [batchNorm().named("norm1"), relu.named("relu1")]
        let second: [any Layer] = [batchNorm().named("norm2"), relu.named("relu2")]
        let rest: [any Layer] =
            blocks.isBottleneck
            ? [convolution(filters, 1).named("conv1")] + second
                + [
                    convolution(filters, 3, strides: strides).named("conv2"), batchNorm().named("norm3"),
                    relu.named("relu3"), convolution(filters * blocks.expansion, 1).named("conv3"),
                ]
            : [convolution(filters, 3, strides: strides).named("conv1")] + second
                + [convolution(filters, 3).named("conv2")]
        guard !isDirect else { return Residual(body: nameless(Sequential(start + rest))) }
        let shortcut = modules(["conv": convolution(filters * blocks.expansion, 1, strides: strides)])
        return Sequential(
            start + [
                Residual(
                    body: nameless(Sequential(rest)), shortcut: Sequential([shortcut.named("downsample")])
                ).named("")
            ])
    }
}
