package import ApusInference
import ApusNN
package import ApusTensor

/// Writes trained models as ONNX files.
package struct ONNXExporter: ModelExporter {
    let images: ImageLayout
    package init(images: ImageLayout) { self.images = images }

    package func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
        try model.write(onnx: path, images: images, standingFor: final)
    }

    package func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) throws -> Values {
        func moved(_ tensor: Tensor, _ order: [Int]) -> Tensor {
            images == .channelsFirst && tensor.rank == 4 ? tensor.transposed(order) : tensor
        }
        let named = Values(
            inputs.map { ($0.name.isEmpty ? GraphExporter.input : $0.name, moved($0.tensor, [0, 3, 1, 2])) })
        let onnx = try ONNXModel(path)
        let outputs = onnx.applied(to: named, with: onnx.variables, mode: .inference).outputs
        return Values(
            outputs.map { ($0.name == GraphExporter.output ? "" : $0.name, moved($0.tensor, [0, 2, 3, 1])) })
    }
}
