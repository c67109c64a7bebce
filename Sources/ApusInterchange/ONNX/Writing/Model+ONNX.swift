import ApusConfiguration
import ApusFormats
import ApusGraph
public import ApusInference
public import ApusNN
import ApusTensor
import Foundation

extension Model {
    /// Writes the model with weights as an ONNX file, whole or not at all.
    ///
    /// What the layers compute at inference is written, so custom layers need nothing for it. The graph takes any number of samples,
    /// `N`. Weights have the names of their variables with dots, `0.conv2D.kernel`. Operators are those of version 17.
    ///
    /// ```swift
    /// let net = Sequential { Conv2D(filters: 8, kernelSize: 3, activation: .relu); GlobalAveragePool(); Dense(10) }
    /// let weights = try net.initialized(input: [28, 28, 3], seed: 1)
    /// try net.write(onnx: "net.onnx", variables: weights, inputs: Signature([28, 28, 3]))
    /// ```
    ///
    /// - Parameters:
    ///   - path: The file. Numbers of more than 2 GB lie in a second file beside it.
    ///   - variables: The weights and running values.
    ///   - inputs: One sample of each input.
    ///   - images: In which order the axes of images, inputs and outputs of four axes, lie in the graph.
    ///   - metadata: Texts that the file holds besides.
    /// - Throws: `GraphError` if the model does not fit its inputs, `VariablesError` if the variables belong to another model,
    ///   `FormatError` for layers that ONNX has no counterpart of or that depend on the number of samples, and if the disk refuses.
    public func write(
        onnx path: String, variables: Variables, inputs: Signature, images: ImageLayout = .channelsFirst,
        metadata: [String: String] = [:]
    ) throws {
        try write(
            onnx: path, variables: variables, inputs: inputs, images: images, metadata: metadata, standingFor: path)
    }

    /// - Parameter final: Where the file will be in the end; it names the graph and the file beside it.
    fileprivate func write(
        onnx path: String, variables: Variables, inputs: Signature, images: ImageLayout, metadata: [String: String],
        standingFor final: String
    ) throws {
        let graph = try exportedGraph(variables, inputs, images: images, path: final)
        try graph.write(
            to: path,
            ExportedGraph.Description(
                name: URL(filePath: final).deletingPathExtension().lastPathComponent, version: ApusVersion.current,
                metadata: metadata.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }),
            standingFor: final)
    }

    /// The graph that is written.
    ///
    /// - Parameter path: The file in messages.
    package func exportedGraph(
        _ variables: Variables, _ inputs: Signature, images: ImageLayout = .channelsFirst, path: String = ""
    ) throws -> ExportedGraph {
        try GraphExporter.graph(SampleTrace(self, variables, inputs, path: path), layout: images)
    }
}

extension TrainedModel {
    /// Writes the model as an ONNX file, whole or not at all.
    ///
    /// The graph takes samples that are scaled already, `float32`. How they are scaled and what the outputs mean stands in the file's
    /// metadata: `classes` and `preprocessing` (y = x · scale + offset) as JSON, `channels` of images of bytes, such as `RGB`, and all
    /// that Apus knows in `apus-model`.
    ///
    /// ```swift
    /// let model = try TrainedModel("runs/lenet5-1")
    /// try model.write(onnx: "lenet5.onnx")
    /// ```
    ///
    /// - Parameters:
    ///   - path: The file. Numbers of more than 2 GB lie in a second file beside it.
    ///   - images: In which order the axes of images, inputs and outputs of four axes, lie in the graph.
    /// - Throws: `FormatError` for layers that ONNX has no counterpart of or that depend on the number of samples, and if the disk refuses.
    public func write(onnx path: String, images: ImageLayout = .channelsFirst) throws {
        try write(onnx: path, images: images, standingFor: path)
    }

    /// - Parameter final: Where the file will be in the end.
    func write(onnx path: String, images: ImageLayout, standingFor final: String) throws {
        try model.write(
            onnx: path, variables: variables, inputs: details.signature, images: images,
            metadata: try details.exportedMetadata(path: final, images: images), standingFor: final)
    }
}

extension ModelDescription {
    /// What an ONNX file says of a trained model.
    package func exportedMetadata(path: String, images: ImageLayout) throws -> [String: String] {
        var description = self
        description.model = nil
        var metadata = [
            ModelDescription.key: try description.text(path: path), "images": images.rawValue,
            "preprocessing": try FileJSON.text(preprocessing),
        ]
        if let names = outputs.first?.classNames, !names.isEmpty { metadata["classes"] = try FileJSON.text(names) }
        if inputs.count == 1, inputs[0].elementType == .uint8, inputs[0].shape.rank == 3 {
            metadata["channels"] = [1: "gray", 3: "RGB", 4: "RGBA"][inputs[0].shape[2]]
        }
        return metadata
    }
}
