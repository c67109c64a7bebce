import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import ApusTrainingKit
import Testing

/// Labels and answers that a loss can't compare are found before the first step.
@Suite struct LabelTests {
    private func problem(
        _ loss: Loss, outputs: Int, labels: [Int], classNames: [String]? = nil
    ) throws -> String {
        let features = Tensor.normal([labels.count, 2], key: RandomKey(seed: 1))
        let data = try Dataset(inputs: features, labels: labels, classNames: classNames)
        var trainer = Trainer(
            Sequential { Dense(outputs) }, loss: loss, optimizer: .sgd(), metrics: [.accuracy], seed: 1)
        return message { try trainer.fit(data, epochs: 1, batchSize: 4) }
    }

    @Test(arguments: [Loss.binaryCrossEntropy, .binaryFocal(), .hinge, .squaredHinge])
    func threeClassesAreNoAnswers(_ loss: Loss) throws {
        #expect(
            try problem(loss, outputs: 1, labels: [0, 1, 2, 1])
                == "the data have 3 classes but \(loss.name) with one output a sample compares answers of yes or no, 0 and 1; "
                + "use softmaxCrossEntropy and end the model with Dense(3)")
        #expect(try problem(loss, outputs: 1, labels: [0, 1, 0, 1]) == "no error")
    }

    @Test func oneClassIsNoChoice() throws {
        for (loss, outputs) in [(Loss.softmaxCrossEntropy, 2), (.binaryCrossEntropy, 1)] {
            #expect(
                try problem(loss, outputs: outputs, labels: [0, 0, 0, 0])
                    == "the data have one class only, so \(loss.name) has nothing to tell apart; add samples of another class"
            )
            // One class of several may be all that there is in a part of the data.
            #expect(
                try problem(loss, outputs: outputs, labels: [0, 0, 0, 0], classNames: ["no", "yes"]) == "no error")
        }
        #expect(
            try problem(.softmaxCrossEntropy, outputs: 1, labels: [0, 1, 0, 1])
                .contains("the softmax of one output is always 1; end it with Dense(classes)"))
        #expect(try problem(.meanSquaredError, outputs: 1, labels: [0, 0, 2, 0]) == "no error")
    }

    @Test func answersAreBetweenNoAndYes() throws {
        func problem(_ loss: Loss, _ targets: [Float]) throws -> String {
            let features = Tensor.normal([targets.count, 2], key: RandomKey(seed: 1))
            var trainer = Trainer(Sequential { Dense(1) }, loss: loss, optimizer: .sgd(), seed: 1)
            return message {
                try trainer.fit(
                    try Dataset(inputs: features, targets: Tensor(targets)), epochs: 1, batchSize: 4)
            }
        }
        #expect(try problem(.binaryCrossEntropy, [0, 1, 0.3]) == "no error")
        #expect(try problem(.hinge, [-1, 1, -1]) == "no error")
        #expect(try problem(.meanSquaredError, [7, -3, 0]) == "no error")
        #expect(
            try problem(.binaryCrossEntropy, [0, 7, 0.3])
                == "binaryCrossEntropy with one output a sample compares answers of yes or no, 0 and 1, but a target is 7.0; "
                + "use a loss of numbers such as meanSquaredError, or scale the targets")
    }

    /// Mixed samples of two classes have shares of "yes".
    @Test(arguments: [Loss.binaryCrossEntropy, .hinge, .binaryFocal()]) func mixedAnswers(_ loss: Loss) throws {
        let labels = (0..<64).map { $0 % 2 }
        let pixels = labels.flatMap { label in (0..<16).map { Float(label) + Float($0) / 100 } }
        let data = try Dataset(inputs: Tensor(pixels, shape: [64, 4, 4, 1]), labels: labels)
        var trainer = Trainer(
            Sequential {
                Flatten(); Dense(1)
            }, loss: loss, optimizer: .adam(learningRate: 0.05), metrics: [.accuracy],
            seed: 1)
        let history = try trainer.fit(data, epochs: 20, batchSize: 16, augmentations: [.mixup(alpha: 0.2)])
        #expect(history.epochs.allSatisfy { $0.training.loss.isFinite && $0.training.loss >= 0 })
        #expect(try #require(trainer.evaluate(data)[.accuracy]) == 1)
        #expect(try #require(history.epochs.last?.training[.accuracy]) > 0.8)
    }

    @Test func singleSamplesAreNoted() throws {
        func notes(_ count: Int, _ batchSize: Int, _ model: Sequential) throws -> [String] {
            var notes: [String] = []
            var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
            try trainer.fit(try blobs(count), epochs: 1, batchSize: batchSize) { notes.append($0) }
            return notes
        }
        let note = try notes(33, 16, .lively)
        #expect(
            note.count == 1
                && note[0].hasPrefix("a batch of one sample has no variance for the batch normalization 1.batchNorm"))
        #expect(try notes(4, 1, .lively).count == 1)
        #expect(try notes(34, 16, .lively).isEmpty && notes(32, 16, .lively).isEmpty && notes(33, 16, .small).isEmpty)
    }
}
