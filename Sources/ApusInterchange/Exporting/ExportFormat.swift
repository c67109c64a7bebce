package import ApusInference
package import ApusTensor

/// A format of other programs that trained models are written in.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// The whole network as a graph of ONNX.
    case onnx
    /// The weights as safetensors, by their paths.
    case safetensors
    /// The weights as arrays of NumPy, by their paths.
    case npz
    /// The weights as PyTorch has them, by torchvision's names: `.safetensors`, or what `torch.load` reads.
    case pyTorch = "pytorch-names"
    /// The weights as `model.load_weights` of Keras 3 reads them: `.weights.h5`.
    case keras

    /// What writes the format.
    package func exporter(images: ImageLayout) -> any ModelExporter {
        switch self {
        case .onnx: ONNXExporter(images: images)
        case .safetensors, .npz, .pyTorch, .keras: WeightsExporter(format: self)
        }
    }
}

/// Writes trained models in one format.
package protocol ModelExporter: Sendable {
    /// Writes a model, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: Where it is written.
    ///   - final: Where it will be in the end; what lies beside it is named after that.
    func write(_ model: TrainedModel, to path: String, standingFor final: String) throws

    /// What a file computes from what the network receives, by name and in Apus's order of axes; of weights, what the model computes
    /// with them.
    func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) throws -> Values
}
