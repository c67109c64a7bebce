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

    // MARK: Weights

    /// torchvision's resnet18 and resnet34; the small stem's count is that of the usual CIFAR networks.
    @Test func weightsOfResidualNetworks() throws {
        func count(_ model: Sequential, _ input: Shape) throws -> Int { try model.summary(input: input).trainableCount }
        #expect(try count(.resnet18(classes: 1000, stem: .large), [224, 224, 3]) == 11_689_512)
        #expect(try count(.resnet34(classes: 1000, stem: .large), [224, 224, 3]) == 21_797_672)
        #expect(try count(.resnet18(), [32, 32, 3]) == 11_173_962)
        #expect(try count(.resnet34(), [32, 32, 3]) == 21_282_122)
        // Two running values a channel are not trained: 4800 channels.
        #expect(try Sequential.resnet18().summary(input: [32, 32, 3]).parameterCount == 11_173_962 + 9600)
    }

    @Test func weightsOfVGG() throws {
        func count(_ model: Sequential, _ input: Shape) throws -> Int { try model.summary(input: input).trainableCount }
        #expect(
            try count(.vgg16(classes: 1000, normalizes: false, head: .large), [224, 224, 3]) == 138_357_544)
        #expect(try count(.vgg16(classes: 1000, head: .large), [224, 224, 3]) == 138_365_992)
        #expect(try count(.vgg16(), [32, 32, 3]) == 14_728_266)
        #expect(try count(.vgg16(normalizes: false), [32, 32, 3]) == 14_719_818)
    }

    @Test func weightsOfSmallNetworks() throws {
        #expect(try Sequential.mlp().summary(input: [28, 28, 1]).trainableCount == 235_146)
        #expect(try Sequential.mlp(hidden: [7], classes: 3).summary(input: [4]).trainableCount == 5 * 7 + 8 * 3)
        #expect(try Sequential.lenet5().summary(input: [28, 28, 1]).trainableCount == 61_706)
        #expect(try Sequential.lenet5().summary(input: [32, 32, 3]).trainableCount == 83_126)
    }

    // MARK: Shapes

    @Test func shapesOfResidualNetworks() throws {
        for model in [Sequential.resnet18(), .resnet34()] {
            #expect(
                try shapes(model, [32, 32, 3]) == [
                    [32, 32, 64], [16, 16, 128], [8, 8, 256], [4, 4, 512], [512], [10],
                ])
        }
        #expect(
            try shapes(.resnet18(classes: 1000, stem: .large), [224, 224, 3])
                == [[112, 112, 64], [56, 56, 64], [28, 28, 128], [14, 14, 256], [7, 7, 512], [512], [1000]])
    }

    @Test func shapesOfVGG() throws {
        let small: [Shape] = [
            [32, 32, 64], [16, 16, 64], [16, 16, 128], [8, 8, 128], [8, 8, 256], [4, 4, 256], [4, 4, 512], [2, 2, 512],
            [1, 1, 512], [512], [10],
        ]
        #expect(try shapes(.vgg16(), [32, 32, 3]) == small)
        #expect(try shapes(.vgg16(normalizes: false), [32, 32, 3]) == small)
        #expect(
            try shapes(.vgg16(classes: 1000, head: .large), [224, 224, 3]).suffix(5)
                == [[14, 14, 512], [7, 7, 512], [25088], [4096], [1000]])
    }

    @Test func shapesOfSmallNetworks() throws {
        #expect(try shapes(.mlp(), [28, 28, 1]) == [[784], [256], [128], [10]])
        #expect(
            try shapes(.lenet5(), [28, 28, 1])
                == [[28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [400], [120], [84], [10]])
    }

    // MARK: Layers

    /// The 18 and 34 of their names: convolutions and dense layers, without those of shortcuts.
    @Test(arguments: [
        (Sequential.resnet18(), 18, 8, 3), (.resnet34(), 34, 16, 3), (.vgg16(), 16, 0, 0),
        (.vgg16(normalizes: false), 16, 0, 0),
    ]) func layersOfANetwork(_ model: Sequential, _ weighted: Int, _ residuals: Int, _ shortcuts: Int) throws {
        let input: Shape = [32, 32, 3]
        let rows = try model.summary(input: input).rows
        let isWeighted = { (row: ModelSummary.Row) in row.layer.hasPrefix("Conv2D") || row.layer.hasPrefix("Dense") }
        let isOfHead = { (row: ModelSummary.Row) in row.layer.hasPrefix("Dense(4096") }
        #expect(
            rows.count { isWeighted($0) && !$0.path.contains("shortcut") } == (residuals > 0 ? weighted : weighted - 2))
        #expect(rows.count { isWeighted($0) && $0.path.contains("shortcut") } == shortcuts)
        #expect(rows.count { $0.layer == "Residual" } == residuals)
        #expect(!rows.contains(where: isOfHead))
    }

    /// As in the papers: padding at both edges, momentum 0.9 for running values, ReLU after normalization, He's initial values.
    @Test func layersOfAResidualNetwork() throws {
        func layers(_ stem: Sequential.Stem) throws -> [String] {
            try Sequential.resnet18(stem: stem).summary(input: [64, 64, 3]).rows.map { "\($0.path)  \($0.layer)" }
        }
        let rest = "useBias: false, kernelInitializer: .heNormal)"
        let small = try layers(.small)
        #expect(
            small.prefix(9) == [
                "0.conv2D  Conv2D(filters: 64, kernelSize: 3, padding: .explicit(1), \(rest)",
                "1.batchNorm  BatchNorm(momentum: 0.9, epsilon: 1e-05)", "2.activation  ActivationLayer(.relu)",
                "3.residual/body/0.conv2D  Conv2D(filters: 64, kernelSize: 3, padding: .explicit(1), \(rest)",
                "3.residual/body/1.batchNorm  BatchNorm(momentum: 0.9, epsilon: 1e-05)",
                "3.residual/body/2.activation  ActivationLayer(.relu)",
                "3.residual/body/3.conv2D  Conv2D(filters: 64, kernelSize: 3, padding: .explicit(1), \(rest)",
                "3.residual/body/4.batchNorm  BatchNorm(momentum: 0.9, epsilon: 1e-05)", "3.residual  Residual",
            ])
        #expect(
            small.contains(
                "5.residual/shortcut/0.conv2D  Conv2D(filters: 128, kernelSize: 1, strides: 2, padding: .explicit(0), \(rest)"
            ))
        #expect(
            try layers(.large).prefix(4) == [
                "0.conv2D  Conv2D(filters: 64, kernelSize: 7, strides: 2, padding: .explicit(3), \(rest)",
                "1.batchNorm  BatchNorm(momentum: 0.9, epsilon: 1e-05)", "2.activation  ActivationLayer(.relu)",
                "3.maxPool2D  MaxPool2D(3, strides: 2, padding: .explicit(1))",
            ])
        guard let block = Sequential.resnet18().layers[3] as? Residual else {
            Issue.record("the fourth layer is no residual block")
            return
        }
        #expect(block.activation == .relu)
    }

    @Test func layersOfVGG() throws {
        func layers(_ model: Sequential, _ input: Shape) throws -> [String] {
            try model.summary(input: input).rows.map(\.layer)
        }
        let start = "Conv2D(filters: 64, kernelSize: 3, padding: .same, "
        let he = "kernelInitializer: .heNormal)"
        #expect(
            try layers(.vgg16(), [32, 32, 3]).prefix(3) == [
                start + he, "BatchNorm(momentum: 0.9, epsilon: 1e-05)", "ActivationLayer(.relu)",
            ])
        #expect(
            try layers(.vgg16(normalizes: false), [32, 32, 3]).prefix(3) == [
                start + "activation: .relu, " + he, start + "activation: .relu, " + he, "MaxPool2D(2)",
            ])
        #expect(
            try layers(.vgg16(head: .large), [224, 224, 3]).suffix(6) == [
                "Flatten()", "Dense(4096, activation: .relu, \(he)", "Dropout(0.5)",
                "Dense(4096, activation: .relu, \(he)", "Dropout(0.5)", "Dense(10)",
            ])
    }

    // MARK: Names

    @Test(arguments: Zoo.allCases) func everyNameIsAModel(_ network: Zoo) throws {
        let summary = try ModelSource.name(network.rawValue).model(outputs: 7).summary(input: [32, 32, 3])
        #expect(summary.rows.last?.outputShape == [7])
        #expect(summary.rows.last?.layer == "Dense(7)")
        #expect(network.model() == network.model(classes: 10))
    }

    @Test func namesAreThoseOfTheNetworks() {
        #expect(Zoo.allCases.map(\.rawValue) == ["mlp", "lenet5", "resnet18", "resnet34", "vgg16-bn", "vgg16"])
        #expect(
            Zoo.allCases.map { $0.model(classes: 3) } == [
                .mlp(classes: 3), .lenet5(classes: 3), .resnet18(classes: 3), .resnet34(classes: 3), .vgg16(classes: 3),
                .vgg16(classes: 3, normalizes: false),
            ])
    }

    @Test(arguments: [
        ("resnet-18", "there is no network resnet-18 (did you mean resnet18?)"),
        ("LeNet", "there is no network LeNet (did you mean lenet5?)"),
        ("vgg", "there is no network vgg (did you mean vgg16?)"),
        ("transformer", "there is no network transformer (known are mlp, lenet5, resnet18, resnet34, vgg16-bn, vgg16)"),
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
            "17.maxPool2D (MaxPool2D(2)): maxPool: the window of 2 × 2 does not fit the image of 1 × 1; use a smaller window or fewer layers that shrink the image"
        ),
        (
            .lenet5, [784],
            "0.conv2D (Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)): conv2D: expected images [N, H, W, C] but received shape [1, 784]"
        ),
    ]) func smallInputs(_ network: Zoo, _ input: [Int], _ expected: String) {
        #expect(message { try network.model().summary(input: Shape(input)) } == expected)
    }
}
