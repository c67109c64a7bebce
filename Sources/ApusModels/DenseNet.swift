import ApusNN

extension Sequential {
    /// DenseNet with 32 new channels a layer: each layer sees all earlier ones of its block. Huang et al. (2017).
    ///
    /// For small images the first convolution is 3 × 3 and no pooling follows.
    ///
    /// - Parameter counts: The layers of each block: 6, 12, 24, 16 of DenseNet-121.
    static func denseNet(_ counts: [Int], classes: Int, images: ImageScale) -> Sequential {
        let growth = 32
        func layer() -> any Layer {
            Parallel(
                .concatenate,
                [
                    Sequential([]),
                    nameless(
                        modules([
                            "norm1": batchNorm(), "relu1": relu, "conv1": convolution(4 * growth, 1),
                            "norm2": batchNorm(), "relu2": relu, "conv2": convolution(growth, 3),
                        ])),
                ])
        }
        var features: [any Layer] =
            images == .large
            ? [
                convolution(64, 7, strides: 2).named("conv0"), batchNorm().named("norm0"), relu.named("relu0"),
                MaxPool2D(3, strides: 2, padding: .explicit(1)).named("pool0"),
            ] : [convolution(64, 3).named("conv0"), batchNorm().named("norm0"), relu.named("relu0")]
        var channels = 64
        for (index, count) in counts.enumerated() {
            features.append(
                Sequential((1...count).map { layer().named("denselayer\($0)") }).named("denseblock\(index + 1)"))
            channels += count * growth
            guard index + 1 < counts.count else { break }
            channels /= 2
            features.append(
                modules([
                    "norm": batchNorm(), "relu": relu, "conv": convolution(channels, 1), "pool": AveragePool2D(2),
                ]).named("transition\(index + 1)"))
        }
        features.append(batchNorm().named("norm\(counts.count + 1)"))
        return modules([
            "features": Sequential(features), "relu": relu, "avgpool": GlobalAveragePool(),
            "classifier": Dense(classes),
        ])
    }
}
