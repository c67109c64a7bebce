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
            let arrays = try variables.pyTorchArrays()
            if final.lowercased().hasSuffix(".safetensors") {
                try SafetensorsFile.write(arrays, to: path)
            } else {
                try PyTorchFile.write(arrays, to: path)
            }
        case .keras:
            let forms = KerasForm.all(variables)
            try KerasFile.writeWeights(
                forms.map { ($0.name, try NumericArray(variables[$0.path]!)) },
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
        var isRead: Set<String> = []
        for name in file.names where !WeightsNames.isCounter(name) {
            let target = names.target(of: name) { $0 }
            try variables.setValue(target, names.value(target, try file.tensor(name)))
            isRead.insert(target)
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
    func pyTorchArrays() throws -> [(name: String, array: NumericArray)] {
        try pyTorchForms.flatMap { form in
            let array = (name: form.name, array: try NumericArray(form.exported(self[form.path]!)))
            guard let counter = form.counter else { return [array] }
            // After the variance, as PyTorch has it, is not needed: it finds tensors by name.
            return [array, (name: counter, array: try NumericArray(shape: [], elements: [0] as [Int64]))]
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
