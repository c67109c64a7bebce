import ApusExperiments
import ApusGraph
import ApusModels
import ApusNN
import ApusTestKit
import Testing

/// The networks of the zoo have the layers, shapes and weights that were published.
@Suite struct ZooTests {
    /// Where the shape of what flows through changes, once a change.
    private func shapes(_ model: Sequential, _ input: Shape) throws -> [Shape] {
        try model.summary(input: input).rows.map(\.outputShape).reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
    }

    private static func count(_ network: Zoo, classes: Int, _ images: ImageScale, _ input: Shape) throws -> Int {
        try network.model(classes: classes, images: images).summary(input: input).trainableCount
    }

    // MARK: Weights

    /// The weights of the published forms: those that torchvision and timm state, and those of the papers.
    static let published: [(Zoo, Int)] = [
        (.mlp, 235_146), (.lenet5, 61_706), (.lenet5Of1998, 60_850), (.alexnet, 61_100_840),
        (.alexnetOf2012, 60_965_224),
        (.vgg11, 132_863_336), (.vgg11BN, 132_868_840), (.vgg13, 133_047_848), (.vgg13BN, 133_053_736),
        (.vgg16, 138_357_544), (.vgg16BN, 138_365_992), (.vgg19, 143_667_240), (.vgg19BN, 143_678_248),
        (.resnet18, 11_689_512), (.resnet34, 21_797_672), (.resnet50, 25_557_032), (.resnet101, 44_549_160),
        (.resnet152, 60_192_808), (.wideResnet50, 68_883_240), (.resnext50, 25_028_904), (.preactResnet18, 11_687_720),
        (.preactResnet34, 21_795_880), (.preactResnet50, 25_549_352), (.preactResnet101, 44_541_480),
        (.preactResnet152, 60_185_128), (.resnet20, 269_722), (.resnet32, 464_154), (.resnet44, 658_586),
        (.resnet56, 853_018), (.resnet110, 1_727_962), (.googlenet, 6_624_904), (.googlenetOf2014, 6_998_552),
        (.inceptionV3, 23_834_568), (.squeezenet1_0, 1_248_424), (.squeezenet1_1, 1_235_496), (.mobilenetV2, 3_504_872),
        (.mobilenetV3Small, 2_542_856), (.mobilenetV3Large, 5_483_032), (.densenet121, 7_978_856),
        (.densenet169, 14_149_480), (.densenet201, 20_013_928), (.efficientnetB0, 5_288_548), (.convnextT, 28_589_128),
    ]

    @Test(arguments: published) func weights(_ network: Zoo, _ expected: Int) throws {
        let (input, classes, images) = network.published
        #expect(try ZooTests.count(network, classes: classes, images, input) == expected)
    }

    @Test func everyNetworkHasItsCount() {
        #expect(ZooTests.published.map(\.0) == Zoo.allCases)
    }

    /// With auxiliary heads: torchvision's two networks, and the paper's form, whose heads have 3,188,840 weights each but for the
    /// channels that they see.
    @Test(arguments: [
        (Zoo.googlenet, 13_004_888), (.googlenetOf2014, 13_378_280), (.inceptionV3, 27_161_264),
    ]) func weightsWithAuxiliaries(_ network: Zoo, _ expected: Int) throws {
        let (input, classes, images) = network.published
        let model = try #require(network.modelWithAuxiliaries(classes: classes, images: images))
        #expect(try model.summary(inputs: Signature(input)).trainableCount == expected)
        #expect(model.outputNames == (network == .inceptionV3 ? ["AuxLogits", "fc"] : ["aux1", "aux2", "fc"]))
    }

    /// For small images: the counts of the usual CIFAR networks.
    @Test(arguments: [
        (Zoo.resnet18, 11_173_962), (.resnet34, 21_282_122), (.resnet50, 23_520_842), (.vgg16BN, 14_728_266),
        (.vgg16, 14_719_818), (.preactResnet18, 11_172_170), (.mobilenetV2, 2_236_682),
    ]) func weightsForSmallImages(_ network: Zoo, _ expected: Int) throws {
        #expect(try ZooTests.count(network, classes: 10, .small, [32, 32, 3]) == expected)
    }

    /// Two running values a channel are not trained: 4800 channels.
    @Test func runningValues() throws {
        #expect(try Zoo.resnet18.model().summary(input: [32, 32, 3]).parameterCount == 11_173_962 + 9600)
    }

    @Test func weightsOfSmallNetworks() throws {
        #expect(try Sequential.mlp(hidden: [7], classes: 3).summary(input: [4]).trainableCount == 5 * 7 + 8 * 3)
        #expect(try Sequential.lenet5().summary(input: [32, 32, 3]).trainableCount == 83_126)
        // C1, S2, C3, S4, C5, F6 of the paper; a dense layer of 850 in place of its last.
        let rows = try Zoo.lenet5Of1998.model().summary(input: [28, 28, 1]).rows
        #expect(rows.map(\.parameterCount).filter { $0 > 0 } == [156, 12, 1516, 32, 48_120, 10_164, 850])
    }

    // MARK: Shapes

    @Test func shapesOfResidualNetworks() throws {
        for network in [Zoo.resnet18, .resnet34] {
            #expect(
                try shapes(network.model(), [32, 32, 3]) == [
                    [32, 32, 64], [16, 16, 128], [8, 8, 256], [4, 4, 512], [512], [10],
                ])
            #expect(
                try shapes(network.model(classes: 1000, images: .large), [224, 224, 3])
                    == [[112, 112, 64], [56, 56, 64], [28, 28, 128], [14, 14, 256], [7, 7, 512], [512], [1000]])
        }
        let last = try shapes(Zoo.resnet20.model(), [32, 32, 3]).suffix(3)
        #expect(last == [[8, 8, 64], [64], [10]])
    }

    /// What the last convolution yields in both forms.
    @Test(
        arguments: [
            (Zoo.alexnet, [1, 1, 256], [6, 6, 256]), (.vgg16, [1, 1, 512], [7, 7, 512]),
            (.preactResnet50, [4, 4, 2048], [7, 7, 2048]), (.resnext50, [4, 4, 2048], [7, 7, 2048]),
            (.googlenet, [4, 4, 1024], [7, 7, 1024]), (.googlenetOf2014, [4, 4, 1024], [7, 7, 1024]),
            (.inceptionV3, [7, 7, 2048], [8, 8, 2048]), (.squeezenet1_1, [4, 4, 10], [13, 13, 10]),
            (.mobilenetV2, [4, 4, 1280], [7, 7, 1280]), (.mobilenetV3Small, [4, 4, 576], [7, 7, 576]),
            (.mobilenetV3Large, [4, 4, 960], [7, 7, 960]), (.densenet121, [4, 4, 1024], [7, 7, 1024]),
            (.efficientnetB0, [4, 4, 1280], [7, 7, 1280]), (.convnextT, [2, 2, 768], [7, 7, 768]),
        ] as [(Zoo, Shape, Shape)]) func sizesOfImages(_ network: Zoo, _ small: Shape, _ large: Shape) throws
    {
        let last = { (images: ImageScale, input: Shape) in
            try self.shapes(network.model(images: images), input).last { $0.rank == 3 && $0[2] == small[2] }
        }
        #expect(try last(.small, [32, 32, 3]) == small)
        #expect(try last(.large, network.published.input) == large)
    }

    @Test func shapesOfSmallNetworks() throws {
        #expect(try shapes(.mlp(), [28, 28, 1]) == [[784], [256], [128], [10]])
        #expect(
            try shapes(.lenet5(), [28, 28, 1])
                == [[28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [400], [120], [84], [10]])
    }

    // MARK: Layers

    /// The numbers of their names: convolutions and dense layers, without those of shortcuts.
    @Test(arguments: [
        (Zoo.resnet18, 18, 8), (.resnet34, 34, 16), (.resnet50, 50, 16), (.resnet101, 101, 33), (.resnet152, 152, 50),
        (.preactResnet18, 18, 8), (.preactResnet50, 50, 16), (.resnet20, 20, 9), (.resnet110, 110, 54), (.vgg11, 11, 0),
        (.vgg13, 13, 0), (.vgg16, 16, 0), (.vgg19BN, 19, 0), (.alexnet, 8, 0), (.densenet121, 121, 0),
        (.densenet169, 169, 0),
    ]) func layersOfANetwork(_ network: Zoo, _ weighted: Int, _ residuals: Int) throws {
        let (input, classes, images) = network.published
        let rows = try network.model(classes: classes, images: images).summary(input: input).rows
        let isWeighted = { (row: ModelSummary.Row) in row.layer.hasPrefix("Conv2D") || row.layer.hasPrefix("Dense") }
        #expect(rows.count { isWeighted($0) && !$0.path.contains("downsample") } == weighted)
        #expect(rows.count { $0.layer == "Residual" } == residuals)
    }

    /// As in the papers: padding at both edges, momentum 0.9 for running values, ReLU after normalization, He's initial values.
    @Test func layersOfAResidualNetwork() throws {
        let rows = try Zoo.resnet18.model(images: .large).summary(input: [64, 64, 3]).rows
        let text = rows.map { "\($0.path)  \($0.layer)" }
        let rest = "useBias: false, kernelInitializer: .heNormal)"
        #expect(
            text.prefix(9) == [
                "conv1  Conv2D(filters: 64, kernelSize: 7, strides: 2, padding: .explicit(3), \(rest)",
                "bn1  BatchNorm(momentum: 0.9, epsilon: 1e-05)", "relu  ActivationLayer(.relu)",
                "maxpool  MaxPool2D(3, strides: 2, padding: .explicit(1))",
                "layer1/0/conv1  Conv2D(filters: 64, kernelSize: 3, padding: .explicit(1), \(rest)",
                "layer1/0/bn1  BatchNorm(momentum: 0.9, epsilon: 1e-05)", "layer1/0/relu1  ActivationLayer(.relu)",
                "layer1/0/conv2  Conv2D(filters: 64, kernelSize: 3, padding: .explicit(1), \(rest)",
                "layer1/0/bn2  BatchNorm(momentum: 0.9, epsilon: 1e-05)",
            ])
        #expect(
            text.contains(
                "layer2/0/downsample/0  Conv2D(filters: 128, kernelSize: 1, strides: 2, padding: .explicit(0), \(rest)")
        )
        #expect(text.suffix(2) == ["avgpool  GlobalAveragePool()", "fc  Dense(10)"])
    }

    // MARK: Names

    @Test(arguments: Zoo.allCases) func everyNameIsAModel(_ network: Zoo) throws {
        let input = network.hasTwoForms ? [32, 32, 3] : network.published.input
        let summary = try ModelSource.name(network.rawValue).model(outputs: 7, input: input).summary(
            inputs: Signature(input))
        #expect(summary.rows.last?.outputShape == [7])
        #expect(network.model() == network.model(classes: 10))
    }

    /// The form follows the images unless the name says which.
    @Test func formsByName() throws {
        func model(_ name: String, _ input: Shape?) throws -> (any Model)? {
            try ModelSource.name(name).model(outputs: 3, input: input)
        }
        let (small, large) = (Zoo.resnet18.model(classes: 3), Zoo.resnet18.model(classes: 3, images: .large))
        #expect(try model("resnet18", [64, 80, 3]) as? Sequential == small)
        #expect(try model("resnet18", [65, 80, 3]) as? Sequential == large)
        #expect(try model("resnet18", nil) as? Sequential == small)
        #expect(try model("resnet18-large", [32, 32, 3]) as? Sequential == large)
        #expect(try model("resnet18-small", [224, 224, 3]) as? Sequential == small)
        #expect(
            try model("googlenet-aux-large", [32, 32, 3]) as? ModelGraph
                == Zoo.googlenet.modelWithAuxiliaries(classes: 3, images: .large))
        #expect(
            try model("googlenet-large-aux", nil) as? ModelGraph == model("googlenet-aux-large", nil) as? ModelGraph)
        #expect(try model("mobilenetV3-large", nil) as? Sequential == Zoo.mobilenetV3Large.model(classes: 3))
        for name in [
            "mlp-large", "resnet18-aux", "resnet18-large-small", "googlenet-aux-aux", "resnet20-large", "-aux",
        ] {
            #expect(ZooNetwork(name) == nil, "\(name)")
        }
    }

    @Test(arguments: [
        ("resnet-18", "there is no network resnet-18 (did you mean resnet18?)"),
        ("LeNet", "there is no network LeNet (did you mean lenet5?)"),
        ("vgg", "there is no network vgg (did you mean vgg11?)"),
    ]) func unknownNames(_ name: String, _ expected: String) {
        #expect(message { try ModelSource.name(name).model() } == expected)
    }

    /// Who gives too small an image is told which layer does not fit.
    @Test(arguments: [
        (
            Zoo.lenet5, [8, 8, 1],
            "2.conv2D (Conv2D(filters: 16, kernelSize: 5, activation: .relu)): convolution: the window of 5 × 5 does not fit the padded image of 4 × 4; use a smaller kernel, more padding, or fewer layers that shrink the image"
        ),
        (
            .vgg16, [28, 28, 1],
            "features/30 (MaxPool2D(2)): maxPool: the window of 2 × 2 does not fit the image of 1 × 1; use a smaller window or fewer layers that shrink the image"
        ),
        (
            .lenet5, [784],
            "0.conv2D (Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)): conv2D: expected images [N, H, W, C] but received shape [1, 784]"
        ),
    ]) func smallInputs(_ network: Zoo, _ input: [Int], _ expected: String) {
        #expect(message { try network.model().summary(input: Shape(input)) } == expected)
    }
}
