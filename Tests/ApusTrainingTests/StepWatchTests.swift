import Apus
import Foundation
import Testing

/// Steps that are watched: what they note, and that they change nothing.
@Suite struct StepWatchTests {
    private func batches(_ shape: [Int], classes: Int, count: Int = 24) throws -> [Batch] {
        let inputs = Tensor.normal(Shape([count] + shape), key: RandomKey(seed: 5))
        let labels = (0..<count).map { $0 % classes }
        return Array(try Dataset(inputs: inputs, labels: labels).batches(of: 8, epoch: 0, seed: 3))
    }

    private static let networks: [(name: String, shape: [Int], layers: Sequential)] = [
        (
            "dense", [12],
            Sequential {
                Dense(16, activation: .relu); Dense(8, activation: .tanh); Dense(3)
            }
        ),
        (
            "dropout", [12],
            Sequential {
                Dense(64, activation: .relu, kernelRegularizer: .l2(0.01)); Dropout(0.5); Dense(3)
            }
        ),
        (
            "lanes", [28, 28, 1],
            Sequential {
                Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu); MaxPool2D(2)
                Conv2D(filters: 16, kernelSize: 5, activation: .relu); MaxPool2D(2)
                Flatten(); Dense(120, activation: .relu); Dense(84, activation: .relu); Dense(3)
            }
        ),
        (
            "residual", [8, 8, 3],
            Sequential {
                Conv2D(filters: 32, kernelSize: 3, padding: .same, useBias: false); BatchNorm(); ActivationLayer(.relu)
                Residual {
                    Conv2D(filters: 32, kernelSize: 3, padding: .same, useBias: false); BatchNorm();
                    ActivationLayer(.relu)
                }
                GlobalAveragePool(); Dense(3)
            }
        ),
    ]
    private static let optimizers: [Optimizer] = [
        .sgd(learningRate: 0.1), .sgd(learningRate: 0.1, momentum: 0.9), .adam(learningRate: 0.01),
        .adam(learningRate: 0.01).clippingGradients(.globalNorm(0.5)),
    ]

    /// Every weight and slot is the same, bit for bit, whether steps are watched or not.
    @Test(arguments: networks.indices, optimizers.indices) func watchingChangesNothing(_ network: Int, _ optimizer: Int)
        throws
    {
        let (name, shape, layers) = StepWatchTests.networks[network]
        let optimizer = StepWatchTests.optimizers[optimizer]
        func trained(watchEvery: Int?) throws -> ([UInt32], Int) {
            let step = try TrainingStep(
                layers, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], watchEvery: watchEvery)
            var state = try step.initialState(input: Shape(shape), seed: 7)
            var seen = 0
            for batch in try batches(shape, classes: 3) {
                if try step(&state, batch).observation != nil { seen += 1 }
            }
            let variables = state.variables
            return (variables.paths.flatMap { variables[$0]!.scalars.map(\.bitPattern) }, seen)
        }
        let (plain, none) = try trained(watchEvery: nil)
        let (watched, all) = try trained(watchEvery: 1)
        let (some, two) = try trained(watchEvery: 2)
        #expect(none == 0 && all == 3 && two == 2)
        let (sameAlways, sameSometimes) = (plain == watched, plain == some)
        #expect(sameAlways && sameSometimes, "\(name)")
    }

    /// The numbers of one step, computed by hand from states and gradients.
    @Test func theNumbersOfAStep() throws {
        let net = Sequential {
            Dense(5, activation: .relu); Dense(3, activation: .tanh); Dense(2)
        }
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.5), watchEvery: 1)
        var state = try step.initialState(input: [4], seed: 7)
        let before = state
        let batch = try #require(try batches([4], classes: 2).first)
        let gradients = try { () throws in
            var copy = before
            return try step.gradients(&copy, batch)
        }()
        let result = try step(&state, batch)
        let seen = try #require(result.observation)
        #expect(seen.step == 1 && seen.loss == result.loss)
        #expect(seen.variables.map(\.path) == gradients.values.map(\.path))
        func size(_ values: [Float]) -> Double {
            (values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
        }
        func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * max(abs(a), abs(b)) }
        var slope = 0.0
        for (variable, gradient) in zip(seen.variables, gradients.values) {
            let (old, new) = (before.variables[variable.path]!.scalars, state.variables[variable.path]!.scalars)
            let update = zip(new, old).map { $0 - $1 }
            #expect(isNear(variable.weight, size(old)) && isNear(variable.gradient, size(gradient.value.scalars)))
            #expect(abs(variable.update - size(update)) < 1e-4 * variable.update)
            slope += zip(gradient.value.scalars, update).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        #expect(abs(seen.slope - slope) < 1e-4 * abs(slope) && slope < 0)
        // The loss after it is that of the next step on the same batch.
        var next = state
        #expect(isNear(seen.lossAfter, try step(&next, batch).loss))
        #expect(isNear(seen.bend, (seen.lossAfter - seen.loss - seen.slope) / abs(seen.slope)))
        // Layers, after the step.
        #expect(seen.layers.map(\.path) == ["0.dense", "1.dense", "2.dense"])
        let hidden = Sequential { Dense(5, activation: .relu) }
        var weights = try hidden.initialized(input: [4], seed: 0)
        for path in weights.paths { try weights.setValue(path, #require(state.variables[path])) }
        let outputs = try hidden(batch.inputs.only, weights).evaluated()
        let numbers = outputs.scalars
        #expect(isNear(seen.layers[0].output, size(numbers)))
        #expect(seen.layers[0].zeroShare == Double(numbers.count { $0 == 0 }) / Double(numbers.count))
        let dead = (0..<5).count { unit in stride(from: unit, to: numbers.count, by: 5).allSatisfy { numbers[$0] == 0 }
        }
        #expect(seen.layers[0].deadShare == Double(dead) / 5)
        #expect(seen.layers[0].saturatedShare == 0 && seen.layers[2].saturatedShare == 0)
    }

    @Test func saturationAndDeath() throws {
        let net = Sequential {
            Dense(4, activation: .tanh, kernelInitializer: .constant(50))
            Dense(4, activation: .relu, kernelInitializer: .constant(-50), biasInitializer: .constant(-500))
            Dense(2)
        }
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), watchEvery: 1)
        var state = try step.initialState(input: [4], seed: 7)
        let batch = try #require(try batches([4], classes: 2).first)
        let seen = try #require(try step(&state, batch).observation)
        #expect(seen.layers[0].saturatedShare == 1)
        #expect(seen.layers[1].deadShare == 1 && seen.layers[1].zeroShare == 1)
        // Nothing reaches the first layer.
        #expect(seen.variables.first { $0.path == "0.dense/kernel" }?.gradient == 0)
    }

    @Test func theLog() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-watch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let net = Sequential {
            Dense(5, activation: .relu); Dense(2)
        }
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam())
        var events: [Int] = []
        try trainer.fit(
            Dataset.moons(seed: 1), epochs: 3, batchSize: 50, callbacks: [.watch("\(folder)/watch.jsonl", every: 4)]
        ) { event, _ in
            if case .observed(let observation) = event { events.append(observation.step) }
        }
        let steps = 3 * ((Dataset.moons(seed: 1).count + 49) / 50)
        #expect(events == Array(stride(from: 1, through: steps, by: 4)))
        let lines = try String(contentsOfFile: "\(folder)/watch.jsonl", encoding: .utf8).split(separator: "\n")
        let read = try lines.map { try JSONDecoder().decode(StepObservation.self, from: Data($0.utf8)) }
        #expect(read.map(\.step) == events)
    }

    @Test func whatCantBe() throws {
        let net = Sequential { Dense(2) }
        #expect(throws: TrainingError("watchEvery must be at least 1, received 0")) {
            _ = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .adam(), watchEvery: 0)
        }
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam())
        #expect(throws: TrainingError("watch needs every of at least 1, received 0")) {
            try trainer.fit(
                Dataset.moons(seed: 1), epochs: 1, batchSize: 50, callbacks: [.watch("./x.jsonl", every: 0)])
        }
    }
}
