package import ApusData
import ApusGraph
package import ApusNN
import ApusTensor

extension Trainer {
    /// Finds before the first step what can't be trained on: labels that the model has no output for, and answers that are none.
    ///
    /// - Returns: What can be trained on but is rarely meant.
    @discardableResult
    package func checked(_ model: some Model, _ dataset: Dataset, batchSize: Int) throws -> [String] {
        let trace = try model.traced(input: dataset.sampleShape, batch: 1, mode: .inference)
        if let problem = targetProblem(dataset, trace.output.shape) {
            throw TrainingError(problem)
        }
        let last = dataset.count % batchSize
        return min(batchSize, last == 0 ? dataset.count : last) == 1 ? trace.remarksOnSingleSamples : []
    }

    private func targetProblem(_ dataset: Dataset, _ output: Shape) -> String? {
        if dataset.isClassification {
            return dataset.targetType.shape.rank == 0 ? loss.problem(classes: dataset.classCount, output: output) : nil
        }
        guard case .yesOrNo = loss.rule.meaning(of: output, hasClasses: false) else { return nil }
        // Of very many samples some from all over the data.
        let answers = stride(from: 0, to: dataset.count, by: max(1, dataset.count / 10_000)).flatMap {
            dataset.target(at: $0).scalars
        }
        return loss.problem(answers: answers)
    }
}
