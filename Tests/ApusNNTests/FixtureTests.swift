import ApusFixtures
import ApusNN
import ApusTensor
import Testing

/// Layers against Keras (in float64, checked against PyTorch): outputs, gradients, running values.
@Suite struct FixtureTests {
    @Test(arguments: try FixtureCase.all("dense")) func dense(_ item: FixtureCase) throws {
        let configuration = item.configuration
        try check(
            item, Dense(configuration.units!, activation: item.activation, useBias: configuration.useBias!), .layer)
    }

    @Test(arguments: try FixtureCase.all("conv2d") + FixtureCase.all("conv2d-wide")) func conv2D(_ item: FixtureCase)
        throws
    {
        let configuration = item.configuration
        let layer = Conv2D(
            filters: configuration.filters!, kernelSize: Size2D(configuration.kernelSize!),
            strides: Size2D(configuration.strides!),
            padding: item.padding, dilation: Size2D(configuration.dilation!), groups: configuration.groups!,
            activation: item.activation, useBias: configuration.useBias!)
        try check(item, layer, .layer)
    }

    @Test(arguments: try FixtureCase.all("pooling")) func pooling(_ item: FixtureCase) throws {
        let size = Size2D(item.configuration.poolSize!)
        let strides = Size2D(item.configuration.strides!)
        switch item.configuration.layer {
        case "MaxPool2D": try check(item, MaxPool2D(size, strides: strides, padding: item.padding), .elementwise)
        case "AveragePool2D":
            try check(item, AveragePool2D(size, strides: strides, padding: item.padding), .elementwise)
        default: Issue.record("there is no pooling \(item.configuration.layer ?? "")")
        }
    }

    @Test(arguments: try FixtureCase.all("batch-norm")) func batchNorm(_ item: FixtureCase) throws {
        let layer = BatchNorm(momentum: item.configuration.momentum!, epsilon: item.configuration.epsilon!)
        let isTraining = item.configuration.mode == "training"
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
                Activation.named($0.configuration.function!) != nil && $0.configuration.axis ?? -1 == -1
            }
        }
    }

    @Test(arguments: try activations) func activation(_ item: FixtureCase) throws {
        try check(item, ActivationLayer(Activation.named(item.configuration.function!)!), .layer)
    }

    /// Softmax along other axes and its logarithm are functions, not layers.
    @Test(arguments: try FixtureCase.all("activations").filter { $0.configuration.axis != nil })
    func softmaxFunctions(_ item: FixtureCase) throws {
        let x = try item["input"]
        let axis = item.configuration.axis!
        let y = item.configuration.function == "softmax" ? softmax(x, axis: axis) : logSoftmax(x, axis: axis)
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
        configuration.activation.map { Activation.named($0)! } ?? .linear
    }

    fileprivate var padding: Padding { configuration.padding == "same" ? .same : .valid }
}

extension Size2D {
    fileprivate init(_ values: [Int]) { self.init(values[0], values[1]) }
}
