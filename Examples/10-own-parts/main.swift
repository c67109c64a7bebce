import Apus

// Constants and masks live in layers; a loss is a closure.
struct CausalAverage: Layer {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let mask = tril(Tensor.ones([x.shape[1], x.shape[1]]))
        return (mask / mask.sum(axes: [1], keepingAxes: true)).matmul(x)
    }
}
// Values; the framework reduces them.
let weighted = Loss("weighted") { output, target in abs(output - target) * Tensor([1, 2, 4]) }

// What is the mean so far of three sequences, times two?
let x = Tensor.normal([256, 5, 3], key: RandomKey(seed: 1))
let means = x.cumulativeSum(axis: 1) / Tensor.arange(1, 6).reshaped(to: [5, 1]) * 2
let net = Sequential {
    CausalAverage(); Dense(3)
}
var trainer = Trainer(net, loss: weighted, optimizer: .adam(learningRate: 0.05), metrics: [.meanAbsoluteError])
let data = try Dataset(inputs: x, targets: means)
for epoch in try trainer.fit(data, epochs: 20, batchSize: 32).epochs where epoch.epoch % 5 == 0 {
    print(epoch.epoch, epoch.training)
}
