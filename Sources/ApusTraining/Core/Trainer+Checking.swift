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
        let trace = try model.traced(dataset.signature, batch: 1, mode: .inference)
        for term in objective.terms where !term.target.isInput {
            let name = term.target.name(among: dataset.targetNames)
            let output = term.output.isEmpty ? trace.outputs.only : trace.outputs[term.output]
            guard dataset.hasTargets else {
                throw TrainingError(
                    "the data have no targets to compare the output with; give data that have some, or the target .input",
                    kind: .malformed)
            }
            // What there isn't is said by the step.
            guard dataset.targetNames.contains(name), output.problems.isEmpty else { continue }
            if let problem = targetProblem(dataset, name, term.loss, output.shape) { throw TrainingError(problem) }
        }
        let last = dataset.count % batchSize
        return min(batchSize, last == 0 ? dataset.count : last) == 1 ? trace.remarksOnSingleSamples : []
    }

    private func targetProblem(_ dataset: Dataset, _ name: String, _ loss: Loss, _ output: Shape) -> String? {
        if dataset.isClassification(of: name) {
            return dataset.targetType(of: name).shape.rank == 0
                ? loss.problem(classes: dataset.classNames(of: name).count, output: output) : nil
        }
        guard case .yesOrNo = loss.rule.meaning(of: output, hasClasses: false) else { return nil }
        // Of very many samples some from all over the data.
        let answers = stride(from: 0, to: dataset.count, by: max(1, dataset.count / 10_000)).flatMap {
            dataset.target(name, at: $0).scalars
        }
        return loss.problem(answers: answers)
    }
}

extension Dataset {
    /// What a model receives of the data: float32 of the samples' shapes, for they are scaled before.
    package var signature: Signature {
        Signature(inputNames.map { ($0, Signature.Input(sampleShape(of: $0))) })
    }
}
