import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// Features that layers make, and what a linear classifier reads from them.
@Suite struct LinearProbeTests {
    private static func trained(_ net: Sequential = .small, epochs: Int = 5) throws -> Trainer {
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), seed: 1)
        try trainer.fit(try blobs(100), epochs: epochs, batchSize: 20)
        return trainer
    }

    @Test func features() throws {
        let trainer = try LinearProbeTests.trained()
        let data = try blobs(50, seed: 3).shuffled(seed: 2).weighted((0..<50).map { Double($0) })
        for size in [1, 16, 100] {
            let hidden = try trainer.features(of: data, at: "0.dense", batchSize: size)
            #expect(hidden.sampleShape == [16] && hidden.elementType == .float32 && hidden.preprocessing == .identity)
            #expect((0..<50).map { hidden.label(at: $0) } == (0..<50).map { data.label(at: $0) })
            #expect(hidden.classNames == data.classNames)
            let weights = try #require(trainer.state).evaluatedVariables
            let expected = relu(
                try data.whole.inputs.only.matmul(weights["0.dense/kernel"]!) + weights["0.dense/bias"]!)
            let batch = try hidden.whole
            #expect(abs(batch.inputs.only - expected).max().item() < 1e-6)
            let factors = try data.whole.weights?.scalars
            #expect(batch.weights?.scalars == factors)
        }
        let logits = try trainer.features(of: data, at: "1.dense").whole.inputs.only
        let predicted = try trainer.predict(try data.whole.inputs.only)
        #expect(abs(logits - predicted).max().item() < 1e-6)
    }

    /// Samples are scaled as in training, and layers behave as at inference.
    @Test func scalingAndMode() throws {
        let net = Sequential {
            Dropout(0.5); Dense(4)
        }
        var training = try blobs(40)
        training.preprocessing = .standardizing(mean: 1, standardDeviation: 2)
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
        try trainer.fit(training, epochs: 1, batchSize: 20)
        let other = try blobs(10, seed: 2)
        let features = try trainer.features(of: other, at: "0.dropout").whole.inputs.only
        let expected = (try other.whole.inputs.only - 1) / 2
        #expect(abs(features - expected).max().item() < 1e-6)
    }

    /// A probe is the trainer that its documentation says.
    @Test func accuracy() throws {
        let trainer = try LinearProbeTests.trained()
        let (data, test) = (try blobs(80, deviation: 1.5, seed: 4), try blobs(200, deviation: 1.5, seed: 5))
        let probe = try LinearProbe(trainer, at: "0.dense", data, epochs: 4, batchSize: 20, seed: 6)
        #expect(probe.layer == "0.dense" && probe.history.epochs.count == 4)
        var features = try trainer.features(of: data, at: "0.dense")
        features.preprocessing = try Scaling.standardize().fitted(to: features)
        var classifier = Trainer(
            Sequential {
                Flatten(); Dense(4)
            }, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001), metrics: [.accuracy], seed: 6)
        let history = try classifier.fit(features, epochs: 4, batchSize: 20)
        #expect(probe.history.epochs.map(\.training.loss) == history.epochs.map(\.training.loss))
        let expected = try classifier.evaluate(trainer.features(of: test, at: "0.dense"))[.accuracy]
        #expect(try probe.accuracy(on: test) == expected)
        // Pure features and the samples themselves.
        let own = try LinearProbe(try trainer.features(of: data, at: "0.dense"), epochs: 4, batchSize: 20, seed: 6)
        #expect(own.layer == nil)
        #expect(try own.accuracy(on: trainer.features(of: test, at: "0.dense")) == expected)
    }

    /// Rings are no line apart; a trained layer sets them apart.
    @Test func layersSeparate() throws {
        let (training, test) = try Dataset.circles(count: 400, noise: 0.05, factor: 0.5, seed: 1).split(
            validation: 0.25, seed: 2)
        let net = Sequential {
            Dense(32, activation: .relu); Dense(2)
        }
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.02), seed: 1)
        try trainer.fit(training, epochs: 30, batchSize: 50)
        func probe(_ layer: String?) throws -> Double {
            let optimizer = Optimizer.adam(learningRate: 0.05)
            let probe =
                if let layer {
                    try LinearProbe(trainer, at: layer, training, epochs: 10, optimizer: optimizer)
                } else { try LinearProbe(training, epochs: 10, optimizer: optimizer) }
            return try probe.accuracy(on: test)
        }
        #expect(try probe(nil) < 0.7)
        #expect(try probe("0.dense") > 0.95)
    }

    @Test func errors() throws {
        let trainer = try LinearProbeTests.trained(epochs: 1)
        let data = try blobs(10)
        #expect(
            message { try trainer.features(of: data, at: "2.dense") }
                == "the model has no layer \"2.dense\"; its layers are \"0.dense\", \"1.dense\"")
        #expect(
            message { try trainer.features(of: data, at: "0.dense", batchSize: 0) }
                == "batchSize must be positive, received 0")
        #expect(
            message { try trainer.features(of: data.prefix(0), at: "0.dense") }
                == "there are no features of no samples: the data set is empty")
        let fresh = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd())
        #expect(
            message { try fresh.features(of: data, at: "0.dense") }
                == "the model has no weights yet; call fit or load first")
        let numbers = try Dataset(inputs: Tensor.ones([4, 2]), targets: Tensor.ones([4, 1]))
        #expect(
            message { try LinearProbe(numbers) }
                == "a linear probe reads classes: it needs one label a sample, but the targets are float32[1]")
        let summing = Sequential {
            Lambda("total") { $0.sum(axes: [0]) }
        }
        var whole = Trainer(summing, loss: .meanSquaredError, optimizer: .sgd())
        whole.load(Variables())
        #expect(
            message { try whole.features(of: data, at: "0.lambda") }
                == "the layer 0.lambda yields [2] for 10 samples, not one row for each")
    }
}

@Suite struct DecisionMapTests {
    @Test func places() throws {
        let places = DecisionMap.places(x: 0...3, y: -1...1, columns: 3, rows: 2)
        #expect(places.scalars == [0.5, -0.5, 1.5, -0.5, 2.5, -0.5, 0.5, 0.5, 1.5, 0.5, 2.5, 0.5])
        let map = try DecisionMap(x: 0...3, y: -1...1, columns: 3, rows: 2) { points in
            (points[0..., 0] + points[0..., 1]) .> 1.5
        }
        #expect(map.classes == [[0, 0, 1], [0, 1, 1]])
        #expect(map.x == 0...3 && map.y == -1...1)
    }

    /// A classifier whose line is known: class 1 where 2 x > y, of samples that were divided by 2.
    @Test func trainer() throws {
        let net = Sequential { Dense(2, useBias: false) }
        var weights = try net.initialized(input: [2], seed: 1)
        try weights.setValue("0.dense/kernel", Tensor([[0.0, 2], [0, -1]]))
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd())
        trainer.load(weights)
        trainer.preprocessing = Preprocessing(scale: 1, offset: 1)
        let map = try DecisionMap(trainer, x: -4...4, y: -4...4, columns: 8, rows: 8)
        for (row, line) in map.classes.enumerated() {
            for (column, answer) in line.enumerated() {
                let (x, y) = (Double(column) - 3.5 + 1, Double(row) - 3.5 + 1)
                #expect(answer == (2 * x > y ? 1 : 0))
            }
        }
        let samples = try Dataset(inputs: Tensor([[0.0, 10], [1, 20], [0.5, 15]]), labels: [0, 1, 0])
        let around = try DecisionMap(trainer, around: samples, side: 4)
        #expect(abs(around.x.lowerBound + 0.08) < 1e-9 && abs(around.y.upperBound - 20.8) < 1e-9)
        #expect(around.classes.count == 4 && around.classes[0].count == 4)
    }

    @Test func errors() throws {
        #expect(
            message { try DecisionMap(x: 0...1, y: 0...1, columns: 0) { $0[0..., 0] } }
                == "a grid needs at least one cell in each direction, received 0 and 96")
        #expect(
            message { try DecisionMap(x: 0...1, y: 0...1, columns: 2, rows: 2) { $0 } }
                == "a decision is one class a point: expected [4] for as many points, received [4, 2]")
        var trainer = Trainer(Sequential { Dense(2) }, loss: .meanSquaredError, optimizer: .sgd())
        try trainer.fit(
            try Dataset(inputs: Tensor.ones([2, 2]), targets: Tensor.ones([2, 2])), epochs: 1, batchSize: 2)
        #expect(
            message { try DecisionMap(trainer, x: 0...1, y: 0...1) }
                == "decisions are classes, but the outputs [9216, 2] with the loss Loss(MeanSquaredError()) are none; "
                + "give DecisionMap a function that decides")
        let flat = try Dataset(inputs: Tensor([[1.0, 2], [1, 3]]), labels: [0, 1])
        #expect(
            message { try DecisionMap(trainer, around: flat) }
                == "decisions are drawn over a range of each feature, but feature 0 has one value in all samples")
        #expect(
            message { try DecisionMap(trainer, around: try Dataset(inputs: Tensor.ones([2, 3]), labels: [0, 1])) }
                == "decisions are drawn over the plane: expected samples of two features, received 2 samples of float32[3], "
                + "2 classes")
    }
}
