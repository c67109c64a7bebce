import Apus
import ApusTraining

/// A training whose loss and accuracy are measured in some epochs: on the samples that it learns, and on others.
struct LabCurves {
    var net: Sequential
    /// The network without penalties, with which is measured; `net` unless given. Its variables have the same paths.
    var measured: Sequential?
    var optimizer: Optimizer
    var batch = 100
    var epochs: Int
    var seed: UInt64
    /// The epochs after which is measured; the last one always is.
    var points: [Int] = []

    /// Epochs that lie ever farther apart, for curves over a logarithmic axis: 1, 2, 3, 5, 7, 10, 15, 20, 30, …
    static func points(upTo epochs: Int) -> [Int] {
        let firsts = [10, 15, 20, 30, 50, 70]
        let decades = [1, 10, 100, 1000].flatMap { decade in firsts.map { $0 * decade } }
        return ([1, 2, 3, 5, 7] + decades).filter { $0 < epochs } + [epochs]
    }

    /// A training that has ended.
    struct Trained {
        /// The numbers `training.loss`, `training.accuracy`, the same of `validation` and `test` where they are given, at the end; `gap`
        /// (training minus test accuracy); `diverged` (0 or 1). As series `epoch`, and the same of each measured epoch, except of `test`.
        var measurement: LabMeasurement
        /// The weights with which was measured.
        var weights: Variables
    }

    /// Trains and measures.
    func run(on data: (training: Dataset, validation: Dataset?, test: Dataset)) throws -> Trained {
        var judge = Trainer(
            measured ?? net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy], seed: seed)
        var measurement = LabMeasurement()
        let stepsPerEpoch = (data.training.count + batch - 1) / batch
        let parts = [("training", data.training), ("validation", data.validation)]
        func note(_ name: String, _ value: Double) {
            measurement[name] = value
            measurement.series[name, default: []].append(value)
        }
        func measure(_ state: TrainingState) throws {
            judge.load(state.evaluatedVariables)
            measurement.series["epoch", default: []].append(Double(state.step / stepsPerEpoch))
            for (part, samples) in parts {
                guard let samples else { continue }
                let found = try judge.evaluate(samples)
                note("\(part).loss", found.loss)
                note("\(part).accuracy", found[.accuracy] ?? .nan)
            }
        }
        let training = LabSteps(
            net: net, optimizer: optimizer, batch: batch, steps: epochs * stepsPerEpoch, seed: seed,
            every: stepsPerEpoch)
        let wanted = Set(points)
        let result = try training.run(on: data.training) { look in
            if look.state.step < training.steps, wanted.contains(look.state.step / stepsPerEpoch) {
                try measure(look.state)
            }
        }
        try measure(result.state)
        let found = try judge.evaluate(data.test)
        measurement["test.loss"] = found.loss
        measurement["test.accuracy"] = found[.accuracy]
        measurement["gap"] = (measurement["training.accuracy"] ?? .nan) - (found[.accuracy] ?? .nan)
        measurement["diverged"] = result.hasDiverged ? 1 : 0
        return Trained(measurement: measurement, weights: result.state.evaluatedVariables)
    }
}
