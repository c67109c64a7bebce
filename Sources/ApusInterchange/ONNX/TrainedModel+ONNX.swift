public import ApusBackend
public import ApusData
public import ApusFormats
import ApusGraph
public import ApusInference
public import ApusNN

extension TrainedModel {
    /// The model of an ONNX file in use: images as everywhere here, [height, width, channels].
    ///
    /// ```swift
    /// let model = try TrainedModel(onnx: "mobilenet.onnx", preprocessing: .unitRange)
    /// print(try model.predict(Image(contentsOf: "shoe.png")).top(3))
    /// ```
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - inputs: One sample of each input; `nil` for what the file says. Where it leaves sizes open they are needed.
    ///   - preprocessing: How samples are scaled before the network sees them; `nil` for what the file says if Apus wrote it, else
    ///     not at all.
    ///   - classNames: Of the first output; empty for what the file says if Apus wrote it.
    ///   - meaning: Of the first output; `nil` for what the file says if Apus wrote it, else classes where it is a softmax, else
    ///     numbers.
    ///   - asLayers: Whether the model consists of the layers that the file describes, as `ONNXModel.layers()` finds them: it can be
    ///     changed, and files of models hold it as they hold others.
    ///   - device: Where everything is computed.
    /// - Throws: `FormatError` if the file can't be read, leaves open what was not given, or if not all of it are layers.
    public init(
        onnx path: String, inputs: Signature? = nil, preprocessing: Preprocessing? = nil,
        classNames: [String] = [], meaning: OutputMeaning? = nil, asLayers: Bool = false,
        device: Device = .cpu
    ) throws(FormatError) {
        let model = try ONNXModel(path).takingChannelsLast()
        let signature = try model.signature(inputs, path: path)
        let ports = model.storage.graph.outputs
        let known = try model.writtenDescription(path)
        let preprocessing = preprocessing ?? known?.preprocessing ?? .identity
        let outputs = ports.enumerated().map { place, port in
            let written = known.flatMap { place < $0.outputs.count ? $0.outputs[place] : nil }
            let usual: OutputMeaning =
                written?.meaning ?? (model.isSoftmax(port) ? .classes(areProbabilities: true) : .numbers)
            return ModelDescription.Output(
                port.name, classNames: place == 0 && !classNames.isEmpty ? classNames : written?.classNames ?? [],
                meaning: place == 0 ? meaning ?? usual : usual)
        }
        let samples = signature.enumerated().map { place, entry in
            ModelDescription.Input(
                entry.name, entry.input.shape, known?.inputs[place].elementType ?? entry.input.elementType)
        }
        guard asLayers else {
            let details = ModelDescription(model, inputs: samples, outputs: outputs, preprocessing: preprocessing)
            self.init(model, details, variables: model.variables, device: device, kinds: [ONNXModel.self])
            return
        }
        let layers = try model.layers(inputs: signature, path: path)
        let details = ModelDescription(
            layers.model, inputs: samples,
            outputs: zip(layers.outputNames, outputs).map {
                ModelDescription.Output($0, classNames: $1.classNames, meaning: $1.meaning)
            }, preprocessing: preprocessing)
        self.init(layers.model, details, variables: layers.variables, device: device)
    }
}

extension ONNXModel {
    /// One sample of each input: as given, or as the file says.
    package func signature(_ given: Signature?, path: String) throws(FormatError) -> Signature {
        let own = inputs
        var entries: [(name: String, input: Signature.Input)] = []
        for (name, input) in own {
            let stated = given?[name] ?? (own.names.count == 1 ? given?.first : nil)
            let shape = stated?.shape ?? input.shape
            guard shape.dimensions.allSatisfy({ $0 > 0 }) else {
                throw FormatError(
                    .mismatch, path: path, "the file leaves the size of the input \"\(name)\" open",
                    expected: "\(input.shape) with numbers in place of −1", received: given == nil ? nil : "\(shape)",
                    remedy: "Give the shape of a sample: inputs: [\"\(name)\": …], or --input with the command.")
            }
            entries.append((name, Signature.Input(shape, input.elementType)))
        }
        if let stranger = given?.names.first(where: { !$0.isEmpty && !own.names.contains($0) }) {
            throw FormatError(
                .mismatch, path: path, "the model has no input \"\(stranger)\"",
                expected: own.names.joined(separator: ", "),
                remedy: "Give inputs by their names.")
        }
        return Signature(entries)
    }

    /// What a file that Apus wrote says of its samples; `nil` for other files, and where it has other inputs than the graph.
    fileprivate func writtenDescription(_ path: String) throws(FormatError) -> ModelDescription? {
        guard storage.metadata[ModelDescription.key] != nil else { return nil }
        let description = try ModelDescription(storage.metadata, path: path, kinds: [])
        return description.inputs.count == storage.graph.inputs.count ? description : nil
    }

    /// Whether an output is probabilities of classes.
    fileprivate func isSoftmax(_ port: ONNXGraph.Port) -> Bool {
        let node = storage.graph.nodes.last { $0.outputs.contains(port.name) }
        return node?.kind == "Softmax" && port.shape?.count == 2
    }
}
