import Apus

// A custom training loop around the compiled step: do two coordinates have different signs?
let network = Sequential {
    Dense(16, activation: .relu)
    Dense(2)
}
let points = Tensor.uniform([2048, 2], low: -1, high: 1, key: RandomKey(seed: 1))
let training = try Dataset(
    inputs: points, labels: ((points[0..., 0] .> 0) .^ (points[0..., 1] .> 0)).cast(to: .int32))
let step = try TrainingStep(
    network, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), metrics: [.accuracy])
var state = try step.initialState(input: [2], seed: 7)
let history = try TrainingSession(of: step).run(
    &state, on: training, epochs: 10, batchSize: 128
) { state, batch, learningRate in
    try step(&state, batch, learningRate: learningRate)
}
for accuracy in history["training.accuracy"] { print(accuracy) }
