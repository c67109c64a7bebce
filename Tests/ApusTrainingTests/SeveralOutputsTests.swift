import ApusBackend
import ApusData
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import Testing

/// Models with several inputs and outputs.
@Suite struct SeveralOutputsTests {
    /// Two inputs that share weights, and two outputs.
    struct TwoTowers: Model {
        var tower = Sequential {
            Dense(16, activation: .relu); Dense(4)
        }

        func outputs(for inputs: Values, in context: Context) -> Values {
            let shared = context.shared("tower")
            let (a, b) = (tower(inputs["left"], in: shared), tower(inputs["right"], in: shared))
            return ["distance": square(a - b).sum(axes: [1]), "class": Dense(3)(a, in: context["head"])]
        }
    }

    private let contrastive = Loss("contrastive") { distance, isSame in
        isSame * distance + (1 - isSame) * square(relu(1 - sqrt(distance + 1e-6)))
    }

    /// Three kinds of points; pairs are the same where their kinds are.
    private func pairs(_ count: Int = 96) throws -> Dataset {
        let kinds = (0..<count).map { $0 % 3 }
        let others = (0..<count).map { ($0 / 3) % 3 }
        let centers = Tensor([[2.0, 0], [-1, 2], [-1, -2]])
        func points(_ kinds: [Int], _ seed: UInt64) -> Tensor {
            centers.gathered(Tensor(kinds))
                + Tensor.normal([count, 2], standardDeviation: 0.4, key: RandomKey(seed: seed))
        }
        return try Dataset(
            inputs: ["left": points(kinds, 1), "right": points(others, 2)],
            targets: [
                "distance": Tensor(zip(kinds, others).map { $0 == $1 ? Float(1) : 0 }),
                "class": Tensor(kinds, type: .int32),
            ])
    }

    private func trainer(_ device: Device = .cpu) -> Trainer {
        Trainer(
            TwoTowers(), losses: ["distance": contrastive, "class": .softmaxCrossEntropy.weighted(0.5)],
            optimizer: .adam(learningRate: 0.02), metrics: ["class": [.accuracy]], device: device, seed: 3)
    }

    @Test func twoTowersTrain() throws {
        let data = try pairs()
        var trainer = trainer()
        let history = try trainer.fit(data, validation: data, epochs: 15, batchSize: 32)
        let (first, last) = (history.epochs[0].training, history.epochs[14].training)
        #expect(first.names == ["loss", "distance.loss", "class.loss", "class.accuracy"])
        #expect(last.loss < 0.3 * first.loss)
        #expect(last["class", .accuracy] ?? 0 > 0.95)
        let result = try trainer.evaluate(data)
        #expect(abs(result.loss - (result["distance.loss"] ?? 0) - (result["class.loss"] ?? 0)) < 1e-6)
        #expect(history.epochs[14].value("validation.class.accuracy") == result["class", .accuracy])
        // One tower has one set of weights.
        let variables = try #require(trainer.state).variables
        #expect(
            variables.paths == ["tower/0.dense", "tower/1.dense", "head"].flatMap { ["\($0)/kernel", "\($0)/bias"] })
        let answers = try trainer.predict(["left": Tensor([[2.0, 0]]), "right": Tensor([[2.0, 0.1]])])
        #expect(answers.names == ["distance", "class"])
        #expect(answers["class"].argmax().scalars == [0])
        #expect(answers["distance"].item() < 0.1)
        // Without the trainer.
        let trained = try trainer.trained()
        #expect(trained.inputs.names == ["left", "right"])
        #expect(
            trained.details.outputs == [
                .init("distance", meaning: .numbers),
                .init("class", classNames: data.classNames(of: "class"), meaning: .classes(areProbabilities: false)),
            ])
        let alone = try trained(["left": Tensor([[2.0, 0]]), "right": Tensor([[2.0, 0.1]])])
        #expect(alone["class"].scalars == answers["class"].scalars)
        #expect(
            message { try trained.write(to: "towers.safetensors") }.contains(
                "files know models that are Codable and registered, try ModelKinds.register(TwoTowers.self)"))
    }

    /// The same by hand: no trainer, no step, no objective.
    @Test func theLossIsTheSumOfItsTerms() throws {
        let data = try pairs(6)
        let model = TwoTowers()
        var state = try TrainingState(
            model, optimizer: .sgd(learningRate: 0.1), inputs: ["left": [2], "right": [2]], seed: 3)
        let start = state.variables
        let objective = Objective(losses: ["distance": contrastive, "class": .softmaxCrossEntropy.weighted(0.5)])
        let step = try TrainingStep(model, objective: objective, optimizer: .sgd(learningRate: 0.1))
        let batch = try #require(data.batches(of: 6, epoch: 0, seed: 1, shuffled: false).first { _ in true })
        let result = try step(&state, batch)
        let (loss, gradients) = valueAndGradient(at: start) { weights in
            let outputs = model(batch.inputs, weights)
            let (d, same) = (outputs["distance"], batch.targets["distance"])
            let apart = (same * d + (1 - same) * square(relu(1 - sqrt(d + 1e-6)))).mean()
            let labels = batch.targets["class"].oneHot(classes: 3)
            return apart - 0.5 * (logSoftmax(outputs["class"]) * labels).sum() / 6
        }
        #expect(abs(result.loss - Double(loss.item())) < 1e-6)
        for path in start.paths {
            let expected = start[path]! - gradients[path]! * 0.1
            #expect(zip(state.variables[path]!.scalars, expected.scalars).allSatisfy { abs($0 - $1) < 1e-6 }, "\(path)")
        }
    }

    @Test func theReferenceTrainsTheSame() throws {
        let data = try pairs(32)
        var results: [[Float]] = []
        for device in [Device.cpu, .reference] {
            var trainer = trainer(device)
            try trainer.fit(data, epochs: 20, batchSize: 32)
            results.append(try #require(trainer.state).variables.leaves.flatMap(\.scalars))
        }
        #expect(zip(results[0], results[1]).allSatisfy { abs($0 - $1) < 1e-3 * max(1, abs($0)) })
    }

    @Test func aTrainingOfSeveralOutputsResumesExactly() throws {
        let data = try pairs()
        var whole = trainer()
        try whole.fit(data, epochs: 4, batchSize: 40)
        try withTemporaryFolder { folder in
            var first = trainer()
            try first.fit(
                data, epochs: 4, batchSize: 40, callbacks: [.checkpoint(folder, everySteps: 5)]
            ) { event, training in
                if case .stepEnded = event, training.state.step == 5 { training.stop(.interrupted) }
            }
            var second = trainer()
            let history = try second.fit(data, epochs: 4, batchSize: 40, resuming: folder)
            #expect(history.epochs.count == 4)
            let (a, b) = (try #require(whole.state).variables, try #require(second.state).variables)
            #expect(a.leaves.map(\.scalars) == b.leaves.map(\.scalars))
        }
    }

    // MARK: Targets

    @Test func anAutoencoderYieldsItsInput() throws {
        let code = Tensor.normal([64, 2], key: RandomKey(seed: 1))
        let x = code.matmul(Tensor.normal([2, 6], key: RandomKey(seed: 2)))
        let net = Sequential {
            Dense(2); Dense(6)
        }
        var trainer = Trainer(net, loss: .meanSquaredError, target: .input, optimizer: .adam(learningRate: 0.03))
        let data = try Dataset(inputs: x, preprocessing: .init(scale: 0.5, offset: 0))
        let history = try trainer.fit(data, epochs: 150, batchSize: 32)
        #expect(try #require(history.epochs.last).training.loss < 0.01 * history.epochs[0].training.loss)
        // Both are scaled.
        #expect(try square(trainer.predict(x) - x * 0.5).mean().item() < 0.01)
    }

    @Test(arguments: [Device.cpu, .reference]) func dataWithoutTargets(_ device: Device) throws {
        let data = try Dataset(inputs: Tensor.normal([12, 3], key: RandomKey(seed: 1)))
        #expect(!data.hasTargets && data.count == 12 && !data.isClassification)
        var trainer = Trainer(Dense(3), loss: .meanSquaredError, target: .input, optimizer: .sgd(), device: device)
        let (training, validation) = try data.split(validation: 0.25, stratified: false, seed: 1)
        try trainer.fit(training, validation: validation, epochs: 2, batchSize: 4)
        #expect(try trainer.evaluate(data).loss > 0)
        var other = Trainer(Dense(3), loss: .meanSquaredError, optimizer: .sgd(), device: device)
        #expect(
            message { try other.fit(data, epochs: 1, batchSize: 4) }
                == "the data have no targets to compare the output with; give data that have some, or the target .input"
        )
    }

    /// Labels that do not count are no part of loss, metrics and their means, also where batches hold different numbers of them.
    @Test func labelsThatDoNotCount() throws {
        let logits = Tensor.normal([5, 4, 3], key: RandomKey(seed: 4))
        let labels: [[Int]] = [[1, 0, -1, -1], [2, 2, 2, 2], [-1, -1, -1, -1], [0, -1, 1, 2], [1, -1, -1, -1]]
        let data = try Dataset(inputs: logits, labels: Tensor(labels, type: .int32), ignoring: -1)
        let same = ActivationLayer(.linear)
        var trainer = Trainer(same, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy, .meanLogit])
        try trainer.prepare(input: [4, 3])
        let result = try trainer.evaluate(data, batchSize: 2)
        let (numbers, probabilities) = (logits.scalars, logSoftmax(logits).scalars)
        var (loss, right, logit, count) = (0.0, 0.0, 0.0, 0.0)
        for (place, label) in labels.joined().enumerated() where label >= 0 {
            let row = numbers[place * 3..<place * 3 + 3]
            loss -= Double(probabilities[place * 3 + label])
            right += row.max() == row[row.startIndex + label] ? 1 : 0
            logit += Double(row[row.startIndex])
            count += 1
        }
        #expect(count == 10)
        #expect(abs(result.loss - loss / count) < 1e-6)
        #expect(abs((result[.accuracy] ?? 0) - right / count) < 1e-6)
        #expect(abs((result["logit"] ?? 0) - logit / count) < 1e-6)
    }

    // MARK: What is wrong

    private func problem(_ objective: Objective, model: some Model = TwoTowers()) throws -> String {
        let data = try pairs(6)
        var trainer = Trainer(model, objective: objective, optimizer: .sgd())
        return message { try trainer.fit(data, epochs: 1, batchSize: 6) }
    }

    @Test func whatDoesNotFitIsAnError() throws {
        #expect(
            try problem(Objective(losses: ["dist": contrastive]))
                == "values: there is no value \"dist\"; there are \"distance\", \"class\"")
        #expect(
            try problem(Objective(losses: ["class": .softmaxCrossEntropy], targets: ["class": .named("kind")]))
                == "values: there is no value \"kind\"; there are \"distance\", \"class\"")
        #expect(
            try problem(Objective(losses: ["class": .softmaxCrossEntropy], metrics: ["distance": [.meanSquaredError]]))
                == "the output \"distance\" has metrics or a target but no loss; give it one, weighted(0) if it is only measured"
        )
        #expect(
            try problem(Objective(losses: ["class": .softmaxCrossEntropy, "class": .softmaxCrossEntropy]))
                == "the output \"class\" has two losses; add them up in one")
        #expect(
            try problem(Objective(losses: ["class": .softmaxCrossEntropy, "distance": contrastive.reduced(.sum)]))
                == "the losses of a training have one reduction, but these have mean and sum; weigh them instead")
        #expect(try problem(Objective([])) == "there is no loss, so there is nothing to minimize")
        #expect(
            try problem(Objective(loss: .softmaxCrossEntropy))
                == "values: expected one tensor but there are \"distance\", \"class\"")
        #expect(
            try problem(Objective(losses: ["class": .softmaxCrossEntropy]), model: Dense(3)).contains(
                "expected one tensor but there are \"left\", \"right\""))
    }

    /// A head more must not let early stopping watch nothing.
    @Test func whatIsWatchedHasTheNameOfItsOutput() throws {
        let data = try pairs(6)
        var trainer = trainer()
        let text = message {
            try trainer.fit(
                data, validation: data, epochs: 1, batchSize: 6,
                callbacks: [.earlyStopping(monitor: "validation.accuracy", patience: 1)])
        }
        #expect(text.contains("validation.accuracy, which this training does not measure"))
        #expect(text.contains("validation.class.accuracy"))
    }
}

extension Metric {
    fileprivate static let meanLogit = Metric.mean("logit") { output, _ in output[0..., 0] }
}
