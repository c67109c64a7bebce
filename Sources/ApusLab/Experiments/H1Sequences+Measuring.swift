import Apus
import ApusTraining
import Foundation

extension Sequences {
    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (task, net) = (setting.task, setting.cell.net(for: setting.task))
        var optimizer: Optimizer = setting.isAdam ? .adam(learningRate: 0.01) : .sgd(learningRate: 0.1)
        if setting.isClipped { optimizer = optimizer.clippingGradients(.globalNorm(1)) }
        let step = try TrainingStep(net, loss: task.loss, optimizer: optimizer)
        var state = try TrainingState(
            net, optimizer: optimizer, input: [setting.length, task.channels], seed: seed)
        let key = RandomKey(seed: seed).child("sequences")
        let tested = task.drawn(500, length: setting.length, key.child("test"))
        let length = setting.length
        let drawn = compile { (key: RandomKey) -> (Tensor, Tensor) in
            let (x, y) = task.drawn(Sequences.batch, length: length, key)
            return (x, y)
        }
        let look = compile { (weights: Variables, x: Tensor, y: Tensor) -> (Tensor, Tensor) in
            let slope = gradient(at: x) { task.error(net($0, weights), y, ofLast: true) }
            return (task.error(net(x, weights), y), slope)
        }
        var measurement = LabMeasurement()
        var reaches: [Double] = []
        func note() throws {
            let (error, slopes) = try look(state.evaluatedVariables, tested.x, tested.y)
            let norms = Sequences.meanNorms(slopes)
            reaches = norms.map { log10(max($0, 1e-38)) - log10(max(norms[length - 1], 1e-38)) }
            measurement.series["steps", default: []].append(Double(state.step))
            measurement.series["error", default: []].append(Double(error.item()))
            measurement.series["reach", default: []] += Sequences.distances(length).map { reaches[length - 1 - $0] }
        }
        // The gradient at half the length.
        let far = length - 1 - length / 2
        try note()
        measurement["startReach"] = reaches[far]
        for index in 0..<setting.steps {
            let (x, y) = try drawn(key.child(UInt64(index)))
            let loss = try step(&state, Batch(inputs: x, targets: y)).loss
            guard loss.isFinite else { break }
            if (index + 1) % max(1, setting.steps / Sequences.looks) == 0 { try note() }
        }
        let errors = measurement.series["error"] ?? []
        measurement["error"] = errors.last
        measurement["logError"] = errors.last.map { log10($0) }
        measurement["endReach"] = reaches[far]
        let solved = errors.firstIndex { $0 <= Sequences.solved }
        measurement["solved"] = solved.map { measurement.series["steps"]![$0] } ?? Double(setting.steps)
        return measurement
    }

    /// The distances from the end of which pictures show the gradient.
    static func distances(_ length: Int) -> [Int] {
        Array(stride(from: 0, to: length, by: max(1, length / places)))
    }

    /// The mean norm of each step's gradient, [N, T, C]; float32 has no squares of the smallest.
    private static func meanNorms(_ slopes: Tensor) -> [Double] {
        let (count, length, channels) = (slopes.shape[0], slopes.shape[1], slopes.shape[2])
        let numbers = slopes.scalars
        var sums = [Double](repeating: 0, count: length)
        for row in 0..<count * length {
            let squares = numbers[row * channels..<(row + 1) * channels].reduce(0) { $0 + Double($1) * Double($1) }
            sums[row % length] += squares.squareRoot()
        }
        return sums.map { $0 / Double(count) }
    }
}
