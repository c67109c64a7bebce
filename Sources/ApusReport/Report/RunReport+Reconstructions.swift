import ApusCharts
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

extension RunReport {
    /// Images of the data, each with what an autoencoder makes of it below; none where the model is no autoencoder of images.
    static func reconstructions(_ trainer: Trainer, _ data: Dataset) throws -> [ImageGrid.Image] {
        guard let term = trainer.objective.terms.first(where: \.target.isInput) else { return [] }
        guard let shape = pictureShape(of: data, term.target.name(among: data.inputNames)) else { return [] }
        let count = min(columns, data.count)
        let samples = try data.subset((0..<count).map { $0 * data.count / count })
        let batches = trainer.scaled(samples).batches(of: count, epoch: 0, seed: 0, shuffled: false, ahead: 0)
        guard let batch = batches.first(where: { _ in true }) else { return [] }
        let outputs = try trainer.predict(batch.inputs, preprocessing: batch.preprocessing)
        let made = term.output.isEmpty ? outputs.only : outputs[term.output]
        let given = term.target.tensor(inputs: batch.preprocessing(batch.inputs), targets: batch.targets)
        try evaluate([given, made])
        let size = shape.reduce(1, *)
        guard made.count == given.count, made.count == count * size else { return [] }
        // Both in the light of what was given.
        let numbers = given.scalars.filter(\.isFinite)
        let range = (numbers.min() ?? 0)...max(numbers.max() ?? 1, numbers.min() ?? 0)
        func images(_ tensor: Tensor, _ caption: String) -> [ImageGrid.Image] {
            let values = tensor.cast(to: .float32).scalars
            return (0..<count).map { sample in
                ImageGrid.Image(
                    height: shape[0], width: shape[1], channels: shape[2],
                    values: Array(values[sample * size..<(sample + 1) * size]), range: range, caption: caption)
            }
        }
        return images(given, "input") + images(made, "output")
    }

    /// The images in a row.
    private static let columns = 8
}
