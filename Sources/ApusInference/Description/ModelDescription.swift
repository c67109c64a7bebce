public import ApusData
public import ApusGraph
public import ApusNN
public import ApusTensor
public import ApusText

/// All of a trained model but its numbers: the model, what it takes, what happens to it before, and what its outputs mean.
///
/// A file of a model holds it beside the weights, the folder of a run in `inputs.json`.
///
/// ```swift
/// let details = try TrainedModel("runs/lenet5-1").details
/// for input in details.inputs { print(input.name, input.shape, input.elementType) }
/// for output in details.outputs { print(output.name, output.classNames) }
/// ```
public struct ModelDescription: Sendable {
    /// The version that is written, and the newest that is read.
    static let version = 2

    /// The model; `nil` where it is of a kind that files do not know.
    public var model: (any Model)?
    /// The inputs in order; that of a model of one tensor has an empty name.
    public var inputs: [Input]
    /// What is known of the outputs, in order; an empty name stands for the first.
    public var outputs: [Output]
    /// How samples are scaled before the model sees them.
    public var preprocessing: Preprocessing
    /// How tables are read, if the model was trained on one.
    public var table: CSVSource?
    /// What the columns of that table were taken for: predictions read them in the same way.
    public var columns: [TableColumn]?
    /// How texts are read, if the model was trained on texts.
    public var text: TextReading?
    /// The element type of convolutions, matrix products and what follows them.
    public var precision: NumericPrecision

    /// An input of a model.
    public struct Input: Sendable, Hashable {
        /// The name under which the model takes it.
        public var name: String
        /// The shape of one sample, such as [28, 28, 1].
        public var shape: Shape
        /// The element type of the samples as stored, such as `uint8`.
        public var elementType: ElementType
        /// The features of a table that it is made of, one a place; `nil` for other samples.
        public var features: [Feature]?

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String, _ shape: Shape, _ elementType: ElementType, features: [Feature]? = nil) {
            self.name = name
            self.shape = shape
            self.elementType = elementType
            self.features = features
        }
    }

    /// A feature of a table: a column of numbers, or a word of a column of words, `color=red`.
    public struct Feature: Sendable, Hashable, Codable {
        /// The column, or the column and the word.
        public var name: String
        /// What stands for a number that is missing.
        public var mean: Double

        /// Creates a value; arguments set the properties of their names.
        public init(name: String, mean: Double) {
            self.name = name
            self.mean = mean
        }
    }

    /// An output of a model.
    public struct Output: Sendable, Hashable {
        /// The name under which the model yields it.
        public var name: String
        /// The classes in the order of their labels; empty where they have no names, or numbers are predicted.
        public var classNames: [String]
        /// What the numbers mean.
        public var meaning: OutputMeaning

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String = "", classNames: [String] = [], meaning: OutputMeaning) {
            self.name = name
            self.classNames = classNames
            self.meaning = meaning
        }
    }

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ model: (any Model)?, inputs: [Input], outputs: [Output], preprocessing: Preprocessing = .identity,
        table: CSVSource? = nil, columns: [TableColumn]? = nil, text: TextReading? = nil,
        precision: NumericPrecision = .float32
    ) {
        self.model = model
        self.inputs = inputs
        self.outputs = outputs
        self.preprocessing = preprocessing
        self.table = table
        self.columns = columns
        self.text = text
        self.precision = precision
    }

    /// What the model receives, by the names of its inputs: `float32` of the samples' shapes, for they are scaled before.
    public var signature: Signature { Signature(inputs.map { ($0.name, Signature.Input($0.shape)) }) }

    /// An input by its name; `nil` if there is none.
    public subscript(input name: String) -> Input? { inputs.first { $0.name == name } }

    /// What is known of an output by its name; `nil` if nothing is.
    public subscript(output name: String) -> Output? { outputs.first { $0.name == name } }

    /// What is known of an output of the model; of one that is not described, that it is numbers.
    func output(_ name: String, at place: Int) -> Output {
        if let known = self[output: name] { return known }
        if place == 0, let first = outputs.first, first.name.isEmpty {
            return Output(name, classNames: first.classNames, meaning: first.meaning)
        }
        return Output(name, meaning: .numbers)
    }

    /// The inputs in messages: `[N, 28, 28, 1]`, or `"left" [N, 4], "right" [N, 4]`.
    var expected: String {
        inputs.map { ($0.name.isEmpty ? "" : "\"\($0.name)\" ") + $0.batchText }.joined(separator: ", ")
    }
}

extension ModelDescription.Input {
    /// The shape of samples in messages: `[N, 28, 28, 1]`.
    var batchText: String { ModelDescription.Input.text(shape.dimensions) }

    static func text(_ sample: [Int]) -> String {
        "[" + (["N"] + sample.map(String.init)).joined(separator: ", ") + "]"
    }
}

extension String {
    /// The name of an input or output in messages, with a space before it; nothing where it has none.
    var asName: String { isEmpty ? "" : " \"\(self)\"" }
}
