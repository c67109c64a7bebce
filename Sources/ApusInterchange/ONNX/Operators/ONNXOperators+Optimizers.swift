import ApusConfiguration
import ApusTensor

extension ONNXOperators {
    /// Steps of optimizers, as graphs of trainings hold them.
    static let optimizers: [String: Operator] = {
        let steps: [String: Operator] = ["Adagrad": adagrad, "Adam": adam, "Momentum": momentum]
        return Dictionary(uniqueKeysWithValues: steps.map { ("ai.onnx.preview.training.\($0.key)", $0.value) })
    }()

    /// The tensors of each variable: weights, gradients, and what the rule keeps.
    ///
    /// - Parameter kinds: How many tensors a variable has.
    private static func variables(_ call: ONNXCall, kinds: Int) throws -> (
        rate: Tensor, step: Tensor, groups: [[Tensor]]
    ) {
        let all = try call.all().map(\.plain)
        let count = (all.count - 2) / kinds
        try call.demand(
            count > 0 && all.count == 2 + kinds * count,
            "expected a rate, a step and \(kinds) tensors a variable, received \(all.count)")
        let step = all[1].cast(to: .float32)
        return (
            all[0], step, (0..<count).map { variable in (0..<kinds).map { all[2 + $0 * count + variable] } }
        )
    }

    /// The results in the order of the operators: all new weights, then all of the first kind that is kept, …
    private static func ordered(_ results: [[Tensor]]) -> [ONNXValue] {
        (results.first ?? []).indices.flatMap { kind in
            results.map { ONNXValue($0[kind], ONNXType($0[kind].elementType)) }
        }
    }

    private static func adagrad(_ call: ONNXCall) throws -> [ONNXValue] {
        let (rate, step, groups) = try variables(call, kinds: 3)
        let decay = try call.float("decay_factor", 0)
        let (epsilon, norm) = (try call.float("epsilon", 1e-6), try call.float("norm_coefficient", 0))
        return ordered(
            groups.map { group in
                let gradient = group[0] * norm + group[1]
                let squares = group[2] + square(gradient)
                return [group[0] - rate / (step * decay + 1) * gradient / (sqrt(squares) + epsilon), squares]
            })
    }

    private static func adam(_ call: ONNXCall) throws -> [ONNXValue] {
        let (rate, step, groups) = try variables(call, kinds: 4)
        let (alpha, beta) = (try call.float("alpha", 0.9), try call.float("beta", 0.999))
        let (epsilon, norm) = (try call.float("epsilon", 1e-6), try call.float("norm_coefficient", 0))
        let after = try call.float("norm_coefficient_post", 0)
        let corrected = sqrt(1 - pow(Tensor(beta), step)) / (1 - pow(Tensor(alpha), step))
        let factor = rate * select(step .> 0, corrected, Tensor.ones([]))
        return ordered(
            groups.map { group in
                let gradient = group[0] * norm + group[1]
                let mean = group[2] * alpha + gradient * (1 - alpha)
                let squares = group[3] * beta + square(gradient) * (1 - beta)
                let moved = group[0] - factor * mean / (sqrt(squares) + epsilon)
                return [moved * (1 - after), mean, squares]
            })
    }

    private static func momentum(_ call: ONNXCall) throws -> [ONNXValue] {
        let (rate, step, groups) = try variables(call, kinds: 3)
        let (alpha, beta) = (try call.float("alpha", 0), try call.float("beta", 0))
        let norm = try call.float("norm_coefficient", 0)
        let mode = try call.string("mode", "standard")
        try call.demand(mode == "standard" || mode == "nesterov", "the mode \(mode.quoted) is not known")
        let share = select(step .> 0, Tensor(beta), Tensor.ones([]))
        return ordered(
            groups.map { group in
                let gradient = group[0] * norm + group[1]
                let velocity = group[2] * alpha + share * gradient
                return [group[0] - rate * (mode == "standard" ? velocity : gradient + velocity * alpha), velocity]
            })
    }
}
