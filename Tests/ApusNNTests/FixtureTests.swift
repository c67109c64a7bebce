import ApusFixtures
import ApusNN
import ApusTensor
import Testing

/// Layers against Keras (in float64, checked against PyTorch): outputs, gradients, running values.
@Suite struct FixtureTests {
    @Test(arguments: try FixtureCase.all("dense")) func dense(_ item: FixtureCase) throws {
        let configuration = try item.configuration
        try check(
            item, Dense(configuration.units!, activation: try item.activation, useBias: configuration.useBias!), .layer)
    }

    @Test(arguments: try FixtureCase.all("conv2d") + FixtureCase.all("conv2d-wide")) func conv2D(_ item: FixtureCase)
        throws
    {
        let configuration = try item.configuration
        let layer = Conv2D(
            filters: configuration.filters!, kernelSize: Size2D(configuration.kernelSize!),
            strides: Size2D(configuration.strides!),
            padding: try item.padding, dilation: Size2D(configuration.dilation!), groups: configuration.groups!,
            activation: try item.activation, useBias: configuration.useBias!)
        try check(item, layer, .layer)
    }

    @Test(arguments: try FixtureCase.all("pooling")) func pooling(_ item: FixtureCase) throws {
        let configuration = try item.configuration
        let (size, strides) = (Size2D(configuration.poolSize!), Size2D(configuration.strides!))
        let padding = try item.padding
        switch configuration.layer {
        case "MaxPool2D": try check(item, MaxPool2D(size, strides: strides, padding: padding), .elementwise)
        case "AveragePool2D":
            try check(item, AveragePool2D(size, strides: strides, padding: padding), .elementwise)
        default: Issue.record("there is no pooling \(configuration.layer ?? "")")
        }
    }

    @Test(arguments: try FixtureCase.all("batch-norm")) func batchNorm(_ item: FixtureCase) throws {
        let configuration = try item.configuration
        let layer = BatchNorm(momentum: configuration.momentum!, epsilon: configuration.epsilon!)
        let isTraining = configuration.mode == "training"
        let names = [
            "gamma": "scale", "beta": "offset", "runningMean": "runningMean", "runningVariance": "runningVariance",
        ]
        let run = try LayerRun(
            layer, item["input"], names.mapValues { try item[$0] }, r: item["r"],
            mode: isTraining ? .training : .inference)
        try expectClose(run.output, item["output"], .layer, "output")
        try expectClose(run.inputGradient, item["gradient/input"], .layer, "gradient/input")
        try expectClose(run.gradients["gamma"]!, item["gradient/scale"], .layer, "gradient/scale")
        try expectClose(run.gradients["beta"]!, item["gradient/offset"], .layer, "gradient/offset")
        #expect(run.updates.keys.sorted() == (isTraining ? ["runningMean", "runningVariance"] : []))
        for (name, value) in run.updates { try expectClose(value, item["updated/\(name)"], .layer, name) }
    }

    /// The functions of the fixtures that `Activation` has.
    static var activations: [FixtureCase] {
        get throws {
            try FixtureCase.all("activations").filter {
                let configuration = try $0.configuration
                return Activation.named(configuration.function!) != nil && configuration.axis ?? -1 == -1
            }
        }
    }

    @Test(arguments: try activations) func activation(_ item: FixtureCase) throws {
        try check(item, ActivationLayer(Activation.named(try item.configuration.function!)!), .layer)
    }

    static var withAxes: [FixtureCase] {
        get throws { try FixtureCase.all("activations").filter { try $0.configuration.axis != nil } }
    }

    /// Softmax along other axes and its logarithm are functions, not layers.
    @Test(arguments: try withAxes)
    func softmaxFunctions(_ item: FixtureCase) throws {
        let x = try item["input"]
        let configuration = try item.configuration
        let axis = configuration.axis!
        let y = configuration.function == "softmax" ? softmax(x, axis: axis) : logSoftmax(x, axis: axis)
        let gradients = gradient(of: (y * (try item["r"])).sum(), withRespectTo: [x])
        try expectClose(y, item["output"], .layer, "output")
        try expectClose(gradients[0], item["gradient/input"], .layer, "gradient/input")
    }

    /// Compares output and all gradients.
    private func check(_ item: FixtureCase, _ layer: some Layer, _ tolerance: FixtureTolerance) throws {
        let names = ["kernel", "bias"].filter(item.contains)
        let variables = try Dictionary(uniqueKeysWithValues: names.map { ($0, try item[$0]) })
        let run = try LayerRun(layer, item["input"], variables, r: item["r"])
        try expectClose(run.output, item["output"], tolerance, "output")
        try expectClose(run.inputGradient, item["gradient/input"], tolerance, "gradient/input")
        for name in names {
            try expectClose(run.gradients[name]!, item["gradient/\(name)"], tolerance, "gradient/\(name)")
        }
    }
}

extension FixtureCase {
    fileprivate var activation: Activation {
        get throws { try configuration.activation.map { try #require(Activation.named($0)) } ?? .linear }
    }

    fileprivate var padding: Padding {
        get throws {
            switch try configuration.padding {
            case "same": .same
            case "valid": .valid
            case let other: throw FixtureError(name, "there is no padding \(other ?? "")")
            }
        }
    }
}

extension Size2D {
    fileprivate init(_ values: [Int]) { self.init(values[0], values[1]) }
}
