import ApusConfiguration
import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Losses of classes.
    static let losses: [String: Operator] = [
        "NegativeLogLikelihoodLoss": { call in
            [try likelihood(call, try call.input(0).plain, try call.input(1).plain, weights: call.optional(2))]
        },
        "SoftmaxCrossEntropyLoss": { call in
            let scores = try call.input(0)
            try call.demand(scores.rank >= 2, "expected scores [N, C, ...], received \(scores.shape)")
            let log = logSoftmax(scores.plain, axis: 1)
            return [
                try likelihood(call, log, try call.input(1).plain, weights: call.optional(2)),
                ONNXValue(log, scores.type),
            ]
        },
    ]

    /// −log p of the class at each place, weighed by class.
    private static func likelihood(
        _ call: ONNXCall, _ log: Tensor, _ labels: Tensor, weights: ONNXValue?
    ) throws -> ONNXValue {
        try call.demand(
            log.rank >= 2 && labels.shape.dimensions == Array(log.shape.dimensions[..<1] + log.shape.dimensions[2...]),
            "labels \(labels.shape) do not fit scores \(log.shape)")
        let type = log.elementType
        let ignored = try call.int("ignore_index")
        let counts = ignored.map { labels .!= Tensor.full([], Double($0), type: labels.elementType) }
        let known = counts.map { select($0, labels, labels * 0) } ?? labels
        var weight = try weights.map { weights in
            try call.demand(weights.rank == 1, "expected a weight a class, received \(weights.shape)")
            return weights.plain.cast(to: type).gathered(known)
        }
        if let counts { weight = weight.map { $0 * counts.cast(to: type) } ?? counts.cast(to: type) }
        let loss = -log.gatheredAlong(known.expandingShape(at: 1), axis: 1).squeezingShape(at: 1)
        let weighed = weight.map { loss * $0 } ?? loss
        switch try call.string("reduction", "mean") {
        case "none": return ONNXValue(weighed, ONNXType(type))
        case "sum": return ONNXValue(weighed.sum(), ONNXType(type))
        case "mean": return ONNXValue(weight.map { weighed.sum() / $0.sum() } ?? weighed.mean(), ONNXType(type))
        case let other: throw ONNXProblem("the reduction \(other.quoted) is not known")
        }
    }
}
