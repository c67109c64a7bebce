/// The classes or the numbers that a model predicts for one sample.
///
/// Of a model of several outputs, `classes`, `numbers` and `top` are those of the first; `prediction["box"]` are those of another.
///
/// ```swift
/// let model = try TrainedModel(contentsOf: "lenet5.safetensors")
/// for prediction in try model.predict(Tensor.zeros([2, 28, 28, 1])) {
///     for choice in prediction.top(3) { print(choice.name, choice.probability) }
/// }
/// ```
public struct Prediction: Sendable, Hashable {
    /// Where the sample comes from: `shoe.png`, `test.npy#3`.
    public var input: String
    /// What each output says, in the order of the model.
    public var outputs: [Output]

    /// Creates a value; arguments set the properties of their names.
    public init(input: String, outputs: [Output]) {
        self.input = input
        self.outputs = outputs
    }

    /// A class that the sample may be of.
    public struct Choice: Sendable, Hashable, Codable {
        /// The name of the class; its label if it has none.
        public var name: String
        /// The place of the class among all classes, from 0.
        public var label: Int
        /// The probability of the class, from 0 to 1.
        public var probability: Double

        /// Creates a value; arguments set the properties of their names.
        public init(name: String, label: Int, probability: Double) {
            self.name = name
            self.label = label
            self.probability = probability
        }
    }

    /// What one output says.
    public struct Output: Sendable, Hashable {
        /// The name of the output; empty for that of a model of one.
        public var name: String
        /// The most probable classes, the best first; empty where numbers are predicted.
        public var classes: [Choice]
        /// The predicted numbers; empty where classes are.
        public var numbers: [Double]

        /// Creates a value; arguments set the properties of their names.
        public init(name: String = "", classes: [Choice] = [], numbers: [Double] = []) {
            self.name = name
            self.classes = classes
            self.numbers = numbers
        }

        /// The most probable classes, the best first; none where numbers are predicted.
        public func top(_ count: Int) -> [Choice] { Array(classes.prefix(max(0, count))) }
    }

    /// The most probable classes, the best first; empty where numbers are predicted.
    public var classes: [Choice] { outputs.first?.classes ?? [] }
    /// The predicted numbers; empty where classes are.
    public var numbers: [Double] { outputs.first?.numbers ?? [] }

    /// The most probable classes, the best first; none where numbers are predicted.
    public func top(_ count: Int) -> [Choice] { outputs.first?.top(count) ?? [] }

    /// What an output says; `nil` if the model has none of the name.
    public subscript(output: String) -> Output? { outputs.first { $0.name == output } }
}

extension Prediction.Choice: CustomStringConvertible {
    /// `Sneaker 97.3 %`
    public var description: String {
        let thousandths = (1000 * probability).rounded()
        return "\(name) \(thousandths.isFinite ? thousandths / 10 : probability) %"
    }
}

/// With one output, whatever its name: `input`, `classes` and `numbers`; with several `input` and `outputs`, each with its `classes` and `numbers` by name.
extension Prediction: Codable {
    private enum CodingKeys: String, CodingKey { case input, classes, numbers, outputs }

    private struct Answer: Codable {
        var classes: [Choice]
        var numbers: [Double]
    }

    /// Reads a prediction; several outputs come in the order of their names.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        input = try container.decode(String.self, forKey: .input)
        let answers = try container.decodeIfPresent([String: Answer].self, forKey: .outputs)
        let named = try answers ?? ["": Answer(from: decoder)]
        outputs = named.sorted { $0.key < $1.key }.map {
            Output(name: $0.key, classes: $0.value.classes, numbers: $0.value.numbers)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(input, forKey: .input)
        guard outputs.count != 1 else {
            return try Answer(classes: classes, numbers: numbers).encode(to: encoder)
        }
        let answers = outputs.map { ($0.name, Answer(classes: $0.classes, numbers: $0.numbers)) }
        try container.encode(Dictionary(answers) { first, _ in first }, forKey: .outputs)
    }
}
