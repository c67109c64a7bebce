import ApusData
import ApusFixtures
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Testing

/// LeNet-5 in full size against PyTorch: the fused step with all its kernels.
@Suite struct LeNetTests {
    private let item: FixtureCase
    private let model = Sequential.lenet5()
    /// Paths here, names there.
    private let names: [String: String]
    private let start: Variables
    private let batch: Batch

    init() throws {
        item = try #require(try FixtureCase.all("lenet5").first)
        let layers = [
            "0.conv2D": "conv1", "2.conv2D": "conv2", "5.dense": "dense1", "6.dense": "dense2", "7.dense": "dense3",
        ]
        names = Dictionary(
            uniqueKeysWithValues: layers.flatMap { layer, name in
                ["kernel", "bias"].map { ("\(layer)/\($0)", "\(name)/\($0)") }
            })
        var start = try model.initialized(input: [28, 28, 1], seed: 1)
        for path in start.paths { try start.setValue(path, item["start/\(names[path]!)"]) }
        self.start = start
        batch = Batch(inputs: try item["images"], targets: try item["labels"])
    }

    @Test func logits() throws {
        var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
        trainer.load(start)
        try expectClose(trainer.predict(item["images"]), item["logits"], .network, "logits")
    }

    @Test func gradients() throws {
        // With momentum and the rate 1, the first velocity is the negative gradient.
        let optimizer = Optimizer.sgd(learningRate: 1, momentum: 0.9)
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = TrainingState(start, optimizer: optimizer, seed: 1)
        let loss = try step(&state, batch).loss
        #expect(abs(loss - Double(try item["loss"].item())) <= 2e-6 * loss)
        let slots = Dictionary(uniqueKeysWithValues: state.slots.map { ($0.path, $0.value) })
        for (path, name) in names {
            try expectClose(-slots["\(path)/momentum"]!, item["gradient/\(name)"], .network, "gradient of \(name)")
        }
    }

    @Test func threeSteps() throws {
        let optimizer = Optimizer.sgd(learningRate: 0.05, momentum: 0.9)
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = TrainingState(start, optimizer: optimizer, seed: 1)
        let losses = try item["losses"].scalars
        for index in 0..<3 {
            let loss = try step(&state, batch).loss
            #expect(abs(loss - Double(losses[index])) <= 2e-6 * loss)
        }
        let variables = state.variables
        for (path, name) in names {
            try expectClose(variables[path]!, item["after/\(name)"], .network, name)
            // The fixture's own measure: each tensor within 2e-6 in relative norm.
            let (difference, norm) = (variables[path]! - (try item["after/\(name)"]), try item["after/\(name)"])
            let error = (square(difference).sum() / square(norm).sum()).item(as: Double.self).squareRoot()
            #expect(error <= 2e-6, "\(name): \(error)")
        }
    }
}
