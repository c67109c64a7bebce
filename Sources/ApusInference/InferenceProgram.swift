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
    private let programs = Programs<InputType, NamedProgram>()
    /// Nothing is drawn at inference, unless a custom layer does.
    private let key: Buffer

    /// What a program is compiled for.
    private struct InputType: Hashable {
        let inputs: ValuesType
        let preprocessing: Preprocessing
    }

    package init(_ model: any Model, precision: NumericPrecision, device: Device) {
        self.model = model
        self.precision = precision
        self.device = device
        key = Buffer(byteCount: 16)
        key.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// The programs that were compiled so far and are kept.
    package var count: Int { programs.count }

    /// The model's outputs for inputs whose elements are computed.
    ///
    /// - Throws: `GraphError` if the model does not fit the inputs; `VariablesError` if the variables belong to another model.
    package func callAsFunction(
        _ variables: Variables, _ inputs: Values, _ preprocessing: Preprocessing
    ) throws -> Values {
        let named = try program(variables, inputs, preprocessing)
        return try run(named, inputs) { try variables.buffer($0, for: named.program) }
    }

    /// The same for weights that never change: they are looked up once for each program, which is compiled with them.
    ///
    /// - Parameter constants: The same ones in every call.
    package func callAsFunction(
        constants: Variables, _ inputs: Values, _ preprocessing: Preprocessing
    ) throws -> Values {
        let named = try program(constants, inputs, preprocessing, areConstant: true)
        var next = named.weights.makeIterator()
        return try run(named, inputs) { path in
            if let weight = next.next() { return weight }
            return try constants.buffer(path, for: named.program)
        }
    }

    /// - Parameter variable: Gives the memory of a variable; it is asked for all of them in the order of the program.
    private func run(_ named: NamedProgram, _ inputs: Values, variable: (String) throws -> Buffer) throws -> Values {
        let results = try named.program.run { role in
            switch role {
            case .variable(let path): try variable(path)
            case .input(let name): inputs[name].elements()
            case .key, .output: key
            }
        }
        return Values(named.outputs.map { ($0, results[.output($0)]) })
    }

    /// The compiled program for inputs of a type.
    package func executable(
        _ variables: Variables, _ inputs: Values, _ preprocessing: Preprocessing
    ) throws -> any Executable {
        try program(variables, inputs, preprocessing).program.executable
    }

    private func program(
        _ variables: Variables, _ inputs: Values, _ preprocessing: Preprocessing, areConstant: Bool = false
    ) throws -> NamedProgram {
        let type = InputType(inputs: ValuesType(inputs), preprocessing: preprocessing)
        return try programs(type) {
            var builder = ProgramBuilder<InferenceRole>()
            var values: [String: Tensor] = [:]
            for path in variables.paths {
                values[path] = builder.input(.variable(path), variables[path]!.node.type, isConstant: true)
            }
            var raw = Values()
            for field in type.inputs.fields { raw[field.name] = builder.input(.input(field.name), field.type) }
            let key = builder.input(.key, TensorType([2], .int64))
            let traced = TracedModel(
                model, preprocessing(raw), mode: .inference, key: key, variables: values, precision: precision)
            if let (path, _) = traced.missing.first { throw VariablesError(lacking: path) }
            try traced.validate()
            for (name, value) in traced.outputs { builder.output(.output(name), value) }
            let program = try builder.compiled(on: device)
            return NamedProgram(
                program: program, outputs: traced.outputs.names,
                weights: areConstant ? try variables.paths.map { try variables.buffer($0, for: program) } : [])
        }
    }
}

/// A program with the names of its outputs.
private struct NamedProgram: StoredProgram {
    let program: BoundProgram<InferenceRole>
    let outputs: [String]
    /// The memory of the variables in their order, where they never change.
    let weights: [Buffer]

    var byteCount: Int { program.byteCount }
}

/// What an input or an output of a program that predicts is.
private enum InferenceRole: Hashable, Sendable, CustomStringConvertible {
    /// A weight or running value, by its path.
    case variable(String)
    /// Samples as they are stored, by the input's name.
    case input(String)
    /// The key of random numbers.
    case key
    /// What the model yields, by name.
    case output(String)

    /// The name in graphs.
    var description: String {
        switch self {
        case .variable(let path): path
        case .input(let name): name.isEmpty ? "batch" : "input \(name)"
        case .key: "key"
        case .output(let name): name.isEmpty ? "output" : "output \(name)"
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
