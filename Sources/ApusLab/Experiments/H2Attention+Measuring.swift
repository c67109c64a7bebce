import Apus
import ApusTraining

extension Attention {
    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (task, net, length) = (setting.task, setting.net, setting.length)
        let optimizer = Optimizer.adam(learningRate: 0.003)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try TrainingState(net, optimizer: optimizer, input: [length, task.channels], seed: seed)
        let key = RandomKey(seed: seed).child("attention")
        let tested = try task.drawn(256, length: length, key.child("test")).evaluated()
        let drawn = compile { (key: RandomKey) -> (Tensor, Tensor) in
            let samples = task.drawn(64, length: length, key)
            return (samples.x, samples.answers)
        }
        let look = compile { (weights: Variables, x: Tensor, answers: Tensor) -> (Tensor, Tensor) in
            let isRight = (net(x, weights).argmax() .== answers).cast(to: .float32)
            return (isRight.mean(), net.attentionWeights(for: x, weights)["2.transformerBlock/attention"])
        }
        var measurement = LabMeasurement()
        func note() throws {
            let (accuracy, weights) = try look(state.evaluatedVariables, tested.x, tested.answers)
            let shares = Attention.shares(weights, tested, first: task.first(length))
            for (name, value) in [
                ("steps", Double(state.step)), ("accuracy", Double(accuracy.item())), ("share", shares.max() ?? .nan),
                ("other", shares.min() ?? .nan),
                ("top", Attention.top(weights, tested, first: task.first(length))),
            ] {
                measurement.series[name, default: []].append(value)
                measurement[name] = value
            }
            measurement.series["weights", default: []] += weights[0..<Attention.shown].scalars.map {
                (Double($0) * 1000).rounded() / 1000
            }
        }
        try note()
        for index in 0..<setting.steps {
            let (x, y) = try drawn(key.child(UInt64(index)))
            try step(&state, Batch(inputs: x, targets: y))
            if Attention.looks.contains((index + 1) * 1000 / setting.steps) { try note() }
        }
        measurement.series["symbols"] = tested.symbols[0..<Attention.shown].scalars.map(Double.init)
        if task == .back {
            let far = try task.drawn(256, length: 2 * length, key.child("longer")).evaluated()
            let answers = net(far.x, state.evaluatedVariables).argmax()
            measurement["longer"] = Double((answers .== far.answers).cast(to: .float32).mean().item())
        }
        return measurement
    }

    /// The mean weight that each head gives to the place of the answer.
    private static func shares(_ weights: Tensor, _ samples: LookSamples, first: Int) -> [Double] {
        let (count, length) = (weights.shape[0], weights.shape[3])
        let (numbers, places) = (weights.scalars, samples.places.scalars.map { Int($0) })
        let asked = length - first
        return (0..<heads).map { head in
            (0..<count * asked).reduce(0) { sum, index in
                let row = ((index / asked) * heads + head) * length + first + index % asked
                return sum + Double(numbers[row * length + places[index]])
            } / Double(count * asked)
        }
    }

    /// How often the place of the answer gets more weight than any other, of both heads together.
    private static func top(_ weights: Tensor, _ samples: LookSamples, first: Int) -> Double {
        let seen = weights.mean(axes: [1])[0..., first..., 0...].argmax()
        return Double((seen .== samples.places).cast(to: .float32).mean().item())
    }
}
