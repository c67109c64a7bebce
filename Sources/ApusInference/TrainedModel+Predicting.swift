import ApusGraph
import ApusNN
public import ApusTensor

extension TrainedModel {
    /// How many samples go through the network at once.
    private static let batchSize = 256

    /// The predictions for samples [N, ...] as they are stored.
    ///
    /// - Parameters:
    ///   - inputs: The samples, [N, ...].
    ///   - names: Where each sample comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each sample, the most probable ones.
    /// - Throws: `GraphError` if the network does not fit the samples; `VariablesError` if the variables belong to another network.
    public func predict(_ inputs: Tensor, names: [String]? = nil, top limit: Int = .max) throws -> [Prediction] {
        let count = inputs.shape.dimensions.first ?? 0
        demand(
            names.map { $0.count == count } ?? true,
            "expected a name for each of \(count) samples, received \(names?.count ?? 0)")
        var result: [Prediction] = []
        for start in stride(from: 0, to: count, by: TrainedModel.batchSize) {
            let range = start..<min(start + TrainedModel.batchSize, count)
            let values = meaning(try self(inputs[range])).cast(to: .float32)
            try values.evaluated()
            let (width, scalars) = (values.count / range.count, values.scalars)
            for (row, sample) in range.enumerated() {
                result.append(
                    prediction(
                        of: names?[sample] ?? "#\(sample)",
                        scalars[row * width..<(row + 1) * width].map(Double.init), limit))
            }
        }
        return result
    }

    private func prediction(of input: String, _ numbers: [Double], _ limit: Int) -> Prediction {
        guard meaning.isClass else { return Prediction(input: input, classes: [], numbers: numbers) }
        // Among equals, and among what is no number, the earlier class.
        let order = numbers.indices.sorted { a, b in
            numbers[a] == numbers[b] || numbers[a].isNaN || numbers[b].isNaN ? a < b : numbers[a] > numbers[b]
        }
        let choices = order.prefix(limit).map { label in
            Prediction.Choice(
                name: classNames.indices.contains(label) ? classNames[label] : "\(label)", label: label,
                probability: numbers[label])
        }
        return Prediction(input: input, classes: choices, numbers: [])
    }
}
