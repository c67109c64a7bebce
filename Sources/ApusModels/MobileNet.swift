import ApusNN

/// A block that widens channels, convolves each by itself, weighs them if wanted, and narrows them again.
private struct InvertedResidual {
    var input: Int
    var expanded: Int
    var output: Int
    var size = 3
    var strides: Size2D = 1
    var activation: Activation
    var norm = batchNorm()
    /// The channels between the two maps of squeeze and excitation.
    var squeeze: Int?
    var gate: Activation = .sigmoid
    /// The function between these two maps.
    var inner: Activation = .relu
    /// The probability to be left out in training.
    var dropRate = 0.0

    /// A convolution, its normalization, its activation, under the numbers 0, 1, 2.
    func unit(_ convolution: any Layer) -> Sequential { numbered([convolution, norm, ActivationLayer(activation)]) }

    var expansion: Sequential? { expanded == input ? nil : unit(convolution(expanded, 1)) }
    var depthwise: Sequential { unit(ApusModels.depthwise(size, strides: strides)) }
    var projection: [any Layer] { [convolution(output, 1), norm] }

    /// The layers, whose result is added to the input if it has its shape.
    func residual(_ name: String, _ layers: [any Layer]) -> any Layer {
        let body = numbered(layers).named(name)
        guard strides == 1, input == output else { return Sequential([body]) }
        let last: [any Layer] = dropRate > 0 ? [StochasticDepth(dropRate).named("stochastic_depth")] : []
        return Residual(body: last.isEmpty ? Sequential([body]) : nameless(Sequential([body] + last)))
    }

    /// MobileNetV2's numbering: the layers of the last map count by themselves.
    var ofSecondVersion: any Layer {
        residual("conv", [expansion, depthwise].compactMap { $0 } + projection)
    }

    /// The numbering of MobileNetV3 and EfficientNet.
    var block: any Layer {
        let weights = squeeze.map { SqueezeExcitation($0, activation: inner, gate: gate) }
        let layers: [(any Layer)?] = [expansion, depthwise, weights, numbered(projection)]
        return residual("block", layers.compactMap { $0 })
    }
}

/// The nearest multiple of 8, but not less than nine tenths.
private func multipleOfEight(_ value: Double) -> Int {
    let rounded = max(8, Int(value + 4) / 8 * 8)
    return Double(rounded) < 0.9 * value ? rounded + 8 : rounded
}

extension Sequential {
    /// MobileNetV2: inverted residuals with ReLU6, 3,504,872 weights with 1000 classes. Sandler et al. (2018).
    ///
    /// For small images the first convolution and the first block that shrinks keep the size.
    static func mobileNetV2(classes: Int, images: ImageScale) -> Sequential {
        let stages = [
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
        ]
        var channels = 32
        let unit = InvertedResidual(input: 0, expanded: 0, output: 0, activation: .relu6)
        var features: [any Layer] = [unit.unit(convolution(32, 3, strides: images == .large ? 2 : 1))]
        for (stage, (factor, output, count, strides)) in stages.enumerated() {
            for index in 0..<count {
                let shrinks = index == 0 && strides == 2 && (images == .large || stage != 1)
                features.append(
                    InvertedResidual(
                        input: channels, expanded: channels * factor, output: output, strides: shrinks ? 2 : 1,
                        activation: .relu6
                    ).ofSecondVersion)
                channels = output
            }
        }
        features.append(unit.unit(convolution(1280, 1)))
        return modules([
            "features": numbered(features), "avgpool": GlobalAveragePool(),
            "classifier": numbered([Dropout(0.2), Dense(classes)]),
        ])
    }

    /// MobileNetV3 in its small or large size: 2,542,856 or 5,483,032 weights with 1000 classes. Howard et al. (2019).
    ///
    /// For small images the first convolution and the first block that shrinks keep the size.
    static func mobileNetV3(isLarge: Bool, classes: Int, images: ImageScale) -> Sequential {
        // Size of the window, expanded channels, channels, whether channels are weighed, whether by hard swish, stride.
        let rows: [(Int, Int, Int, Bool, Bool, Int)] =
            isLarge
            ? [
                (3, 16, 16, false, false, 1), (3, 64, 24, false, false, 2), (3, 72, 24, false, false, 1),
                (5, 72, 40, true, false, 2), (5, 120, 40, true, false, 1), (5, 120, 40, true, false, 1),
                (3, 240, 80, false, true, 2), (3, 200, 80, false, true, 1), (3, 184, 80, false, true, 1),
                (3, 184, 80, false, true, 1), (3, 480, 112, true, true, 1), (3, 672, 112, true, true, 1),
                (5, 672, 160, true, true, 2), (5, 960, 160, true, true, 1), (5, 960, 160, true, true, 1),
            ]
            : [
                (3, 16, 16, true, false, 2), (3, 72, 24, false, false, 2), (3, 88, 24, false, false, 1),
                (5, 96, 40, true, true, 2), (5, 240, 40, true, true, 1), (5, 240, 40, true, true, 1),
                (5, 120, 48, true, true, 1), (5, 144, 48, true, true, 1), (5, 288, 96, true, true, 2),
                (5, 576, 96, true, true, 1), (5, 576, 96, true, true, 1),
            ]
        let norm = batchNorm(momentum: 0.99, epsilon: 1e-3)
        let unit = InvertedResidual(input: 0, expanded: 0, output: 0, activation: .hardSwish, norm: norm)
        var features: [any Layer] = [unit.unit(convolution(16, 3, strides: images == .large ? 2 : 1))]
        var (channels, hasShrunk) = (16, images == .large)
        for (size, expanded, output, isWeighed, isHardSwish, strides) in rows {
            let shrinks = strides == 2 && hasShrunk
            if strides == 2 { hasShrunk = true }
            features.append(
                InvertedResidual(
                    input: channels, expanded: expanded, output: output, size: size, strides: shrinks ? 2 : 1,
                    activation: isHardSwish ? .hardSwish : .relu, norm: norm,
                    squeeze: isWeighed ? multipleOfEight(Double(expanded) / 4) : nil, gate: .hardSigmoid
                ).block)
            channels = output
        }
        features.append(unit.unit(convolution(channels * 6, 1)))
        return modules([
            "features": numbered(features), "avgpool": GlobalAveragePool(),
            "classifier": numbered([
                Dense(isLarge ? 1280 : 1024), ActivationLayer(.hardSwish), Dropout(0.2), Dense(classes),
            ]),
        ])
    }

    /// EfficientNet-B0: inverted residuals with SiLU whose channels are weighed, 5,288,548 weights with 1000 classes.
    ///
    /// For small images the first convolution and the first block that shrinks keep the size. Tan & Le (2019).
    static func efficientNetB0(classes: Int, images: ImageScale) -> Sequential {
        let stages = [
            (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
            (6, 5, 2, 192, 4),
            (6, 3, 1, 320, 1),
        ]
        let blocks = stages.reduce(0) { $0 + $1.4 }
        let unit = InvertedResidual(input: 0, expanded: 0, output: 0, activation: .silu)
        var features: [any Layer] = [unit.unit(convolution(32, 3, strides: images == .large ? 2 : 1))]
        var (channels, block) = (32, 0)
        for (stage, (factor, size, strides, output, count)) in stages.enumerated() {
            features.append(
                numbered(
                    (0..<count).map { index in
                        let shrinks = index == 0 && strides == 2 && (images == .large || stage != 1)
                        let layer = InvertedResidual(
                            input: channels, expanded: channels * factor, output: output, size: size,
                            strides: shrinks ? 2 : 1, activation: .silu, squeeze: max(1, channels / 4), inner: .silu,
                            dropRate: 0.2 * Double(block) / Double(blocks)
                        ).block
                        (channels, block) = (output, block + 1)
                        return layer
                    }))
        }
        features.append(unit.unit(convolution(1280, 1)))
        return modules([
            "features": numbered(features), "avgpool": GlobalAveragePool(),
            "classifier": numbered([Dropout(0.2), Dense(classes)]),
        ])
    }
}
