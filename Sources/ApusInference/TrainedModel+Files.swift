public import ApusBackend
public import ApusFormats
import ApusGraph
public import ApusNN
import ApusTensor
import Foundation

extension TrainedModel {
    /// Reads a trained model: a file that `write(to:)` wrote, whatever its name is, or the folder of a run.
    ///
    /// Of a run it takes the weights of the best epoch, or of the last where no best one was kept; averaged ones where training averages.
    ///
    /// - Parameters:
    ///   - path: The file, or the folder of a run.
    ///   - kinds: The custom layers and models that are in it, besides those that are registered (`LayerKinds.register`).
    ///   - device: Where everything is computed.
    /// - Throws: `FormatError` if the path leads nowhere or is neither, the file is damaged, holds no model or a newer one, or if its
    ///   numbers do not belong to its network.
    public init(
        _ path: String, kinds: [any (Model & Codable).Type] = [], device: Device = .cpu
    ) throws(FormatError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            try self.init(SafetensorsFile(path), kinds: kinds, device: device)
            return
        }
        try self.init(RunFiles(path), kinds: kinds, device: device)
    }

    /// Reads a trained model, as `TrainedModel(path)` does.
    public init(
        contentsOf path: String, kinds: [any (Model & Codable).Type] = [], device: Device = .cpu
    ) throws(FormatError) {
        try self.init(path, kinds: kinds, device: device)
    }

    package init(
        _ file: SafetensorsFile, kinds: [any (Model & Codable).Type] = [], device: Device = .cpu
    ) throws(FormatError) {
        let details = try ModelDescription(file.metadata, path: file.path, kinds: kinds)
        guard let model = details.model else {
            throw FormatError(
                .malformed, path: file.path, "the description of the model can't be read",
                expected: "a model and its inputs", received: "no model", remedy: "Write the file again.")
        }
        let traced = try details.traced(model, path: file.path)
        self.init(
            model, details, variables: try file.variables(traced.descriptions) { $0 }, device: device, kinds: kinds)
        if let name = file.names.first(where: { variables.variable($0) == nil }) {
            throw file.strange(name, expected: "no such tensor", received: "\(try file.type(of: name))")
        }
    }

    /// Writes the model to one file, whole or not at all: weights as safetensors, all else as JSON in its metadata.
    ///
    /// - Parameters:
    ///   - path: Of any name; `.apus` is usual.
    ///   - kinds: The custom layers and models that are in it, besides those that are registered or that it was read with.
    /// - Throws: `FormatError` for custom layers and models that files do not know, and if the disk refuses; a file that was there stays.
    public func write(to path: String, kinds: [any (Model & Codable).Type] = []) throws {
        var details = details
        details.model = model
        let text = try details.text(path: path, kinds: kinds + self.kinds)
        try variables.write(safetensors: path, metadata: [ModelDescription.key: text])
    }
}

extension ModelDescription {
    /// One pass through the model, which must fit what is said of its inputs and outputs.
    package func traced(_ model: any Model, path: String) throws(FormatError) -> TracedModel {
        let traced: TracedModel
        do { traced = try model.traced(signature, batch: 1, mode: .training) } catch {
            let samples = inputs.map { ($0.name.isEmpty ? "" : "\"\($0.name)\" ") + "\($0.shape)" }
            throw FormatError(
                .malformed, path: path, "the network does not fit its samples \(samples.joined(separator: ", "))",
                received: "\(error)", remedy: "Write the file again.")
        }
        let names = traced.outputs.names
        if let stranger = outputs.first(where: { !$0.name.isEmpty && !names.contains($0.name) }) {
            throw FormatError(
                .malformed, path: path, "the model has no output \"\(stranger.name)\"", expected: names.asNames,
                remedy: "Write the file again.")
        }
        for (place, name) in names.enumerated() {
            let (meaning, shape) = (output(name, at: place).meaning, traced.outputs[name].shape)
            guard meaning.fits(shape) else {
                throw FormatError(
                    .malformed, path: path, "the outputs\(name.asName) can't mean what the file says",
                    expected: "outputs for \(meaning)", received: "\(shape)", remedy: "Write the file again.")
            }
        }
        return traced
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
    /// The variables that a network asks for.
    ///
    /// - Parameter source: The name of the tensor that holds a variable.
    func variables(
        _ descriptions: [(path: String, description: VariableDescription)], from source: (String) -> String
    ) throws(FormatError) -> Variables {
        var variables = Variables()
        for (name, description) in descriptions {
            let source = source(name)
            let (type, expected) = (try self.type(of: source), TensorType(description.shape, .float32))
            guard type == expected else { throw strange(source, expected: "\(expected)", received: "\(type)") }
            let buffer = Buffer(byteCount: type.byteCount)
            try read(source, into: buffer.mutableBytes)
            variables.set(name, Variables.Variable(value: Tensor(buffer, type), description: description))
        }
        return variables
    }

    func strange(_ name: String, expected: String, received: String) -> FormatError {
        FormatError(
            .mismatch, path: path, "tensor \"\(name)\" does not belong to the model of the file", expected: expected,
            received: received, remedy: "Write the file again.")
    }
}
