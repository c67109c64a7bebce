import ApusNN

extension Sequential {
    /// ConvNeXt-T: blocks of a 7 × 7 convolution of each channel by itself and two dense layers, 28,589,128 weights with 1000
    /// classes. Liu et al. (2022).
    ///
    /// For small images the first convolution has windows of 2 × 2 in place of 4 × 4.
    static func convNeXtT(classes: Int, images: ImageScale) -> Sequential {
        let stages = [(96, 3), (192, 3), (384, 9), (768, 3)]
        let blocks = stages.reduce(0) { $0 + $1.1 }
        let norm = LayerNorm(epsilon: 1e-6)
        let start = Initializer.truncatedNormal(standardDeviation: 0.02)
        func patches(_ filters: Int, _ size: Size2D) -> Conv2D {
            Conv2D(filters: filters, kernelSize: size, strides: size, kernelInitializer: start)
        }
        func block(_ channels: Int, dropRate: Double) -> any Layer {
            // Numbers 1 and 6 are changes of the axes' order in PyTorch.
            let layers = modules([
                "0": DepthwiseConv2D(kernelSize: 7, padding: .explicit(3), kernelInitializer: start), "2": norm,
                "3": Dense(4 * channels, kernelInitializer: start), "4": ActivationLayer(.gelu()),
                "5": Dense(channels, kernelInitializer: start),
            ])
            return Residual(
                body: nameless(
                    modules([
                        "block": layers, "layer_scale": ChannelScale(1e-6),
                        "stochastic_depth": StochasticDepth(dropRate),
                    ])))
        }
        var features: [any Layer] = [numbered([patches(96, images == .large ? 4 : 2), norm])]
        var index = 0
        for (stage, (channels, count)) in stages.enumerated() {
            if stage > 0 { features.append(numbered([norm, patches(channels, 2)])) }
            features.append(
                numbered(
                    (0..<count).map { _ in
                        defer { index += 1 }
                        return block(channels, dropRate: 0.1 * Double(index) / Double(blocks - 1))
                    }))
        }
        return modules([
            "features": numbered(features), "avgpool": GlobalAveragePool(),
            "classifier": numbered([norm, Flatten(), Dense(classes, kernelInitializer: start)]),
        ])
    }
}
