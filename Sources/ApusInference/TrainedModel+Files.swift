public import ApusBackend
public import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor

extension TrainedModel {
    /// Reads a model from the file that `write(to:)` wrote.
    ///
    /// Custom layers must be registered before (`LayerKinds.register`).
    ///
    /// - Throws: `FormatError` if the file is missing or damaged, holds no model or a newer one, or if its numbers do not belong to
    ///   its network.
    public init(contentsOf path: String, device: Device = .cpu) throws(FormatError) {
        try self.init(SafetensorsFile(path), device: device)
    }

    package init(_ file: SafetensorsFile, device: Device = .cpu) throws(FormatError) {
        let description = try ModelDescription(file.metadata, path: file.path)
        let (model, input) = (description.model.layer, Shape(description.input))
        let traced: TracedModel
        do { traced = try model.traced(input: input, batch: 1, mode: .training) } catch {
            throw FormatError(
                .malformed, path: file.path, "the network does not fit its samples \(input)", received: "\(error)",
                remedy: "Write the file again.")
        }
        guard description.meaning.fits(traced.output.shape) else {
            throw FormatError(
                .malformed, path: file.path, "the outputs can't mean what the file says",
                expected: "outputs for \(description.meaning)", received: "\(traced.output.shape)",
                remedy: "Write the file again.")
        }
        self.init(
            model, variables: try file.variables(traced.descriptions), input: input,
            preprocessing: description.preprocessing, classNames: description.classNames, meaning: description.meaning,
            precision: description.precision, device: device)
    }

    /// Writes the model to one file, whole or not at all: weights as safetensors, all else as JSON in its metadata.
    ///
    /// - Throws: `FormatError` for custom layers that are not registered, and if the disk refuses; a file that was there stays.
    public func write(to path: String) throws {
        let description = try ModelDescription(self, path: path).text(path: path)
        try variables.write(safetensors: path, metadata: [ModelDescription.key: description])
    }
}

extension OutputMeaning {
    /// Whether outputs of a shape, with the batch, can mean this.
    fileprivate func fits(_ output: Shape) -> Bool {
        switch self {
        case .classes: output.rank == 2
        case .yesOrNo: output.rank == 1 || output.rank == 2 && output[1] == 1
        case .numbers, .other: true
        }
    }
}

extension SafetensorsFile {
    /// The variables that a network asks for, and no others.
    fileprivate func variables(
        _ descriptions: [(path: String, description: VariableDescription)]
    ) throws(FormatError) -> Variables {
        var variables = Variables()
        for (name, description) in descriptions {
            let (type, expected) = (try self.type(of: name), TensorType(description.shape, .float32))
            guard type == expected else { throw strange(name, expected: "\(expected)", received: "\(type)") }
            let buffer = Buffer(byteCount: type.byteCount)
            try read(name, into: buffer.mutableBytes)
            variables.set(name, Variables.Variable(value: Tensor(buffer, type), description: description))
        }
        if let name = names.first(where: { variables.variable($0) == nil }) {
            throw strange(name, expected: "no such tensor", received: "\(try self.type(of: name))")
        }
        return variables
    }

    private func strange(_ name: String, expected: String, received: String) -> FormatError {
        FormatError(
            .mismatch, path: path, "tensor \"\(name)\" does not belong to the model of the file", expected: expected,
            received: received, remedy: "Write the file again.")
    }
}
