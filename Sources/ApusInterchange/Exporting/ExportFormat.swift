package import ApusInference
package import ApusTensor

/// A format of other programs that trained models are written in.
package enum ExportFormat: String, Sendable, CaseIterable {
    case onnx

    /// What writes the format.
    package func exporter(images: ImageLayout) -> any ModelExporter {
        switch self {
        case .onnx: ONNXExporter(images: images)
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

    /// What a file computes from what the network receives, by name and in Apus's order of axes; `nil` where nothing here reads the
    /// format.
    func outputs(of path: String, _ inputs: Values) throws -> Values?
}
