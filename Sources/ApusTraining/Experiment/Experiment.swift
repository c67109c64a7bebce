public import ApusConfiguration
import ApusData
public import ApusNN
public import ApusTensor
import Foundation
import Yams

/// A training as data: model, data, loss, optimizer, seed. The same experiment gives the same weights, bit for bit.
public struct Experiment: Configurable {
    public var name: String
    public var seed: UInt64
    public var data: DataSource
    public var model: ModelSource
    public var loss: Loss
    public var metrics: [Metric]
    public var optimizer: Optimizer
    public var schedule: Schedule
    public var batchSize: Int
    public var epochs: Int
    public var precision: NumericPrecision
    public var memory: MemoryUse
    public var callbacks: [Callback]

    /// Where samples come from.
    public struct DataSource: Configurable {
        public var source: String
        /// A folder with the files; the default places if absent.
        public var directory: String?
        public var validation: Validation

        public init(source: String = "fashion-mnist", directory: String? = nil, validation: Validation = Validation()) {
            self.source = source
            self.directory = directory
            self.validation = validation
        }

        public static let schema = Schema(
            DataSource(), .optional("source", \.source), .optional("directory", \.directory),
            .optional("validation", \.validation))

        public func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }
    }

    /// The part of the training samples that is held back to measure on.
    public struct Validation: Configurable {
        public var fraction: Double
        public var stratified: Bool

        public init(fraction: Double = 0.1, stratified: Bool = true) {
            self.fraction = fraction
            self.stratified = stratified
        }

        public static let schema = Schema(
            Validation(), .optional("fraction", \.fraction), .optional("stratified", \.stratified))

        public func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }
    }

    public init(
        name: String, seed: UInt64 = 7, data: DataSource = DataSource(), model: ModelSource,
        loss: Loss = .softmaxCrossEntropy, metrics: [Metric] = [.accuracy],
        optimizer: Optimizer = .adam(learningRate: 0.003), schedule: Schedule = .cosine(warmupSteps: 200),
        batchSize: Int = 128,
        epochs: Int = 10, precision: NumericPrecision = .float32, memory: MemoryUse = .standard,
        callbacks: [Callback] = []
    ) {
        self.name = name
        self.seed = seed
        self.data = data
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
        self.schedule = schedule
        self.batchSize = batchSize
        self.epochs = epochs
        self.precision = precision
        self.memory = memory
        self.callbacks = callbacks
    }

    public static let schema = Schema(
        Experiment(name: "", model: .name("")), .required("name", \.name), .optional("seed", \.seed),
        .optional("data", \.data),
        .required("model", \.model), .optional("loss", \.loss), .optional("metrics", \.metrics),
        .optional("optimizer", \.optimizer), .optional("schedule", \.schedule), .optional("batchSize", \.batchSize),
        .optional("epochs", \.epochs), .optional("precision", \.precision), .optional("memory", \.memory),
        .optional("callbacks", \.callbacks))

    /// Writes every key, defaults included: the file says everything.
    public func encode(to encoder: any Encoder) throws { try Experiment.schema.writeAll(self, to: encoder) }

    /// The experiment as a YAML file.
    public func yaml() throws -> String {
        // Yams writes 15 digits of a number, which may be another number; JSON writes the fewest digits that are the same.
        let text = try YAMLEncoder().encode(self)
        let exact = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        guard let layout = try compose(yaml: text), let numbers = try compose(yaml: exact) else { return text }
        return try serialize(node: layout.takingNumbers(of: numbers))
    }

    /// Reads an experiment from a YAML or JSON text.
    ///
    /// - Throws: `TrainingError` that says where the text is wrong.
    public init(yaml text: String, path: String) throws {
        self = try YAMLFile.decode(Experiment.self, text, path: path, what: "an experiment")
    }
}

extension ModelSource {
    /// Reads a network from a YAML or JSON text: a list of layers, or the one of an experiment.
    ///
    /// - Throws: `TrainingError` that says where the text is wrong.
    public init(yaml text: String, path: String) throws {
        if (try? compose(yaml: text))??.mapping != nil {
            self = try Experiment(yaml: text, path: path).model
        } else {
            self = try YAMLFile.decode(ModelSource.self, text, path: path, what: "a list of layers")
        }
    }
}

/// Reads values from texts in YAML or JSON.
enum YAMLFile {
    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String, path: String, what: String) throws -> Value
    {
        do {
            return try YAMLDecoder().decode(type, from: text)
        } catch DecodingError.dataCorrupted(let context) where context.underlyingError is YamlError {
            throw TrainingError("\(path) is not YAML: \(context.underlyingError!)", kind: .malformed)
        } catch let error as DecodingError {
            throw TrainingError("\(path) is not \(what): \(error.explanation)", kind: .malformed)
        } catch {
            throw TrainingError("\(path) is not YAML: \(error)", kind: .malformed)
        }
    }
}

extension Node {
    /// The same text, with every number as another text of the same data writes it.
    fileprivate func takingNumbers(of other: Node) -> Node {
        switch (self, other) {
        case (.mapping(let entries), .mapping(let others)):
            var copy = entries
            for (key, value) in entries { copy[key] = others[key.string ?? ""].map(value.takingNumbers) ?? value }
            return .mapping(copy)
        case (.sequence(let items), .sequence(let others)):
            var copy = items
            for index in items.indices where others.indices.contains(index) {
                copy[index] = items[index].takingNumbers(of: others[index])
            }
            return .sequence(copy)
        case (.scalar, .scalar) where tag == Tag(.float): return other
        default: return self
        }
    }
}

extension DecodingError {
    /// What is wrong, and where.
    fileprivate var explanation: String {
        func place(_ context: Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "" : " at \(path)"
        }
        switch self {
        case .keyNotFound(let key, let context): return "the key \(key.stringValue) is missing\(place(context))"
        case .typeMismatch(let type, let context):
            return "expected \(type)\(place(context)); \(context.debugDescription)"
        case .valueNotFound(let type, let context): return "expected \(type)\(place(context)) but found nothing"
        case .dataCorrupted(let context): return "\(context.debugDescription)\(place(context))"
        @unknown default: return "\(self)"
        }
    }
}
