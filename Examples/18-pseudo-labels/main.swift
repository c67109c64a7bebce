import Apus

// Pseudo-labels (Lee 2013): eight labels, a thousand samples without, and what a network is sure of among them.
let moons = Dataset.moons(count: 1500, noise: 0.12, seed: 4)
let (rest, test) = try moons.split(validation: 1.0 / 3, seed: 7)
let (unlabelled, labelled) = try rest.split(validation: 8.0 / 1000, stratified: true, seed: 2)

/// A network that begins anew, trained on samples. The penalty keeps it from being sure of everything.
func trained(on samples: Dataset) throws -> Trainer {
    let net = Sequential {
        for _ in 0..<2 { Dense(32, activation: .tanh, kernelRegularizer: .l2(0.003)) }
        Dense(2)
    }
    var trainer = Trainer(
        net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy], seed: 1)
    try trainer.fit(samples, epochs: max(10, 1600 / samples.count), batchSize: 32)
    return trainer
}

// The wrong ones among the labels are learned as well: whether it helps is to be measured.
var samples = labelled
for round in 0...4 {
    let trainer = try trained(on: samples)
    print(round, "labels", samples.count, "accuracy", try trainer.evaluate(test)[.accuracy]!)
    samples = try labelled.appending(try trainer.pseudoLabelled(unlabelled, confidence: 0.95))
}
