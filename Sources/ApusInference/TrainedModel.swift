public import ApusBackend
public import ApusData
public import ApusGraph
public import ApusNN
public import ApusTensor

/// A trained model in use: the network, its weights, what happens to samples before it, and what its outputs mean.
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
    /// What one sample is, by the names of the inputs.
    public let inputs: Signature
    /// How samples are scaled before the network sees them.
    public let preprocessing: Preprocessing
    /// The classes in the order of their labels; empty where they have no names, or numbers are predicted.
    public let classNames: [String]
    /// What the outputs mean.
    public let meaning: OutputMeaning
    /// The element type of convolutions, matrix products and what follows them.
    public let precision: NumericPrecision
    /// Where everything is computed.
    public let device: Device
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
    ///   - inputs: What one sample is, by the names of the inputs.
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
        self.model = model
        self.variables = variables
        self.inputs = inputs
        self.preprocessing = preprocessing
        self.classNames = classNames
        self.meaning = meaning
        self.precision = precision
        self.device = device
        program = InferenceProgram(model, precision: precision, device: device)
    }

    /// The shape of one sample, such as [28, 28, 1]; of several inputs that of the first.
    public var inputShape: Shape { inputs.first?.shape ?? [] }

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
        return try program(variables, inputs, preprocessing)
    }
}
