import ApusGraph
import Foundation

extension Step {
    /// log Σ exp(z), without overflow.
    private func logSumExp(_ z: [Double]) -> Double {
        let greatest = z.contains(where: \.isNaN) ? .nan : z.max() ?? -.infinity
        guard greatest.isFinite else { return greatest }
        return greatest + log(z.reduce(0) { $0 + exp($1 - greatest) })
    }

    func softmax(_ axis: Int) -> [Double] {
        logSoftmax(axis).map { exp($0) }
    }

    func logSoftmax(_ axis: Int) -> [Double] {
        let x = operands[0]
        var result = x.values
        for line in x.shape.lines(along: axis) {
            let total = logSumExp(line.map { x.values[$0] })
            for position in line { result[position] = x.values[position] - total }
        }
        return result
    }

    func softmaxCrossEntropy() throws -> [Double] {
        let logits = operands[0]
        let labels = try checkedIndices(extent: logits.shape[1])
        return zip(logits.shape.lines(along: 1), labels).map { line, label in
            logSumExp(line.map { logits.values[$0] }) - logits.values[line[label]]
        }
    }

    func softmaxCrossEntropyGradient() throws -> [Double] {
        let (logits, gradient) = (operands[0], operands[2].values)
        let labels = try checkedIndices(extent: logits.shape[1])
        var result = logits.values
        for (sample, line) in logits.shape.lines(along: 1).enumerated() {
            let total = logSumExp(line.map { logits.values[$0] })
            for (label, position) in line.enumerated() {
                let target = label == labels[sample] ? 1.0 : 0.0
                result[position] = (exp(logits.values[position] - total) - target) * gradient[sample]
            }
        }
        return result
    }
}
