package import ApusGraph
package import ApusTensor

/// An objective in a graph: the loss of a batch and what the batch adds to each metric.
package struct MeasuredObjective {
    private let objective: Objective
    private let terms: [MeasuredTerm]

    /// - Parameters:
    ///   - outputs: What the model yields.
    ///   - inputs: What the model received.
    ///   - targets: What the data say, each [N, ...].
    ///   - ignoring: The label that does not count of those targets that have one, by the target's name.
    ///   - weights: A factor for each sample, [N].
    package init(
        _ objective: Objective, outputs: Values, inputs: Values, targets: Values, ignoring: [String: Int] = [:],
        weights: Tensor?
    ) {
        self.objective = objective
        terms = objective.terms.map {
            MeasuredTerm($0, outputs: outputs, inputs: inputs, targets: targets, ignoring: ignoring, weights: weights)
        }
    }

    /// What is wrong with losses, metrics, outputs and targets; what follows is of use where nothing is.
    package var problems: [GraphProblem] { terms.flatMap(\.problems) }

    /// The losses of all terms together, a scalar, without penalties.
    package var loss: Tensor {
        let losses = terms.map(\.loss)
        return losses.dropFirst().reduce(losses.first ?? .zeros([]), +)
    }

    /// What the loss of the batch counts in the mean of an epoch, where that is not the number of samples: the positions that count.
    package var weight: Tensor? { terms.count == 1 ? terms[0].mask?.sum() : nil }

    /// What the batch adds to each of `Objective.measured`.
    package var contributions: [Tensor] {
        guard terms.count > 1 else { return terms.flatMap(\.contributions) }
        let partial = PartialLoss(isMean: objective.reduction != .sum)
        return terms.flatMap { [partial.contribution($0.loss, count: $0.weight)] + $0.contributions }
    }

    /// The number of classes of each: of the outputs a sample, the last axis, 1 for a vector.
    package var classes: [Int] {
        terms.flatMap {
            Array(repeating: $0.classCount, count: $0.term.metrics.count + (terms.count > 1 ? 1 : 0))
        }
    }
}

/// A term of an objective with the tensors of a batch.
private struct MeasuredTerm {
    let term: Objective.Term
    let output: Tensor
    let target: Tensor
    let sampleWeights: Tensor?
    /// 1 for each position that counts, 0 for others; `nil` where all count.
    let mask: Tensor?
    let loss: Tensor

    init(
        _ term: Objective.Term, outputs: Values, inputs: Values, targets: Values, ignoring: [String: Int],
        weights: Tensor?
    ) {
        self.term = term
        sampleWeights = weights
        output = term.output.isEmpty ? outputs.only : outputs[term.output]
        let name = term.target.name(among: targets.names)
        var target = term.target.tensor(inputs: inputs, targets: targets)
        if !term.target.isInput, let label = ignoring[name], target.problems.isEmpty {
            let counts = target .!= Tensor(label).cast(to: target.elementType)
            mask = counts.cast(to: .float32)
            target = select(counts, target, Tensor(0).cast(to: target.elementType))
        } else {
            mask = nil
        }
        self.target = term.loss.answers(target, output: output)
        loss = term.loss(output, self.target, weights: weights, mask: mask)
    }

    /// The number of outputs a sample: the last axis, 1 for a vector.
    var classCount: Int { output.rank > 1 ? output.shape[-1] : 1 }

    /// What the loss counts: the number of samples, or of positions.
    var weight: Tensor { mask?.sum() ?? Tensor(Double(output.shape.dimensions.first ?? 1)) }

    /// What the batch adds to each metric.
    var contributions: [Tensor] {
        let (output, target, weights) = counted
        let meaning = term.loss.meaning(of: output.shape, hasClasses: false)
        return term.metrics.map {
            $0.contribution(output, target, weights: weights, meaning: meaning).cast(to: .float32)
        }
    }

    /// Output, target and weights as metrics see them: where some positions do not count, each position is a sample.
    private var counted: (Tensor, Tensor, Tensor) {
        let count = Swift.max(1, output.shape.dimensions.first ?? 1)
        let weights = sampleWeights ?? .ones([count])
        guard let mask, output.problems.isEmpty, output.rank == target.rank + 1 else {
            return (output, target, weights)
        }
        let shape = Shape([count] + mask.shape.dimensions.dropFirst().map { _ in 1 })
        return (
            output.reshaped(to: [mask.shape.count, output.shape[-1]]), target.flattened(),
            (mask * weights.reshaped(to: shape)).flattened()
        )
    }

    var problems: [GraphProblem] {
        guard loss.problems.isEmpty else { return loss.problems }
        return term.metrics.compactMap { metric in
            metric.rule.problem(output, target).map { GraphProblem(scope: [], operation: metric.name, message: $0) }
        }
    }
}
