import Apus
import ApusTrainingKit
import Testing

@Suite struct TrainedModelTests {
    private func trainer(_ loss: Loss) -> Trainer {
        Trainer(
            Sequential {
                Dense(8, activation: .relu)
                Dense(2)
            }, loss: loss, optimizer: .adam(learningRate: 0.01), seed: 1)
    }

    /// What a trainer gives away predicts what the trainer predicts, of samples as they are stored.
    @Test func trainersGiveModels() throws {
        let features = Tensor((0..<32).map { Float($0 % 7) }, shape: [16, 2])
        let data = try Dataset(
            inputs: features, labels: (0..<16).map { $0 % 2 }, classNames: ["even", "odd"],
            preprocessing: Preprocessing(scale: 0.25, offset: -1))
        var trainer = trainer(.softmaxCrossEntropy)
        try trainer.fit(data, epochs: 2, batchSize: 4)
        let model = try trainer.trained()
        #expect(model.inputShape == [2])
        #expect(model.classNames == ["even", "odd"])
        #expect(model.meaning == .classes(areProbabilities: false))
        let expected = try trainer.predict(features).scalars
        #expect(try model(features).scalars == expected)
        #expect(try model.predict(features)[0].classes.map(\.name).sorted() == ["even", "odd"])
        #expect(try trainer.trained(classNames: ["a", "b"]).classNames == ["a", "b"])
        // The model is a value: training on leaves it alone.
        try trainer.fit(data, epochs: 1, batchSize: 4)
        #expect(try model(features).scalars == expected)
        #expect(try trainer.trained()(features).scalars != expected)
    }

    /// What training learned of the scale of samples belongs to the model: predictions and measurements use it unless told otherwise.
    @Test func preprocessingBelongsToTheModel() throws {
        let features = Tensor((0..<32).map { Float($0 % 7) }, shape: [16, 2])
        let learned = Preprocessing(scale: 0.25, offset: -1)
        let labels = (0..<16).map { $0 % 2 }
        let data = try Dataset(inputs: features, labels: labels, preprocessing: learned)
        let plain = try Dataset(inputs: features, labels: labels)
        var trainer = trainer(.softmaxCrossEntropy)
        #expect(trainer.preprocessing == nil)
        try trainer.fit(data, validation: plain, epochs: 2, batchSize: 4)
        #expect(trainer.preprocessing == learned)
        let outputs = try trainer.predict(features).scalars
        #expect(try trainer.predict(features, preprocessing: learned).scalars == outputs)
        #expect(try trainer.predict(learned(features), preprocessing: .identity).scalars == outputs)
        #expect(try trainer.predict(features, preprocessing: .identity).scalars != outputs)
        let measured = try trainer.evaluate(data)
        #expect(try trainer.evaluate(plain) == measured)
        trainer.preprocessing = .identity
        #expect(try trainer.evaluate(plain) != measured)
    }

    @Test func whatTheTrainerDoesNotKnow() throws {
        var trainer = trainer(.meanSquaredError)
        #expect(throws: TrainingError.self) { try trainer.trained() }
        #expect(throws: TrainingError.self) {
            try trainer.trained(input: [2], preprocessing: .identity, classNames: [])
        }
        try trainer.prepare(input: [2])
        #expect(throws: TrainingError.self) { try trainer.trained() }
        let model = try trainer.trained(input: [2], preprocessing: .identity, classNames: [])
        #expect(model.meaning == .numbers)
    }

    /// Labels without an output are refused before the first step, where the loss compares outputs with labels.
    @Test(arguments: [Loss.softmaxCrossEntropy, .focal()]) func labelsWithoutOutputs(_ loss: Loss) throws {
        let data = try Dataset(inputs: Tensor.zeros([3, 2]), labels: [0, 1, 2])
        var trainer = trainer(loss)
        let error = try #require(throws: TrainingError.self) { try trainer.fit(data, epochs: 1, batchSize: 3) }
        #expect(
            "\(error)" == "the data have 3 classes but the model yields 2 outputs; end it with Dense(3)")
    }

    /// Other losses are left to their own checks.
    @Test(arguments: [Loss.klDivergence, .categoricalHinge, .meanSquaredError])
    func otherLossesSayItThemselves(_ loss: Loss) throws {
        let data = try Dataset(inputs: Tensor.zeros([3, 2]), labels: [0, 1, 2])
        var trainer = trainer(loss)
        #expect(throws: GraphError.self) { try trainer.fit(data, epochs: 1, batchSize: 3) }
    }
}
