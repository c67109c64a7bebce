import Apus

// A loop of one's own, with the same compiled step.
let network = Sequential {
    Dense(16, activation: .relu)
    Dense(2)
}
let points = Tensor.normal([512, 2], key: RandomKey(seed: 1))
let training = try Dataset(features: points, labels: points.prefixProducts())

var state = try TrainingState(network, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), input: [2], seed: 7)
let step = try TrainingStep(
    network, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), metrics: [.accuracy])
