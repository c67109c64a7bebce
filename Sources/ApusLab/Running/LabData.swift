package import Apus
import Synchronization

/// The images of the experiments: Fashion-MNIST, read once, and parts of it.
package enum LabData {
    private static let fashion = Mutex<(training: Dataset, test: Dataset)?>(nil)

    /// Fashion-MNIST, standardized: 60,000 images and 10,000.
    package static func fashionMNIST() throws -> (training: Dataset, test: Dataset) {
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

    /// Parts of Fashion-MNIST that the seed draws: training and validation of the 60,000 images, without an image in both; the test
    /// images are the first of the 10,000.
    ///
    /// - Parameter flipped: The share of the training labels that become another class, each other class as likely.
    package static func fashion(
        training: Int, validation: Int = 0, test: Int = 10_000, flipped: Double = 0, seed: UInt64
    ) throws -> (training: Dataset, validation: Dataset?, test: Dataset) {
        let data = try fashionMNIST()
        var key = RandomKey(seed: seed).child("data")
        let order = permutation(of: data.training.count, key.next())
        var part = try data.training.subset(Array(order.prefix(training)))
        if flipped > 0 { part = try self.flipped(part, share: flipped, key.next()) }
        let rest = order.dropFirst(training).prefix(validation)
        return (part, validation > 0 ? try data.training.subset(Array(rest)) : nil, data.test.prefix(test))
    }

    /// The numbers 0 to n − 1 in an order that the key draws.
    static func permutation(of n: Int, _ key: RandomKey) -> [Int] {
        let numbers = Tensor.uniform([n], key: key).scalars
        return numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }
    }

    /// Inputs, [N, …], as a network receives them or as they are stored, and labels, in the order of the samples or in that of a seed's
    /// first epoch.
    static func arrays(
        _ samples: Dataset, inOrderOf seed: UInt64? = nil, isScaled: Bool = true
    ) throws -> (inputs: Tensor, labels: [Int]) {
        var arrays: (inputs: Tensor, labels: [Int]) = (.zeros([0]), [])
        let batches = samples.batches(of: samples.count, epoch: 0, seed: seed ?? 0, shuffled: seed != nil)
        for batch in batches {
            let inputs = batch.inputs.only
            arrays = (isScaled ? samples.preprocessing(inputs) : inputs, batch.targets.only.scalars.map { Int($0) })
        }
        try batches.checkFailure()
        return arrays
    }

    /// The samples with a share of their labels changed to another class.
    static func flipped(_ samples: Dataset, share: Double, _ key: RandomKey) throws -> Dataset {
        let draws = Tensor.uniform([2, samples.count], key: key).scalars.map(Double.init)
        return try relabelled(samples) { labels in
            for index in labels.indices where draws[index] < share {
                let other = Int(draws[labels.count + index] * Double(samples.classCount - 1))
                labels[index] = (labels[index] + 1 + min(other, samples.classCount - 2)) % samples.classCount
            }
        }
    }

    /// The samples with other labels; they are stored and scaled as before, in their order or in that of a seed's first epoch.
    static func relabelled(
        _ samples: Dataset, inOrderOf seed: UInt64? = nil, _ change: (inout [Int]) -> Void
    ) throws -> Dataset {
        var (inputs, labels) = try arrays(samples, inOrderOf: seed, isScaled: false)
        change(&labels)
        return try Dataset(
            inputs: inputs, labels: labels, classNames: samples.classNames, preprocessing: samples.preprocessing)
    }

    /// The share of samples that a network of ten classes gets right.
    static func accuracy(_ net: Sequential, _ weights: Variables, on samples: Dataset) throws -> Double {
        try measured(net, weights, on: samples).accuracy
    }

    /// The loss of a network of ten classes, and the share of samples that it gets right.
    static func measured(
        _ net: Sequential, _ weights: Variables, on samples: Dataset
    ) throws -> (loss: Double, accuracy: Double) {
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        trainer.load(weights)
        let found = try trainer.evaluate(samples)
        return (found.loss, found[.accuracy] ?? .nan)
    }
}
