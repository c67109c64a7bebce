import Apus

// A custom layer: no registration, shapes inferred, gradients free.
struct SkipBlock: Layer {
    var filters: Int
    func output(for x: Tensor, in context: Context) -> Tensor {
        let conv = Conv2D(filters: filters, kernelSize: 3, padding: .same, useBias: false)
        var y = relu(BatchNorm()(conv(x, in: context["conv1"]), in: context["norm1"]))
        y = BatchNorm()(conv(y, in: context["conv2"]), in: context["norm2"])
        return relu(x + y)
    }
}

let network = Sequential {
    Conv2D(filters: 8, kernelSize: 3, padding: .same)
    SkipBlock(filters: 8)
    Flatten()
    Dense(2)
}
print(try network.summary(input: [8, 8, 1]))

// Bright images and dark ones.
let brightness = Tensor((0..<128).map { Float($0 % 2) }, shape: [128, 1, 1, 1])
let images = brightness + Tensor.normal([128, 8, 8, 1], key: RandomKey(seed: 1))
let data = try Dataset(inputs: images, labels: (0..<128).map { $0 % 2 })
var trainer = Trainer(
    network, loss: .softmaxCrossEntropy, optimizer: .sgd(momentum: 0.9), metrics: [.accuracy], seed: 7)
for epoch in try trainer.fit(data, epochs: 5, batchSize: 16).epochs { print(epoch.epoch, epoch.training) }
