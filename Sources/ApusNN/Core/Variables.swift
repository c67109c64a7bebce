import ApusBackend
public import ApusGraph
public import ApusTensor

/// The weights and running values of a model: an ordered map from path to tensor.
///
/// The order is that in which the model asks for its variables.
///
/// ```swift
/// let net = Sequential { Dense(3); Dense(1) }
/// var weights = try net.initialized(input: [2], seed: 7)
/// print(weights.paths)   // ["0.dense/kernel", "0.dense/bias", "1.dense/kernel", "1.dense/bias"]
/// try weights.setValue("1.dense/bias", Tensor([0.5]))
/// print(net(Tensor.zeros([1, 2]), weights).item())   // 0.5
/// ```
public struct Variables: Sendable {
    /// A weight or running value.
    public struct Variable: Sendable {
        /// The numbers of the variable, in float32.
        public let value: Tensor
        /// What the model asked for; the value has its shape.
        public let description: VariableDescription

        package init(value: Tensor, description: VariableDescription) {
            self.value = value
            self.description = description
        }
    }

    /// The paths, in the order in which the model asks for its variables.
    public private(set) var paths: [String] = []
    private var entries: [String: Variable] = [:]

    /// No variables.
    public init() {}

    /// The number of variables.
    public var count: Int { paths.count }

    /// The value at a path; `nil` if there is none.
    public subscript(path: String) -> Tensor? { entries[path]?.value }

    /// Value and description at a path; `nil` if there is none.
    public func variable(_ path: String) -> Variable? { entries[path] }

    /// Adds a variable, or replaces one in its place; the value has the description's shape, in float32.
    package mutating func set(_ path: String, _ variable: Variable) {
        if entries.updateValue(variable, forKey: path) == nil { paths.append(path) }
    }

    /// Replaces the value of a variable; numbers of another type become float32.
    ///
    /// - Throws: `VariablesError` if there is no such variable or the shape differs; `GraphError` or `ProgramError` if the value
    ///   can't be computed.
    public mutating func setValue(_ path: String, _ value: Tensor) throws {
        guard let known = entries[path] else {
            throw VariablesError("there is no variable \(path); the model has \(paths.joined(separator: ", "))")
        }
        let value = try value.cast(to: .float32).evaluated()
        guard value.shape == known.description.shape else {
            throw VariablesError(
                "the variable \(path) has the shape \(known.description.shape) but the new value has \(value.shape)")
        }
        entries[path] = Variable(value: value, description: known.description)
    }

    /// The number of values that training adjusts.
    public var trainableCount: Int { elementCount { $0.isTrainable } }
    /// The number of all values, states included.
    public var elementCount: Int { elementCount { _ in true } }

    private func elementCount(_ isIncluded: (VariableDescription) -> Bool) -> Int {
        paths.reduce(0) { count, path in
            let description = entries[path]!.description
            return isIncluded(description) ? count +| description.shape.count : count
        }
    }
}

/// A variable that does not exist or does not fit.
public struct VariablesError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    package init(_ description: String) { self.description = description }
}

extension Model {
    /// Creates the model's variables for inputs of the given shape (without the batch).
    ///
    /// Every variable draws from a stream of its own, so a change in one layer leaves the others' start values alone.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    public func initialized(input: Shape, seed: UInt64) throws -> Variables {
        try initialized(inputs: Signature(input), seed: seed)
    }

    /// Creates the variables of a model with several inputs: `initialized(inputs: ["left": [4], "right": [4]], seed: 7)`.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    public func initialized(inputs: Signature, seed: UInt64) throws -> Variables {
        let descriptions = try variableDescriptions(inputs: inputs)
        let problems = descriptions.compactMap { path, description in
            MachineMemory.problem(TensorType(description.shape, .float32)).map {
                GraphProblem(lacksMemoryFor: "parameter", message: "the variable \(path): \($0)")
            }
        }
        guard problems.isEmpty else { throw GraphError(problems) }
        let key = RandomKey(seed: seed).child("initialization")
        var variables = Variables()
        for (path, description) in descriptions {
            let value = description.initializer.tensor(description.shape, key: key.child(path))
            variables.set(path, Variables.Variable(value: value, description: description))
        }
        try evaluate(variables.paths.map { variables[$0]! })
        return variables
    }

    /// The model's variables in order, and what each is used for.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    package func variableDescriptions(
        inputs: Signature
    ) throws(GraphError) -> [(path: String, description: VariableDescription)] {
        try traced(inputs, batch: 1, mode: .training).usedDescriptions
    }
}
