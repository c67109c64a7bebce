import Apus
import Foundation

// A variational autoencoder (Kingma & Welling 2014) of clothes: two outputs in one loss, noise from the layer's key. EPOCHS=1 makes it
// short.
struct VAE: Layer {
    var code = 8

    func output(for x: Tensor, in context: Context) -> Tensor {
        let hidden = Dense(256, activation: .relu)(x.reshaped(to: [x.shape[0], -1]), in: context["encoder"])
        let (mean, logVariance) = (
            Dense(code)(hidden, in: context["mean"]), Dense(code)(hidden, in: context["variance"])
        )
        // KL divergence from the normal distribution, in nats for each image.
        let divergence = (square(mean) + exp(logVariance) - logVariance - 1).sum(axes: [1]) * 0.5
        context.addLoss(divergence.mean() / 784)
        let noise = context.mode == .training ? Tensor.normal(mean.shape, key: context.key) : .zeros(mean.shape)
        return decoded(mean + exp(logVariance * 0.5) * noise, in: context).reshaped(to: x.shape)
    }

    func decoded(_ code: Tensor, in context: Context) -> Tensor {
        Dense(784)(Dense(256, activation: .relu)(code, in: context["decoder"]), in: context["pixels"])
    }
}

let epochs = Int(ProcessInfo.processInfo.environment["EPOCHS"] ?? "") ?? 10
let data = try FashionMNIST.load()
var images = data.training
images.preprocessing = .unitRange
var trainer = Trainer(VAE(), loss: .binaryCrossEntropy, target: .input, optimizer: .adam(learningRate: 1e-3), seed: 7)
for epoch in try trainer.fit(images, epochs: epochs, batchSize: 128).epochs {
    // As usual in nats for an image: the sum over its pixels.
    print(epoch.epoch, "nats", epoch.training.loss * 784)
}
print("test nats", try trainer.evaluate(data.test).loss * 784)
