import ApusNN

extension Sequential {
    /// SqueezeNet 1.0 or 1.1: modules that squeeze channels by 1 × 1 and expand them by 1 × 1 and 3 × 3. Iandola et al. (2016).
    ///
    /// For small images the first convolution keeps the size.
    static func squeezeNet(isSecond: Bool, classes: Int, images: ImageScale) -> Sequential {
        func fire(_ squeeze: Int, _ expand: Int) -> Sequential {
            modules([
                "squeeze": convolution(squeeze, 1, useBias: true, activation: .relu),
                "": branches(
                    [convolution(expand, 1, useBias: true, activation: .relu).named("expand1x1")],
                    [convolution(expand, 3, useBias: true, activation: .relu).named("expand3x3")]),
            ])
        }
        let size: Size2D = isSecond || images == .small ? 3 : 7
        let first = Conv2D(
            filters: isSecond ? 64 : 96, kernelSize: size, strides: images == .large ? 2 : 1,
            padding: images == .large ? .valid : around(size), kernelInitializer: .heNormal)
        let pool = MaxPool2D(3, strides: 2, ceilMode: true)
        let features: [any Layer] =
            isSecond
            ? [
                first, relu, pool, fire(16, 64), fire(16, 64), pool, fire(32, 128), fire(32, 128), pool,
                fire(48, 192), fire(48, 192), fire(64, 256), fire(64, 256),
            ]
            : [
                first, relu, pool, fire(16, 64), fire(16, 64), fire(32, 128), pool, fire(32, 128), fire(48, 192),
                fire(48, 192), fire(64, 256), pool, fire(64, 256),
            ]
        return modules([
            "features": numbered(features),
            "classifier": numbered([
                Dropout(0.5),
                Conv2D(filters: classes, kernelSize: 1, kernelInitializer: .normal(standardDeviation: 0.01)),
                relu, GlobalAveragePool(),
            ]),
        ])
    }
}
