import ApusFormats
import ApusGraph
package import ApusInference
import ApusNN
package import ApusTensor

/// Writes the weights of trained models by the names of Apus, PyTorch or Keras.
package struct WeightsExporter: ModelExporter {
    let format: ExportFormat

    package func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
        let variables = try model.describedVariables()
        switch format {
        case .pyTorch:
            let arrays = try variables.pyTorchArrays(for: path)
            if final.lowercased().hasSuffix(".safetensors") {
                try SafetensorsFile.write(arrays, to: path)
            } else {
                try PyTorchFile.write(arrays, to: path)
            }
        case .keras:
            let forms = KerasForm.all(variables)
            var arrays: [(name: String, holds: [(form: KerasForm, value: Tensor)])] = []
            for form in forms {
                let held = (form: form, value: variables[form.path]!)
                if arrays.last?.name == form.name {
                    arrays[arrays.count - 1].holds.append(held)
                } else {
                    arrays.append((form.name, [held]))
                }
            }
            try KerasFile.writeWeights(
                arrays.map { ($0.name, try NumericArray(KerasForm.array($0.holds))) },
                layers: Dictionary(forms.map { ("layers/\($0.layer)", $0.layer) }) { first, _ in first }, to: path)
        case .npz: try variables.write(npz: path)
        case .safetensors, .onnx: try variables.write(safetensors: path)
        }
    }

    package func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) throws -> Values {
        var variables = try model.describedVariables()
        let file = try WeightsFile(path)
        let names = try WeightsNames(
            file.names, of: variables, keras: file.kerasForm, shape: { try file.shape(of: $0) }, renamed: { $0 })
        let sources = Dictionary(
            file.names.filter { !WeightsNames.isCounter($0) }.map { (names.target(of: $0) { $0 }, $0) }
        ) { first, _ in first }
        var isRead: Set<String> = []
        for path in variables.paths {
            let targets = names.targets(of: path)
            let found = targets.compactMap { sources[$0] }
            guard found.count == targets.count else { continue }
            try variables.setValue(path, names.value(path, try found.map { try file.tensor($0) }))
            isRead.insert(path)
        }
        guard isRead.count == variables.count else {
            throw FormatError(
                .mismatch, path: path, "the file has not all weights of the model, and is not kept",
                expected: "\(variables.count) variables", received: "\(isRead.count)",
                remedy: "This is a defect of the writer: please report it with the model.")
        }
        return model.model.applied(to: inputs, with: variables, mode: .inference).outputs
    }
}

extension Variables {
    /// The values as a state dictionary of PyTorch, with a counter for each batch normalization.
    ///
    /// - Throws: `FormatError` for layers that PyTorch has no counterpart of.
    func pyTorchArrays(for path: String) throws -> [(name: String, array: NumericArray)] {
        if let problem = pyTorchForms.lazy.compactMap(\.problem).first(where: \.isOfAllFiles) {
            throw FormatError(.unsupported, path: path, problem.text, remedy: problem.remedy)
        }
        return try pyTorchArrays.flatMap { array in
            let value = (name: array.part.name, array: try NumericArray(array.value { self[$0]! }))
            guard let counter = array.holds[0].form.counter else { return [value] }
            // After the variance, as PyTorch has it, is not needed: it finds tensors by name.
            return [value, (name: counter, array: try NumericArray(shape: [], elements: [0] as [Int64]))]
        }
    }
}

extension TrainedModel {
    /// The weights, with what each is used for.
    func describedVariables() throws -> Variables {
        var described = Variables()
        for (path, description) in try model.variableDescriptions(inputs: details.signature) {
            guard let value = variables[path] else {
                throw FormatError(
                    .mismatch, path: "", "the model has no weights for its variable \(path)",
                    remedy: "Make it with all variables of the network: model.initialized(input:seed:).")
            }
            described.set(path, Variables.Variable(value: value, description: description))
        }
        return described
    }
}
