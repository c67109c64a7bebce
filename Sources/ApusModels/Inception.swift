import ApusNN

/// The modules of an Inception network in order, and the heads that train beside its output.
struct InceptionNetwork {
    /// The modules by name.
    var modules: [(name: String, layer: any Layer)]
    /// The heads by name, and after which module each begins.
    var auxiliaries: [(name: String, after: String, layer: Sequential)]

    /// The network without auxiliary heads.
    var layers: Sequential { Sequential(modules.map { $0.layer.named($0.name) }) }

    /// The network with auxiliary heads: the outputs are the last module and the heads, by name.
    var graph: ModelGraph {
        var parts: [String: ModelGraph.Part] = [:]
        var last = "input"
        for module in modules {
            parts[module.name] = ModelGraph.Part(from: last) { module.layer.named("") }
            last = module.name
        }
        for head in auxiliaries { parts[head.name] = ModelGraph.Part(from: head.after) { head.layer.named("") } }
        return ModelGraph(parts)
    }
}

/// Branches whose results stand side by side, each a layer or several under names of their own.
func branches(_ branches: [any Layer]...) -> Parallel {
    Parallel(.concatenate, branches.map { $0.count == 1 ? Sequential($0) : nameless(Sequential($0)) })
}

extension InceptionNetwork {
    /// GoogLeNet: Inception v1 with two auxiliary heads. Szegedy et al. (2015).
    ///
    /// - Parameter normalizes: torchvision's form, with batch normalization and 3 × 3 in place of 5 × 5; else the paper's, with
    ///   local response normalization.
    static func googLeNet(normalizes: Bool, classes: Int, images: ImageScale) -> InceptionNetwork {
        func unit(_ filters: Int, _ size: Size2D, strides: Size2D = 1) -> Sequential {
            normalizes
                ? ApusModels.modules([
                    "conv": convolution(filters, size, strides: strides), "bn": batchNorm(epsilon: 1e-3), "relu": relu,
                ])
                : ApusModels.modules([
                    "conv": convolution(filters, size, strides: strides, useBias: true), "relu": relu,
                ])
        }
        func inception(_ one: Int, _ three: (Int, Int), _ five: (Int, Int), _ pool: Int) -> Parallel {
            branches(
                [unit(one, 1).named("branch1")],
                [numbered([unit(three.0, 1), unit(three.1, 3)]).named("branch2")],
                [numbered([unit(five.0, 1), unit(five.1, normalizes ? 3 : 5)]).named("branch3")],
                [
                    numbered([
                        MaxPool2D(3, strides: 1, padding: .explicit(1), ceilMode: true), unit(pool, 1),
                    ]).named("branch4")
                ])
        }
        func head(rate: Double) -> Sequential {
            ApusModels.modules([
                "pool": normalizes || images == .small ? AdaptiveAveragePool2D(4) : AveragePool2D(5, strides: 3),
                "conv": unit(128, 1), "flatten": Flatten(), "fc1": Dense(1024, activation: .relu),
                "dropout": Dropout(rate), "fc2": Dense(classes),
            ])
        }
        let pool = MaxPool2D(3, strides: 2, ceilMode: true)
        let response = LocalResponseNorm(5, alpha: 1e-4, beta: 0.75, k: 1)
        var modules: [(name: String, layer: any Layer)] = []
        if images == .large {
            modules = [("conv1", unit(64, 7, strides: 2)), ("maxpool1", pool)]
        } else {
            modules = [("conv1", unit(64, 3))]
        }
        if !normalizes { modules.append(("norm1", response)) }
        modules += [("conv2", unit(64, 1)), ("conv3", unit(192, 3))]
        if !normalizes { modules.append(("norm2", response)) }
        modules += [
            ("maxpool2", pool),
            ("inception3a", inception(64, (96, 128), (16, 32), 32)),
            ("inception3b", inception(128, (128, 192), (32, 96), 64)),
            ("maxpool3", pool),
            ("inception4a", inception(192, (96, 208), (16, 48), 64)),
            ("inception4b", inception(160, (112, 224), (24, 64), 64)),
            ("inception4c", inception(128, (128, 256), (24, 64), 64)),
            ("inception4d", inception(112, (144, 288), (32, 64), 64)),
            ("inception4e", inception(256, (160, 320), (32, 128), 128)),
            ("maxpool4", normalizes ? MaxPool2D(2, ceilMode: true) : pool),
            ("inception5a", inception(256, (160, 320), (32, 128), 128)),
            ("inception5b", inception(384, (192, 384), (48, 128), 128)),
            ("avgpool", GlobalAveragePool()), ("dropout", Dropout(normalizes ? 0.2 : 0.4)), ("fc", Dense(classes)),
        ]
        return InceptionNetwork(
            modules: modules,
            auxiliaries: [("aux1", "inception4a", head(rate: 0.7)), ("aux2", "inception4d", head(rate: 0.7))])
    }

    /// Inception v3 with one auxiliary head, for images of 299 × 299. Szegedy et al. (2016).
    ///
    /// For small images the first convolutions keep the size.
    static func inceptionV3(classes: Int, images: ImageScale) -> InceptionNetwork {
        func unit(
            _ filters: Int, _ size: Size2D, strides: Size2D = 1, _ padding: Padding? = nil
        ) -> Sequential {
            ApusModels.modules([
                "conv": Conv2D(
                    filters: filters, kernelSize: size, strides: strides, padding: padding ?? around(size),
                    useBias: false, kernelInitializer: .heNormal),
                "bn": batchNorm(epsilon: 1e-3), "relu": relu,
            ])
        }
        let averages = AveragePool2D(3, strides: 1, padding: .explicit(1), countsPadding: true)
        func pooled(_ filters: Int) -> [any Layer] { [averages.named("pool"), unit(filters, 1).named("branch_pool")] }
        func doubled(_ first: Int, _ second: Int, strides: Size2D = 1) -> [any Layer] {
            [
                unit(first, 1).named("branch3x3dbl_1"), unit(second, 3).named("branch3x3dbl_2"),
                unit(second, 3, strides: strides, strides == 1 ? nil : .valid).named("branch3x3dbl_3"),
            ]
        }
        func moduleA(pool: Int) -> Parallel {
            branches(
                [unit(64, 1).named("branch1x1")],
                [unit(48, 1).named("branch5x5_1"), unit(64, 5).named("branch5x5_2")],
                doubled(64, 96), pooled(pool))
        }
        func moduleC(_ inner: Int) -> Parallel {
            let (wide, high) = (Size2D(1, 7), Size2D(7, 1))
            return branches(
                [unit(192, 1).named("branch1x1")],
                [
                    unit(inner, 1).named("branch7x7_1"), unit(inner, wide).named("branch7x7_2"),
                    unit(192, high).named("branch7x7_3"),
                ],
                [
                    unit(inner, 1).named("branch7x7dbl_1"), unit(inner, high).named("branch7x7dbl_2"),
                    unit(inner, wide).named("branch7x7dbl_3"), unit(inner, high).named("branch7x7dbl_4"),
                    unit(192, wide).named("branch7x7dbl_5"),
                ], pooled(192))
        }
        /// The last convolution of a branch as two, 1 × 3 and 3 × 1, side by side.
        func fork(_ name: String) -> any Layer {
            branches(
                [unit(384, Size2D(1, 3)).named(name + "a")], [unit(384, Size2D(3, 1)).named(name + "b")]
            ).named("")
        }
        func moduleE() -> Parallel {
            branches(
                [unit(320, 1).named("branch1x1")],
                [unit(384, 1).named("branch3x3_1"), fork("branch3x3_2")],
                [
                    unit(448, 1).named("branch3x3dbl_1"), unit(384, 3).named("branch3x3dbl_2"), fork("branch3x3dbl_3"),
                ], pooled(192))
        }
        let pool = MaxPool2D(3, strides: 2)
        let isLarge = images == .large
        var modules: [(name: String, layer: any Layer)] = [
            ("Conv2d_1a_3x3", unit(32, 3, strides: isLarge ? 2 : 1, isLarge ? .valid : nil)),
            ("Conv2d_2a_3x3", unit(32, 3, isLarge ? .valid : nil)), ("Conv2d_2b_3x3", unit(64, 3)),
        ]
        if isLarge { modules.append(("maxpool1", pool)) }
        modules += [("Conv2d_3b_1x1", unit(80, 1)), ("Conv2d_4a_3x3", unit(192, 3, isLarge ? .valid : nil))]
        if isLarge { modules.append(("maxpool2", pool)) }
        modules += [
            ("Mixed_5b", moduleA(pool: 32)), ("Mixed_5c", moduleA(pool: 64)), ("Mixed_5d", moduleA(pool: 64)),
            (
                "Mixed_6a",
                branches(
                    [unit(384, 3, strides: 2, .valid).named("branch3x3")], doubled(64, 96, strides: 2),
                    [pool.named("pool")])
            ),
            ("Mixed_6b", moduleC(128)), ("Mixed_6c", moduleC(160)), ("Mixed_6d", moduleC(160)),
            ("Mixed_6e", moduleC(192)),
            (
                "Mixed_7a",
                branches(
                    [
                        unit(192, 1).named("branch3x3_1"), unit(320, 3, strides: 2, .valid).named("branch3x3_2"),
                    ],
                    [
                        unit(192, 1).named("branch7x7x3_1"), unit(192, Size2D(1, 7)).named("branch7x7x3_2"),
                        unit(192, Size2D(7, 1)).named("branch7x7x3_3"),
                        unit(192, 3, strides: 2, .valid).named("branch7x7x3_4"),
                    ], [pool.named("pool")])
            ),
            ("Mixed_7b", moduleE()), ("Mixed_7c", moduleE()),
            ("avgpool", GlobalAveragePool()), ("dropout", Dropout(0.5)), ("fc", Dense(classes)),
        ]
        let head = ApusModels.modules([
            "pool": isLarge ? AveragePool2D(5, strides: 3) : AdaptiveAveragePool2D(5), "conv0": unit(128, 1),
            "conv1": unit(768, 5, .valid), "avgpool": GlobalAveragePool(), "fc": Dense(classes),
        ])
        return InceptionNetwork(modules: modules, auxiliaries: [("AuxLogits", "Mixed_6e", head)])
    }
}
