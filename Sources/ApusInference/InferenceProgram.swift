package import ApusBackend
package import ApusData
package import ApusGraph
package import ApusNN
package import ApusTensor

/// A model at inference as compiled programs: one for each type of inputs, preprocessing included.
package struct InferenceProgram: Sendable {
    private let model: any Model
    private let precision: NumericPrecision
    private let device: Device
    private let programs = Programs<InputType, BoundProgram<InferenceRole>>()
    /// Nothing is drawn at inference, unless a custom layer does.
    private let key: Buffer

    /// What a program is compiled for.
    private struct InputType: Hashable {
        let inputs: TensorType
        let preprocessing: Preprocessing
    }

    package init(_ model: any Model, precision: NumericPrecision, device: Device) {
        self.model = model
        self.precision = precision
        self.device = device
        key = Buffer(byteCount: 16)
        key.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// The model's output for inputs whose elements are computed.
    ///
    /// - Throws: `GraphError` if the model does not fit the inputs; `VariablesError` if the variables belong to another model.
    package func callAsFunction(
        _ variables: Variables, _ inputs: Tensor, _ preprocessing: Preprocessing
    ) throws -> Tensor {
        let program = try program(variables, inputs.node.type, preprocessing)
        return try program.run { role in
            switch role {
            case .variable(let path): try variables.buffer(path, for: program)
            case .inputs: inputs.elements()
            case .key, .output: key
            }
        }[.output]
    }

    /// The compiled program for inputs of a type.
    package func executable(
        _ variables: Variables, _ inputs: TensorType, _ preprocessing: Preprocessing
    ) throws -> any Executable {
        try program(variables, inputs, preprocessing).executable
    }

    private func program(
        _ variables: Variables, _ inputs: TensorType, _ preprocessing: Preprocessing
    ) throws -> BoundProgram<InferenceRole> {
        try programs(InputType(inputs: inputs, preprocessing: preprocessing)) {
            var builder = ProgramBuilder<InferenceRole>()
            var values: [String: Tensor] = [:]
            for path in variables.paths {
                values[path] = builder.input(.variable(path), variables[path]!.node.type, isConstant: true)
            }
            let input = preprocessing(builder.input(.inputs, inputs))
            let key = builder.input(.key, TensorType([2], .int64))
            let traced = TracedModel(
                model, Values(input), mode: .inference, key: key, variables: values, precision: precision)
            if let (path, _) = traced.missing.first { throw VariablesError(lacking: path) }
            try traced.validate()
            builder.output(.output, traced.output)
            return try builder.compiled(on: device)
        }
    }
}

/// What an input or an output of a program that predicts is.
private enum InferenceRole: Hashable, Sendable, CustomStringConvertible {
    /// A weight or running value, by its path.
    case variable(String)
    /// The samples as they are stored.
    case inputs
    /// The key of random numbers.
    case key
    /// What the model yields.
    case output

    /// The name in graphs.
    var description: String {
        switch self {
        case .variable(let path): path
        case .inputs: "batch"
        case .key: "key"
        case .output: "output"
        }
    }
}

extension Variables {
    /// The memory of a variable that a program reads.
    ///
    /// - Throws: `VariablesError` if there is no such variable, or it has another shape.
    fileprivate func buffer(_ path: String, for program: BoundProgram<InferenceRole>) throws -> Buffer {
        try buffer(path, expecting: program.executable.signature.inputs[program.place(ofInput: .variable(path))].shape)
    }

    /// The memory of a variable that a program reads.
    ///
    /// - Throws: `VariablesError` if there is no such variable, or it has another shape.
    package func buffer(_ path: String, expecting shape: Shape) throws(VariablesError) -> Buffer {
        guard let value = self[path] else { throw VariablesError(lacking: path) }
        guard value.shape == shape else {
            throw VariablesError(
                "the variable \(path) has the shape \(value.shape) but the model expects \(shape); "
                    + "the weights belong to another model or input size")
        }
        return value.elements()
    }
}

extension VariablesError {
    /// The weights have no variable that the model asks for.
    package init(lacking path: String) {
        self.init("the weights lack the variable \(path); they belong to another model")
    }
}
