import Apus
import Foundation

// Training, with data held back, early stopping and checkpoints. EPOCHS=1 makes it short.
let epochs = Int(ProcessInfo.processInfo.environment["EPOCHS"] ?? "") ?? 10
let data = try FashionMNIST.load()
let (training, validation) = try data.training.split(validation: 0.1, stratified: true, seed: 7)
var trainer = Trainer(
    Sequential.lenet5(), loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 1e-3), metrics: [.accuracy], seed: 7
)
let history = try trainer.fit(
    training, validation: validation, epochs: epochs, batchSize: 128,
    callbacks: [.earlyStopping(patience: 3), .checkpoint("runs/lenet")])
for epoch in history.epochs { print(epoch) }
print(try trainer.evaluate(data.test))
