import ApusConfiguration
public import ApusFormats
public import ApusNN
import ApusTensor

/// The layers that a file describes, with its weights: a network that files of experiments can hold, and that is changed like every
/// other.
///
/// ```swift
/// let onnx = try ONNXModel("resnet18.onnx")
/// let layers = try onnx.layers()
/// print(try layers.model.summary(inputs: layers.inputs))
///
/// // A new head for other classes
/// if var net = layers.model as? Sequential {
///     net.layers[net.layers.count - 1] = Dense(5)
/// }
/// ```
public struct ONNXLayers: Sendable {
    /// A `Sequential` where the graph is a chain from one input, else a `ModelGraph`. Images, also those that it yields, have their
    /// channels last.
    public let model: any Model
    /// The weights of the file, by the paths of the layers.
    public let variables: Variables
    /// One sample of each input.
    public let inputs: Signature
    /// The names of the outputs, in the order of the file; that of a `Sequential` has none.
    let outputNames: [String]
}

extension ONNXModel {
    /// The model as layers: convolutions, dense layers, normalizations, poolings, activations, in chains and branches that are added,
    /// multiplied or joined.
    ///
    /// - Parameter inputs: One sample of each input, images with their channels last; `nil` for what the file says.
    /// - Throws: `FormatError` that lists the nodes which are no layers. The model itself trains all the same.
    public func layers(inputs: Signature? = nil) throws(FormatError) -> ONNXLayers {
        try layers(inputs: inputs, path: "")
    }

    /// - Parameter path: The file in messages.
    func layers(inputs: Signature?, path: String) throws(FormatError) -> ONNXLayers {
        let images = takingChannelsLast()
        let signature = try images.signature(inputs, path: path)
        do {
            var builder = ONNXLayerBuilder(storage.graph, shapes: try images.shapes(signature))
            try builder.build(path: path)
            return try builder.layers(signature)
        } catch let error as FormatError {
            throw error
        } catch {
            throw FormatError(
                .unsupported, path: path, "the layers of the model can't be recognized",
                received: "\(error)".shown(300),
                remedy: "Use the model as it is: it trains, too.")
        }
    }
}
