import ApusBackend
import ApusGraph
import Foundation

extension Step {
    /// log softmax(z) = z − max z − log Σ exp(z − max z)
    private func logSoftmax(_ z: [Double]) -> [Double] {
        let greatest = z.contains(where: \.isNaN) ? .nan : z.max() ?? 0
        let total = log(z.reduce(0) { $0 + exp($1 - greatest) })
        return z.map { ($0 - greatest) - total }
    }

    func softmax(_ axis: Int) -> [Double] {
        logSoftmax(axis).map { exp($0) }
    }

    func logSoftmax(_ axis: Int) -> [Double] {
        let x = operands[0]
        var result = x.values
        for line in x.shape.lines(along: axis) {
            for (position, value) in zip(line, logSoftmax(line.map { x.values[$0] })) { result[position] = value }
        }
        return result
    }

    func softmaxCrossEntropy() throws -> [Double] {
        let logits = operands[0]
        let labels = try checkedIndices(extent: logits.shape[1])
        return zip(logits.shape.lines(along: 1), labels).map { line, label in
            -logSoftmax(line.map { logits.values[$0] })[label]
        }
    }

    func softmaxCrossEntropyGradient() throws -> [Double] {
        let (logits, gradient) = (operands[0], operands[2].values)
        let labels = try checkedIndices(extent: logits.shape[1])
        return logits.shape.lines(along: 1).enumerated().flatMap { sample, line in
            logSoftmax(line.map { logits.values[$0] }).enumerated().map { label, logarithm in
                (exp(logarithm) - (label == labels[sample] ? 1 : 0)) * gradient[sample]
            }
        }
    }
}
