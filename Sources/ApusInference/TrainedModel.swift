public import ApusBackend
public import ApusData
public import ApusGraph
public import ApusNN
public import ApusTensor

/// A trained model in use: the network, its weights, what happens to samples before it, and what its outputs mean.
///
/// ```swift
/// let model = try TrainedModel("runs/lenet5-1")
/// print(try model.predict(Image(contentsOf: "shoe.png")).top(3))
/// ```
///
/// It is a value and may be used from many threads. Programs are compiled for the first inputs of each size and type, then replayed.
///
/// ```swift
/// var trainer = Trainer(Zoo.lenet5.model(), loss: .softmaxCrossEntropy, optimizer: .adam())
/// try trainer.fit(FashionMNIST.load().training, epochs: 1, batchSize: 128)
/// try trainer.trained().write(to: "lenet5.safetensors")
///
/// // Elsewhere; `import ApusInference` is enough
/// let model = try TrainedModel(contentsOf: "lenet5.safetensors")
/// print(try model.predict(Tensor.zeros([1, 28, 28, 1]), top: 3))
/// ```
public struct TrainedModel: Sendable {
    /// The network.
    public let model: any Model
    /// The weights and running values of the network.
    public let variables: Variables
    /// What the model takes and what its outputs mean.
    public let details: ModelDescription
    /// Where everything is computed.
    public let device: Device
    /// The kinds that its file was read with; it is written with them.
    let kinds: [any (Model & Codable).Type]
    private let program: InferenceProgram

    /// A trained model of one input from its parts.
    public init(
        _ model: any Model, variables: Variables, input: Shape, preprocessing: Preprocessing = .identity,
        classNames: [String] = [], meaning: OutputMeaning, precision: NumericPrecision = .float32,
        device: Device = .cpu
    ) {
        self.init(
            model, variables: variables, inputs: Signature(input), preprocessing: preprocessing, classNames: classNames,
            meaning: meaning, precision: precision, device: device)
    }

    /// A trained model of several inputs from its parts.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - variables: The weights and running values of the network.
    ///   - inputs: One sample of each input, as it is stored.
    ///   - preprocessing: How samples are scaled before the network sees them.
    ///   - classNames: Of the first output.
    ///   - meaning: Of the first output.
    ///   - precision: The element type of convolutions, matrix products and what follows them.
    ///   - device: Where everything is computed.
    public init(
        _ model: any Model, variables: Variables, inputs: Signature, preprocessing: Preprocessing = .identity,
        classNames: [String] = [], meaning: OutputMeaning, precision: NumericPrecision = .float32,
        device: Device = .cpu
    ) {
        self.init(
            model, variables: variables, inputs: inputs,
            outputs: [ModelDescription.Output(classNames: classNames, meaning: meaning)], preprocessing: preprocessing,
            precision: precision, device: device)
    }

    /// A trained model of several inputs and outputs from its parts.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - variables: The weights and running values of the network.
    ///   - inputs: One sample of each input, as it is stored.
    ///   - outputs: What the outputs mean, by name; those that are left out are numbers.
    ///   - preprocessing: How samples are scaled before the network sees them.
    ///   - precision: The element type of convolutions, matrix products and what follows them.
    ///   - device: Where everything is computed.
    public init(
        _ model: any Model, variables: Variables, inputs: Signature, outputs: [ModelDescription.Output],
        preprocessing: Preprocessing = .identity, precision: NumericPrecision = .float32, device: Device = .cpu
    ) {
        self.init(
            model,
            ModelDescription(
                model,
                inputs: inputs.map { ModelDescription.Input($0.name, $0.input.shape, $0.input.elementType) },
                outputs: outputs, preprocessing: preprocessing, precision: precision),
            variables: variables, device: device)
    }

    package init(
        _ model: any Model, _ details: ModelDescription, variables: Variables, device: Device,
        kinds: [any (Model & Codable).Type] = []
    ) {
        self.model = model
        self.details = details
        self.variables = variables
        self.device = device
        self.kinds = kinds
        program = InferenceProgram(model, precision: details.precision, device: device)
    }

    /// One sample of each input as it is stored, by name.
    public var inputs: Signature {
        Signature(details.inputs.map { ($0.name, Signature.Input($0.shape, $0.elementType)) })
    }
    /// How samples are scaled before the network sees them.
    public var preprocessing: Preprocessing { details.preprocessing }
    /// The classes in the order of their labels, of several outputs those of the first; empty where they have no names, or numbers are
    /// predicted.
    public var classNames: [String] { details.outputs.first?.classNames ?? [] }
    /// What the outputs mean; of several the first.
    public var meaning: OutputMeaning { details.outputs.first?.meaning ?? .numbers }
    /// The element type of convolutions, matrix products and what follows them.
    public var precision: NumericPrecision { details.precision }
    /// The shape of one sample, such as [28, 28, 1]; of several inputs that of the first.
    public var inputShape: Shape { details.inputs.first?.shape ?? [] }

    /// The programs that were compiled so far and are kept.
    package var programCount: Int { program.count }

    /// The network's outputs (for a classifier: logits) for samples [N, ...] as they are stored: they are scaled here.
    ///
    /// - Throws: `GraphError` if the network does not fit the samples; `VariablesError` if the variables belong to another network.
    public func callAsFunction(_ inputs: Tensor) throws -> Tensor {
        try self(Values(inputs)).only.evaluated()
    }

    /// The outputs of a network with several inputs or outputs, by name.
    ///
    /// - Throws: `GraphError` if the network does not fit the samples; `VariablesError` if the variables belong to another network.
    public func callAsFunction(_ inputs: Values) throws -> Values {
        try evaluate(inputs.leaves)
        return try program(constants: variables, inputs, details.preprocessing)
    }
}
