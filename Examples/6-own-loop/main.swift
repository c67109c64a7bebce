import Apus

// A loop of one's own, with the same compiled step: whether two coordinates have different signs.
let network = Sequential {
    Dense(16, activation: .relu)
    Dense(2)
}
let points = Tensor.uniform([2048, 2], low: -1, high: 1, key: RandomKey(seed: 1))
let training = try Dataset(
    features: points, labels: ((points[0..., 0] .> 0) .^ (points[0..., 1] .> 0)).cast(to: .int32))
let optimizer = Optimizer.sgd(learningRate: 0.1, momentum: 0.9)

var state = try TrainingState(network, optimizer: optimizer, input: [2], seed: 7)
let step = try TrainingStep(network, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy])
while state.epoch < 10 {
    var hits = 0.0
    for batch in training.batches(of: 128, epoch: state.epoch, seed: 7) {
        hits += try step(&state, batch)[.accuracy]! * Double(batch.count)
    }
    state.epoch += 1
    print(state.epoch, hits / Double(training.count))
}
