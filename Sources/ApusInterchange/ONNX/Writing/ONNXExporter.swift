package import ApusInference
import ApusNN
package import ApusTensor

/// Writes trained models as ONNX files.
package struct ONNXExporter: ModelExporter {
    let images: ImageLayout
    /// What a file computes, by the names and in the order of axes that the file has; `nil` where nothing here reads files.
    var reader: (@Sendable (_ path: String, _ inputs: Values) throws -> Values)?

    package init(images: ImageLayout, reader: (@Sendable (String, Values) throws -> Values)? = nil) {
        self.images = images
        self.reader = reader
    }

    package func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
        try model.write(onnx: path, images: images, standingFor: final)
    }

    package func outputs(of path: String, _ inputs: Values) throws -> Values? {
        guard let reader else { return nil }
        func moved(_ tensor: Tensor, _ order: [Int]) -> Tensor {
            images == .channelsFirst && tensor.rank == 4 ? tensor.transposed(order) : tensor
        }
        let named = Values(
            inputs.map { ($0.name.isEmpty ? GraphExporter.input : $0.name, moved($0.tensor, [0, 3, 1, 2])) })
        let outputs = try reader(path, named)
        return Values(
            outputs.map { ($0.name == GraphExporter.output ? "" : $0.name, moved($0.tensor, [0, 2, 3, 1])) })
    }
}
