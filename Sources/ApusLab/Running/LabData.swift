import Apus
import Synchronization

/// The data of the experiments, read once.
enum LabData {
    private static let fashion = Mutex<(training: Dataset, test: Dataset)?>(nil)

    /// Fashion-MNIST, standardized: 60,000 images and 10,000.
    static func fashionMNIST() throws -> (training: Dataset, test: Dataset) {
        try fashion.withLock { known in
            if let known { return known }
            do {
                let data = try FashionMNIST.load()
                known = data
                return data
            } catch let error as DatasetError {
                throw LabError(
                    "this experiment needs Fashion-MNIST; install it with: apt-get install dataset-fashion-mnist. \(error)",
                    .missing)
            }
        }
    }

    /// The share of samples that a network of ten classes gets right.
    static func accuracy(_ net: Sequential, _ weights: Variables, on samples: Dataset) throws -> Double {
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        trainer.load(weights)
        return try trainer.evaluate(samples)[.accuracy] ?? .nan
    }
}
