public import ApusGraph
public import ApusNN

/// Networks by name: values without weights.
///
/// Layers bear the names of the published weights, torchvision's where there are some: `layer1/0/conv1/kernel` is
/// `layer1.0.conv1.weight`.
///
/// ```swift
/// let net = Zoo.resnet18.model(classes: 100)
/// print(Zoo.allCases.map(\.rawValue))
/// print(try net.summary(input: [32, 32, 3]).parameterCount)
/// let published = Zoo.resnet50.published
/// print(try Zoo.resnet50.model(classes: published.classes, images: .large).summary(input: published.input).trainableCount)
/// ```
public enum Zoo: String, Sendable, CaseIterable {
    /// Dense layers of 256 and 128 units.
    case mlp
    /// LeNet-5 for images of 28 × 28, with ReLU and maxima.
    case lenet5
    /// LeNet-5 as in its paper: tanh, trained average pooling, a table of connections.
    case lenet5Of1998 = "lenet5-1998"
    /// AlexNet in one column, as torchvision has it.
    case alexnet
    /// AlexNet as in its paper: two columns, local response normalization.
    case alexnetOf2012 = "alexnet-2012"
    /// VGG of 11 layers.
    case vgg11
    /// VGG of 11 layers with batch normalization.
    case vgg11BN = "vgg11-bn"
    /// VGG of 13 layers.
    case vgg13
    /// VGG of 13 layers with batch normalization.
    case vgg13BN = "vgg13-bn"
    /// VGG of 16 layers.
    case vgg16
    /// VGG of 16 layers with batch normalization.
    case vgg16BN = "vgg16-bn"
    /// VGG of 19 layers.
    case vgg19
    /// VGG of 19 layers with batch normalization.
    case vgg19BN = "vgg19-bn"
    /// A residual network of 18 layers.
    case resnet18
    /// A residual network of 34 layers.
    case resnet34
    /// A residual network of 50 layers, with bottlenecks.
    case resnet50
    /// A residual network of 101 layers, with bottlenecks.
    case resnet101
    /// A residual network of 152 layers, with bottlenecks.
    case resnet152
    /// A residual network of 50 layers whose bottlenecks are twice as wide.
    case wideResnet50 = "wide-resnet50-2"
    /// A residual network of 50 layers whose bottlenecks have 32 groups.
    case resnext50 = "resnext50-32x4d"
    /// A residual network of 18 layers that normalizes before it convolves.
    case preactResnet18 = "preact-resnet18"
    /// A residual network of 34 layers that normalizes before it convolves.
    case preactResnet34 = "preact-resnet34"
    /// A residual network of 50 layers that normalizes before it convolves.
    case preactResnet50 = "preact-resnet50"
    /// A residual network of 101 layers that normalizes before it convolves.
    case preactResnet101 = "preact-resnet101"
    /// A residual network of 152 layers that normalizes before it convolves.
    case preactResnet152 = "preact-resnet152"
    /// The residual network of 20 layers for CIFAR.
    case resnet20
    /// The residual network of 32 layers for CIFAR.
    case resnet32
    /// The residual network of 44 layers for CIFAR.
    case resnet44
    /// The residual network of 56 layers for CIFAR.
    case resnet56
    /// The residual network of 110 layers for CIFAR.
    case resnet110
    /// GoogLeNet with batch normalization, as torchvision has it.
    case googlenet
    /// GoogLeNet as in its paper: local response normalization, 5 × 5 convolutions.
    case googlenetOf2014 = "googlenet-2014"
    /// Inception v3.
    case inceptionV3
    /// SqueezeNet 1.0.
    case squeezenet1_0 = "squeezenet1.0"
    /// SqueezeNet 1.1.
    case squeezenet1_1 = "squeezenet1.1"
    /// MobileNetV2.
    case mobilenetV2
    /// MobileNetV3, the small size.
    case mobilenetV3Small = "mobilenetV3-small"
    /// MobileNetV3, the large size.
    case mobilenetV3Large = "mobilenetV3-large"
    /// DenseNet of 121 layers.
    case densenet121
    /// DenseNet of 169 layers.
    case densenet169
    /// DenseNet of 201 layers.
    case densenet201
    /// EfficientNet-B0.
    case efficientnetB0 = "efficientnet-b0"
    /// ConvNeXt, the tiny size.
    case convnextT = "convnext-t"

    /// The model for images or feature vectors of `classes` classes; it yields logits.
    ///
    /// - Parameters:
    ///   - classes: The number of outputs.
    ///   - images: For what size of images its first and last layers are made, where the network has two forms.
    public func model(classes: Int = 10, images: ImageScale = .small) -> Sequential {
        switch self {
        case .mlp: .mlp(classes: classes)
        case .lenet5: .lenet5(classes: classes)
        case .lenet5Of1998: .lenet5Of1998(classes: classes)
        case .alexnet: .alexNet(classes: classes, images: images)
        case .alexnetOf2012: .alexNetOf2012(classes: classes)
        case .vgg11: .vgg([1, 1, 2, 2, 2], normalizes: false, classes: classes, images: images)
        case .vgg11BN: .vgg([1, 1, 2, 2, 2], normalizes: true, classes: classes, images: images)
        case .vgg13: .vgg([2, 2, 2, 2, 2], normalizes: false, classes: classes, images: images)
        case .vgg13BN: .vgg([2, 2, 2, 2, 2], normalizes: true, classes: classes, images: images)
        case .vgg16: .vgg([2, 2, 3, 3, 3], normalizes: false, classes: classes, images: images)
        case .vgg16BN: .vgg([2, 2, 3, 3, 3], normalizes: true, classes: classes, images: images)
        case .vgg19: .vgg([2, 2, 4, 4, 4], normalizes: false, classes: classes, images: images)
        case .vgg19BN: .vgg([2, 2, 4, 4, 4], normalizes: true, classes: classes, images: images)
        case .resnet18, .resnet34, .resnet50, .resnet101, .resnet152, .wideResnet50, .resnext50:
            .resNet(residualBlocks, classes: classes, images: images)
        case .preactResnet18, .preactResnet34, .preactResnet50, .preactResnet101, .preactResnet152:
            .preactivationResNet(residualBlocks, classes: classes, images: images)
        case .resnet20: .cifarResNet(layers: 20, classes: classes)
        case .resnet32: .cifarResNet(layers: 32, classes: classes)
        case .resnet44: .cifarResNet(layers: 44, classes: classes)
        case .resnet56: .cifarResNet(layers: 56, classes: classes)
        case .resnet110: .cifarResNet(layers: 110, classes: classes)
        case .googlenet, .googlenetOf2014, .inceptionV3: inception(classes: classes, images: images)!.layers
        case .squeezenet1_0: .squeezeNet(isSecond: false, classes: classes, images: images)
        case .squeezenet1_1: .squeezeNet(isSecond: true, classes: classes, images: images)
        case .mobilenetV2: .mobileNetV2(classes: classes, images: images)
        case .mobilenetV3Small: .mobileNetV3(isLarge: false, classes: classes, images: images)
        case .mobilenetV3Large: .mobileNetV3(isLarge: true, classes: classes, images: images)
        case .densenet121: .denseNet([6, 12, 24, 16], classes: classes, images: images)
        case .densenet169: .denseNet([6, 12, 32, 32], classes: classes, images: images)
        case .densenet201: .denseNet([6, 12, 48, 32], classes: classes, images: images)
        case .efficientnetB0: .efficientNetB0(classes: classes, images: images)
        case .convnextT: .convNeXtT(classes: classes, images: images)
        }
    }

    /// The model with its auxiliary heads, which train beside the output `fc`: GoogLeNet's `aux1` and `aux2`, Inception v3's
    /// `AuxLogits`; `nil` for networks without.
    ///
    /// Papers count their losses 0.3 times: `losses: ["fc": .softmaxCrossEntropy, "aux1": .softmaxCrossEntropy.weighted(0.3), …]`.
    ///
    /// - Parameters:
    ///   - classes: The number of outputs of each head.
    ///   - images: For what size of images its first layers are made.
    public func modelWithAuxiliaries(classes: Int = 10, images: ImageScale = .small) -> ModelGraph? {
        inception(classes: classes, images: images)?.graph
    }

    private func inception(classes: Int, images: ImageScale) -> InceptionNetwork? {
        switch self {
        case .googlenet: .googLeNet(normalizes: true, classes: classes, images: images)
        case .googlenetOf2014: .googLeNet(normalizes: false, classes: classes, images: images)
        case .inceptionV3: .inceptionV3(classes: classes, images: images)
        default: nil
        }
    }

    private var residualBlocks: Sequential.ResidualBlocks {
        switch self {
        case .resnet18, .preactResnet18: .init(counts: [2, 2, 2, 2], isBottleneck: false)
        case .resnet34, .preactResnet34: .init(counts: [3, 4, 6, 3], isBottleneck: false)
        case .resnet101, .preactResnet101: .init(counts: [3, 4, 23, 3])
        case .resnet152, .preactResnet152: .init(counts: [3, 8, 36, 3])
        case .wideResnet50: .init(counts: [3, 4, 6, 3], width: 2)
        case .resnext50: .init(counts: [3, 4, 6, 3], groups: 32, width: 2)
        default: .init(counts: [3, 4, 6, 3])
        }
    }

    // MARK: Facts

    /// The images and classes of the publication, and the form it is in.
    public var published: (input: Shape, classes: Int, images: ImageScale) {
        switch self {
        case .mlp, .lenet5, .lenet5Of1998: ([28, 28, 1], 10, .small)
        case .resnet20, .resnet32, .resnet44, .resnet56, .resnet110: ([32, 32, 3], 10, .small)
        case .alexnetOf2012: ([227, 227, 3], 1000, .large)
        case .inceptionV3: ([299, 299, 3], 1000, .large)
        default: ([224, 224, 3], 1000, .large)
        }
    }

    /// Whether there is a form for small images and one for large ones.
    public var hasTwoForms: Bool {
        switch self {
        case .alexnetOf2012: false
        default: published.images == .large
        }
    }

    /// The paper, by its first authors and year.
    public var paper: String {
        switch self {
        case .mlp: "Rumelhart, Hinton & Williams (1986)"
        case .lenet5, .lenet5Of1998: "LeCun et al. (1998)"
        case .alexnet: "Krizhevsky (2014)"
        case .alexnetOf2012: "Krizhevsky, Sutskever & Hinton (2012)"
        case .vgg11, .vgg11BN, .vgg13, .vgg13BN, .vgg16, .vgg16BN, .vgg19, .vgg19BN: "Simonyan & Zisserman (2015)"
        case .resnet18, .resnet34, .resnet50, .resnet101, .resnet152, .resnet20, .resnet32, .resnet44, .resnet56,
            .resnet110:
            "He et al. (2016)"
        case .preactResnet18, .preactResnet34, .preactResnet50, .preactResnet101, .preactResnet152:
            "He et al. (2016), identity mappings"
        case .wideResnet50: "Zagoruyko & Komodakis (2016)"
        case .resnext50: "Xie et al. (2017)"
        case .googlenet, .googlenetOf2014: "Szegedy et al. (2015)"
        case .inceptionV3: "Szegedy et al. (2016)"
        case .squeezenet1_0, .squeezenet1_1: "Iandola et al. (2016)"
        case .mobilenetV2: "Sandler et al. (2018)"
        case .mobilenetV3Small, .mobilenetV3Large: "Howard et al. (2019)"
        case .densenet121, .densenet169, .densenet201: "Huang et al. (2017)"
        case .efficientnetB0: "Tan & Le (2019)"
        case .convnextT: "Liu et al. (2022)"
        }
    }
}

/// For what size of images the first and last layers of a network are made.
///
/// ```swift
/// print(ImageScale(of: [32, 32, 3]), ImageScale(of: [224, 224, 3]))   // small large
/// ```
public enum ImageScale: String, Sendable, Hashable, Codable, CaseIterable {
    /// For images of about 32 × 32: the first layers do not shrink them.
    case small
    /// For images of about 224 × 224, as published.
    case large

    /// The form for samples of a shape: images above 64 × 64 are large.
    public init(of input: Shape) {
        self = input.rank == 3 && min(input[0], input[1]) > 64 ? .large : .small
    }
}

/// A network of the zoo by its name and form: `resnet18`, `resnet18-large`, `googlenet-aux`.
///
/// ```swift
/// let network = ZooNetwork("resnet18-large")!
/// print(network.network, network.images!)   // resnet18 large
/// ```
public struct ZooNetwork: Sendable, Hashable {
    /// The network.
    public var network: Zoo
    /// The form; `nil` where the data decide.
    public var images: ImageScale?
    /// Whether its auxiliary heads train as well.
    public var hasAuxiliaries: Bool

    /// A network by name, with `-small`, `-large` or `-aux` behind it; `nil` if there is none.
    public init?(_ name: String) {
        (images, hasAuxiliaries) = (nil, false)
        var rest = name
        while Zoo(rawValue: rest) == nil, let dash = rest.lastIndex(of: "-") {
            let word = String(rest[rest.index(after: dash)...])
            if word == "aux", !hasAuxiliaries {
                hasAuxiliaries = true
            } else if images == nil, let images = ImageScale(rawValue: word) {
                self.images = images
            } else {
                return nil
            }
            rest = String(rest[..<dash])
        }
        guard let network = Zoo(rawValue: rest), images == nil || network.hasTwoForms,
            !hasAuxiliaries || network.modelWithAuxiliaries() != nil
        else { return nil }
        self.network = network
    }

    /// The model.
    ///
    /// - Parameters:
    ///   - classes: The number of outputs.
    ///   - input: The shape of a sample, which decides the form where the name does not; small images if `nil`.
    public func model(classes: Int, input: Shape? = nil) -> any Model {
        let images = self.images ?? input.map { ImageScale(of: $0) } ?? .small
        return hasAuxiliaries
            ? network.modelWithAuxiliaries(classes: classes, images: images)!
            : network.model(classes: classes, images: images)
    }
}
