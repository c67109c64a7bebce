public import ApusConfiguration
public import ApusGraph

/// How strictly a file of weights must fit a model.
///
/// ```swift
/// let net = Zoo.resnet18.model(classes: 5)
/// var weights = try net.initialized(input: [32, 32, 3], seed: 7)
/// let report = try weights.load("imagenet.safetensors", mode: .partial)   // all but the last layer
/// print(report)
/// ```
public enum WeightsMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// The file has every variable of the model in its shape, and nothing else.
    case strict
    /// What fits is taken, the rest of the model keeps its values.
    case partial
}

/// What became of the variables of a file and of a model.
///
/// ```swift
/// let net = Sequential { Dense(8); Dense(2) }
/// var weights = try net.initialized(input: [4], seed: 7)
/// let report = try weights.load("weights.npz", mode: .partial)
/// print(report.loaded.count, "loaded; missing:", report.missing)
/// ```
public struct WeightsReport: Sendable, Hashable, CustomStringConvertible {
    /// A variable whose shape differs.
    public struct Mismatch: Sendable, Hashable {
        /// The name of the variable in the model.
        public let name: String
        /// The shape of the variable in the file.
        public let shape: Shape
        /// The shape of the variable in the model.
        public let expected: Shape

        package init(name: String, shape: Shape, expected: Shape) {
            (self.name, self.shape, self.expected) = (name, shape, expected)
        }
    }

    /// The file.
    public let path: String
    /// The model's variables that took their values from the file, in the model's order.
    public package(set) var loaded: [String] = []
    /// The model's variables that the file does not have.
    public package(set) var missing: [String] = []
    /// The file's variables that the model does not have, by their names in the file.
    public package(set) var unexpected: [String] = []
    /// Variables that both have, in different shapes.
    public package(set) var mismatched: [Mismatch] = []
    /// The model's variables that were to keep their values, whatever the file has.
    public package(set) var excepted: [String] = []
    /// By whose names the file calls its arrays.
    package var names = WeightsNames.Style.apus

    package init(path: String) { self.path = path }

    /// Whether file and model fit without rest.
    public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

    /// One line for each sort of variables: `2 of 4 variables loaded from a.safetensors`, and what was not.
    public var description: String {
        let count = loaded.count + missing.count + mismatched.count + excepted.count
        let kept = excepted.isEmpty ? [] : ["kept as they were: \(excepted.joined(separator: ", "))"]
        return (["\(loaded.count) of \(count) variables loaded from \(path)\(style)"] + kept + problems).joined(
            separator: "\n")
    }

    private var style: String {
        switch names {
        case .apus: ""
        case .pyTorch: " by PyTorch's names, with their axes in Apus's order"
        case .keras: " by Keras's names"
        case .order: " by their order, for their names are not known, with their axes in Apus's order"
        }
    }

    var problems: [String] {
        let shapes = mismatched.map { "\($0.name) has shape \($0.shape), the model expects \($0.expected)" }
        return [
            missing.isEmpty ? nil : "missing in the file: \(missing.joined(separator: ", "))",
            unexpected.isEmpty ? nil : "not variables of the model: \(unexpected.joined(separator: ", "))",
            shapes.isEmpty ? nil : "other shapes: \(shapes.joined(separator: "; "))",
        ].compactMap { $0 }
    }
}

/// A file of weights that does not fit a model; nothing was loaded.
public struct WeightsError: ApusError, Sendable, Hashable {
    /// What would have been loaded, and what does not fit.
    public let report: WeightsReport

    package init(report: WeightsReport) { self.report = report }

    public var failureKind: FailureKind { .malformed }
    public var description: String {
        "the weights in \(report.path) do not belong to this model: \(report.problems.joined(separator: "; "))"
    }
}
