import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// Labels that a model gives to what it is sure of.
@Suite struct PseudoLabelTests {
    @Test func whatIsSure() throws {
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.02), seed: 1)
        try trainer.fit(try blobs(100), epochs: 3, batchSize: 20)
        // The targets of others do not matter.
        let others = try Dataset(inputs: try blobs(300, deviation: 1.2, seed: 2).whole.inputs.only).shuffled(seed: 3)
        let inputs = try #require(
            Array(others.batches(of: 300, epoch: 0, seed: 0, shuffled: false)).first
        ).inputs.only
        let probabilities = softmax(try trainer.predict(inputs))
        let (answers, greatest) = (probabilities.argmax().scalars(as: Int.self), probabilities.max(axes: [1]).scalars)
        for (confidence, size) in [(0.0, 256), (0.9, 7), (0.99, 300)] {
            let sure = try trainer.pseudoLabelled(others, confidence: confidence, batchSize: size)
            let places = answers.indices.filter { Double(greatest[$0]) >= confidence }
            #expect(sure.count == places.count && sure.classNames == ["0", "1", "2", "3"])
            #expect(sure.count > 0 && (confidence == 0) == (sure.count == 300))
            for (index, place) in places.enumerated() {
                #expect(sure.label(at: index) == answers[place])
                #expect(sure.features(at: index).scalars == others.features(at: place).scalars)
            }
        }
        #expect(try trainer.pseudoLabelled(others, confidence: 1.1).isEmpty)
    }

    /// One output a sample, and the names of the classes that were trained on.
    @Test func yesOrNo() throws {
        let data = try Dataset(
            inputs: Tensor([[-3.0], [-2], [2], [3]]), labels: [0, 0, 1, 1], classNames: ["cold", "warm"])
        var trainer = Trainer(
            Sequential { Dense(1) }, loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 1), seed: 1)
        try trainer.fit(data, epochs: 50, batchSize: 4)
        let sure = try trainer.pseudoLabelled(try Dataset(inputs: Tensor([[5.0], [0.01], [-5]])), confidence: 0.9)
        #expect(sure.classNames == ["cold", "warm"])
        #expect((0..<sure.count).map { sure.label(at: $0) } == [1, 0])
    }

    @Test func errors() throws {
        let data = try Dataset(inputs: Tensor([[1.0], [2]]), targets: Tensor([[1.0], [2]]))
        var trainer = Trainer(Sequential { Dense(1) }, loss: .meanSquaredError, optimizer: .sgd())
        #expect(
            message { try trainer.pseudoLabelled(data) } == "the model has no weights yet; call fit or load first")
        try trainer.fit(data, epochs: 1, batchSize: 2)
        #expect(
            message { try trainer.pseudoLabelled(data) }
                == "pseudo-labels are classes, but the outputs [2, 1] with the loss Loss(MeanSquaredError()) are none")
        #expect(
            message { try trainer.pseudoLabelled(data, batchSize: 0) } == "batchSize must be positive, received 0")
    }
}
