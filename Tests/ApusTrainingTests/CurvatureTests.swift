import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTrainingKit
import Testing

/// How a loss bends, against losses whose second derivatives are known.
@Suite struct CurvatureTests {
    /// Targets that a line through 0 gives, and noise.
    private static func line(_ count: Int = 96, noise: Double = 1) throws -> (data: Dataset, inputs: Tensor) {
        let inputs = Tensor.normal([count, 3], key: RandomKey(seed: 1)) * Tensor([3.0, 1, 0.2])
        let targets = inputs.matmul(Tensor([[1.0], [-2], [3]]))
        let errors = Tensor.normal([count, 1], standardDeviation: noise, key: RandomKey(seed: 2))
        return (try Dataset(inputs: inputs, targets: targets + errors), inputs)
    }

    private static func fitted(
        _ data: Dataset, _ net: Sequential = Sequential { Dense(1, useBias: false) }, optimizer: Optimizer = .sgd(),
        epochs: Int = 0
    ) throws -> Trainer {
        var trainer = Trainer(net, loss: .meanSquaredError, optimizer: optimizer, seed: 3)
        try trainer.prepare(inputs: data.signature)
        try trainer.fit(data, epochs: epochs, batchSize: data.count)
        return trainer
    }

    /// Of linear regression H = 2 XᵀX / N, whatever the weights are.
    @Test(arguments: [96, 32, 12]) func linearRegression(batchSize: Int) throws {
        let (data, inputs) = try Self.line()
        let hessian = inputs.transposed().matmul(inputs) * (2.0 / 96)
        let values = hessian.eigh().values.scalars
        let trainer = try Self.fitted(data)
        let curvature = try trainer.curvature(on: data, batchSize: batchSize)
        #expect(abs(curvature.greatest / Double(values[2]) - 1) < 1e-4)
        #expect(abs(curvature.least / Double(values[0]) - 1) < 1e-2)
        let weights = try #require(trainer.state).variables["0.dense/kernel"]!
        let slope = gradient(at: weights) { square(inputs.matmul($0) - data.targets(inputs)).mean() }
        let along = (slope * hessian.matmul(slope)).sum() / square(slope).sum()
        #expect(abs(curvature.alongGradient / Double(along.item()) - 1) < 1e-4)
        #expect(abs(curvature.gradientNorm / Double(square(slope).sum().item()).squareRoot() - 1) < 1e-4)
        #expect(abs(curvature.loss / (try trainer.evaluate(data).loss) - 1) < 1e-5)
        // There are three directions, and the gradient's.
        #expect(curvature.products <= 5)
        #expect((curvature.noiseScale == nil) == (batchSize == 96))
    }

    /// Plain gradient descent settles just below the greatest stable rate, and leaves the valley just above it.
    @Test(arguments: [0, 0.5]) func stableRate(momentum: Double) throws {
        let (data, _) = try Self.line()
        let rate = try #require(try Self.fitted(data).curvature(on: data).greatestStableRate(momentum: momentum))
        func loss(_ factor: Double) throws -> Double {
            let optimizer = Optimizer.sgd(learningRate: rate * factor, momentum: momentum)
            return try Self.fitted(data, optimizer: optimizer, epochs: 100).evaluate(data).loss
        }
        #expect(try loss(0.97) < 10)
        #expect(try loss(1.03) > 100)
    }

    /// Where all batches are equal nothing is chance; where targets are, the noise is as great as formulas say.
    @Test func noise() throws {
        let (data, inputs) = try Self.line(32)
        let twice = try Dataset(
            inputs: .concatenated([inputs, inputs], axis: 0),
            targets: .concatenated([data.targets(inputs), data.targets(inputs)], axis: 0))
        let same = try Self.fitted(twice).curvature(on: twice, batchSize: 32)
        #expect(try #require(same.noiseScale) < 1e-4)

        let (many, all) = try Self.line(4096, noise: 4)
        let trainer = try Self.fitted(many)
        let weights = try #require(trainer.state).variables["0.dense/kernel"]!
        let errors = all.matmul(weights) - many.targets(all)
        // The gradient of one sample: 2 (x w - y) x.
        let each = errors * all * 2.0
        let mean = each.mean(axes: [0], keepingAxes: true)
        let expected = (square(each - mean).sum() / 4096 / square(mean).sum()).item()
        let found = try #require(try trainer.curvature(on: many, batchSize: 16, batches: 256, products: 1).noiseScale)
        #expect(abs(found / Double(expected) - 1) < 0.15, "\(found), \(expected)")
    }

    /// What the function of tensors says of the same network; and differences of gradients.
    @Test func productsOfVariables() throws {
        let net = Sequential {
            Dense(6, activation: .tanh); BatchNorm(); Dense(4)
        }
        let data = try blobs(32)
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), seed: 3)
        try trainer.fit(data, epochs: 3, batchSize: 32)
        let weights = try #require(trainer.state).variables
        let batch = try data.whole
        let loss = { (weights: Variables) in
            Loss.softmaxCrossEntropy(
                net.applied(to: batch.inputs, with: weights, mode: .training).outputs.only, batch.targets.only)
        }
        let slopes = gradient(at: weights, of: loss)
        func dot(_ a: Variables, _ b: Variables) -> Double {
            a.paths.reduce(0) { $0 + Double((a[$1]! * b[$1]!).sum().item()) }
        }
        let products = hessianVectorProduct(at: weights, along: slopes, of: loss)
        #expect(products.paths == weights.trainable.paths)
        let curvature = try trainer.curvature(on: data, batchSize: 32)
        #expect(abs(curvature.alongGradient / (dot(slopes, products) / dot(slopes, slopes)) - 1) < 1e-3)
        let step = 1e-2 / dot(slopes, slopes).squareRoot()
        func moved(_ sign: Double) -> Variables {
            let point = weights.mapValues { path, value in slopes[path].map { value + $0 * (sign * step) } ?? value }
            return gradient(at: point, of: loss)
        }
        let (forward, backward) = (moved(1), moved(-1))
        for path in products.paths {
            let difference = (forward[path]! - backward[path]!) / (2 * step)
            let (error, scale): (Float, Float) = (
                abs(products[path]! - difference).max().item(), abs(difference).max().item()
            )
            #expect(error < 0.01 * scale + 1e-3, "\(path)")
        }
    }

    /// A recurrent layer's gradient can't be differentiated again: differences take its place. Over one step it is a dense layer.
    @Test func loopsOverSequences() throws {
        let points = try blobs(64)
        let steps = try Dataset(
            inputs: try points.whole.inputs.only.reshaped(to: [64, 1, 2]), labels: (0..<64).map { $0 % 4 })
        func curvature(_ first: some Layer, _ data: Dataset) throws -> LossCurvature {
            var trainer = Trainer(
                Sequential {
                    first; Dense(4)
                }, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), seed: 3)
            try trainer.prepare(inputs: data.signature)
            trainer.load(
                try #require(trainer.state).variables.mapValues { path, value in
                    path.hasSuffix("kernel")
                        ? Tensor.normal(
                            value.shape, standardDeviation: 0.5, key: RandomKey(seed: path.hasPrefix("1") ? 5 : 6))
                        : value
                })
            return try trainer.curvature(on: data, products: 20)
        }
        let dense = try curvature(Dense(6, activation: .tanh), points)
        let recurrent = try curvature(SimpleRNN(6), steps)
        #expect(abs(recurrent.loss / dense.loss - 1) < 1e-5)
        #expect(abs(recurrent.greatest / dense.greatest - 1) < 0.01, "\(recurrent), \(dense)")
        #expect(abs(recurrent.alongGradient / dense.alongGradient - 1) < 0.01)
    }

    /// Of convolutions, pooling, normalization and dropout: products against differences of gradients, which the same network in a loop
    /// would take; and what is asked twice is answered alike.
    @Test func aNetworkWithEverything() throws {
        let pixels = Tensor.normal([32, 8, 8, 1], key: RandomKey(seed: 4))
        let data = try Dataset(inputs: pixels, labels: (0..<32).map { $0 % 4 })
        let net = Sequential {
            Conv2D(filters: 4, kernelSize: 3, activation: .tanh)
            BatchNorm()
            AveragePool2D(2)
            Conv2D(filters: 4, kernelSize: 2)
            LayerNorm()
            Flatten()
            Dropout(0.2)
            Dense(4)
        }
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.05), seed: 3)
        try trainer.fit(data, epochs: 2, batchSize: 16)
        let before = try #require(trainer.state).numbers
        let curvature = try trainer.curvature(on: data, batchSize: 16)
        #expect(curvature.greatest > 0 && curvature.greatest >= curvature.alongGradient)
        #expect(curvature.least <= curvature.alongGradient)
        #expect(try trainer.curvature(on: data, batchSize: 16) == curvature)
        #expect(try #require(trainer.state).numbers == before)
        // A short step against the gradient lowers the loss as slope and bend say.
        let more = try trainer.curvature(on: data, batchSize: 16, products: 40)
        #expect(more.greatest >= curvature.greatest - 1e-3 && more.least <= curvature.least + 1e-3)
    }

    @Test func messages() throws {
        let (data, _) = try Self.line()
        let trainer = try Self.fitted(data)
        func message(_ body: () throws -> LossCurvature) -> String {
            do { return "\(try body())" } catch { return "\(error)" }
        }
        #expect(
            message { try trainer.curvature(on: data, batchSize: 97) }
                == "the curvature is measured on whole batches of 97, but there are 96 samples")
        #expect(message { try trainer.curvature(on: data, products: 0) } == "products must be positive, received 0")
        let fresh = Trainer(Sequential { Dense(1) }, loss: .meanSquaredError, optimizer: .sgd())
        #expect(message { try fresh.curvature(on: data) } == "the model has no weights yet; call fit or load first")
        let still = try Self.fitted(data, optimizer: .sgd().freezing("*"))
        #expect(
            message { try still.curvature(on: data) } == "no weight of the model is trained, so the loss does not bend")
    }
}

extension Dataset {
    /// The targets of all samples, which are those of these inputs.
    fileprivate func targets(_ inputs: Tensor) -> Tensor { (try? whole.targets.only) ?? inputs }
}
