import ApusNN

extension Sequential {
    /// VGG of 11, 13, 16 or 19 layers: 3 × 3 convolutions in five stages. Simonyan & Zisserman (2015).
    ///
    /// For small images the head is a single dense layer; for large ones it has two of 4096 units besides.
    ///
    /// - Parameter counts: The convolutions of each stage.
    static func vgg(_ counts: [Int], normalizes: Bool, classes: Int, images: ImageScale) -> Sequential {
        var layers: [any Layer] = []
        for (stage, count) in counts.enumerated() {
            for _ in 0..<count {
                layers.append(convolution(min(64 << stage, 512), 3, useBias: true))
                if normalizes { layers.append(batchNorm()) }
                layers.append(relu)
            }
            layers.append(MaxPool2D(2))
        }
        let features = numbered(layers)
        guard images == .large else {
            return modules(["features": features, "flatten": Flatten(), "classifier": Dense(classes)])
        }
        return modules([
            "features": features, "avgpool": AdaptiveAveragePool2D(7), "flatten": Flatten(),
            "classifier": numbered([
                Dense(4096, kernelInitializer: .heNormal), relu, Dropout(0.5),
                Dense(4096, kernelInitializer: .heNormal), relu, Dropout(0.5), Dense(classes),
            ]),
        ])
    }
}
