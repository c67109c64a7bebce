import ApusFixtures
import ApusNN
import ApusTensor
import Foundation
import ApusTestKit
import Testing

@Suite struct LossTests {
    private func check(_ loss: Loss, _ output: String, _ target: String, _ item: FixtureCase) throws {
        let x = try item[output]
        let weights = item.contains("weights") ? try item["weights"] : nil
        let value = loss(x, try item[target], weights: weights)
        let gradients = gradient(of: value, withRespectTo: [x])
        // Cosines cancel.
        try expectClose(value, item["loss"], loss.rule is CosineSimilarity ? .network : .layer, "loss")
        try expectClose(gradients[0], item["gradient/\(output)"], .layer, "gradient")
        if item.contains("each") {
            var plain = loss
            plain.classWeights = nil
            try expectClose(plain.reduced(.none)(x, item[target]), item["each"], .layer, "each")
        }
        if item.contains("weightedEach") {
            try expectClose(
                loss.reduced(.none)(x, item[target], weights: weights), item["weightedEach"], .layer, "weighted")
        }
    }

    @Test(arguments: try FixtureCase.all("losses")) func followsKeras(_ item: FixtureCase) throws {
        try check(
            item.value(named: "loss", without: ["targets"]), item.contains("logits") ? "logits" : "prediction",
            item.contains("labels") ? "labels" : "targets", item)
    }

    @Test(arguments: try FixtureCase.all("rules-losses")) func followsKerasInEveryOption(_ item: FixtureCase) throws {
        try check(item.value("loss"), "output", "target", item)
    }

    /// log cosh e = |e| − log 2 far out, on both sides; its slope is tanh e.
    @Test func logCoshOfGreatErrors() throws {
        let x = Tensor([-1e30, -50, 0, 50, 1e30] as [Float], shape: [5, 1])
        let loss = Loss(LogCosh()).reduced(.none)
        let values = loss(x, .zeros([5, 1])).scalars
        for (value, error) in try pairs(values, x.scalars) {
            let expected = error == 0 ? 0 : Swift.abs(error) - 0.693_147_2
            #expect(Swift.abs(value - expected) <= 1e-6 * max(1, expected))
        }
        let slopes = gradient(of: loss(x, .zeros([5, 1])).sum(), withRespectTo: [x])[0].scalars
        #expect(slopes == [-1, -1, 0, 1, 1])
    }

    /// Of several positions a sample, each counts alike; a weight holds for all of them.
    @Test func reductionsByHand() {
        let output = Tensor([1, 1, 2, 2, 0, 2, 4, 0] as [Float], shape: [2, 2, 2])
        // The positions' mean squares are 1 and 4, 2 and 8.
        func value(_ reduction: Loss.Reduction, _ weights: Tensor? = nil) -> [Float] {
            Loss.meanSquaredError.reduced(reduction)(output, .zeros([2, 2, 2]), weights: weights).scalars
        }
        #expect(value(.none) == [2.5, 5])
        #expect(value(.sum) == [15])
        #expect(value(.mean) == [3.75])
        let weights = Tensor([2, 0.5] as [Float])
        #expect(value(.none, weights) == [5, 2.5])
        #expect(value(.sum, weights) == [15])
        #expect(value(.mean, weights) == [3.75])
    }

    @Test func everyLossHasAFixture() throws {
        let names = try FixtureCase.all("rules-losses").map { try $0.value("loss", as: Loss.self).name }
        #expect(Set(names) == Set(LossKinds.registry.kinds))
    }

    /// σ(o) − t everywhere: at 0, and far out without losing what is small.
    @Test(arguments: [0, 1, 0.3]) func gradientOfBinaryCrossEntropy(target: Double) throws {
        let outputs: [Double] = [0, 30, -30, 100, -100]
        let x = Tensor(outputs), t = Tensor.full([5], target)
        func softplus(_ o: Double) -> Double { max(o, 0) + log1p(exp(-abs(o))) }
        for smoothing in [0, 0.2] {
            let loss = Loss.binaryCrossEntropy(labelSmoothing: smoothing).reduced(.sum)
            let (value, gradients) = valueAndGradient(at: [x]) { loss($0[0], t) }
            let kept = (1 - smoothing) * target + smoothing / 2
            let expected = outputs.reduce(0) { $0 + kept * softplus(-$1) + (1 - kept) * softplus($1) }
            #expect(abs(value.item(as: Double.self) - expected) <= 1e-6 * expected)
            for (output, slope) in try pairs(outputs, gradients[0].scalars(as: Double.self)) {
                #expect(abs(slope - (1 / (1 + exp(-output)) - kept)) <= 1e-6, "\(output), smoothed by \(smoothing)")
            }
        }
        // Without the factor of the focal loss.
        let focal = Loss.binaryFocal(gamma: 0)
        let (_, gradients) = valueAndGradient(at: [Tensor([0.0])]) { focal($0[0], Tensor.full([1], target)) }
        #expect(abs(gradients[0].item(as: Double.self) - (0.5 - target)) <= 1e-6)
    }

    @Test func whatDoesNotFit() {
        func problem(_ loss: Loss, _ output: Tensor, _ target: Tensor, weights: Tensor? = nil) -> String {
            message { try loss(output, target, weights: weights).evaluated() }
        }
        #expect(
            problem(.meanSquaredError, .zeros([4, 2]), .zeros([4]))
                == "meanSquaredError: the model yields shape [4, 2] but the targets have [4]; they must be equal")
        #expect(
            problem(.softmaxCrossEntropy, .zeros([4, 2]), .zeros([4, 3]))
                == "softmaxCrossEntropy: the model yields shape [4, 2] but the targets have [4, 3]; "
                + "expected class numbers [4] or one-hot rows [4, 2]")
        #expect(
            problem(.softmaxCrossEntropy, .zeros([4]), .zeros([4], type: .int32))
                == "softmaxCrossEntropy: expected outputs [N, classes] but the model yields [4]; end it with Dense(classes)"
        )
        #expect(
            problem(.huber(), .zeros([4, 2]), .zeros([3, 2]))
                == "huber: the model yields shape [4, 2] but the targets have [3, 2]; the first axis of both is the batch"
        )
        #expect(problem(.huber(delta: 0), .zeros([4]), .zeros([4])) == "huber: delta must be positive, received 0.0")
        for loss in [Loss.categoricalHinge, .klDivergence, .cosineSimilarity] {
            #expect(
                problem(loss, .zeros([4]), .zeros([4]))
                    == "\(loss.name): expected outputs [N, ...] of rows but received [4]")
        }
        #expect(
            problem(.softmaxCrossEntropy(labelSmoothing: 1), .zeros([4, 2]), .zeros([4], type: .int32))
                == "softmaxCrossEntropy: labelSmoothing must be in 0..<1, received 1.0")
        #expect(
            problem(.softmaxCrossEntropy.weighted(classes: [1, 2, 3]), .zeros([4, 2]), .zeros([4], type: .int32))
                == "softmaxCrossEntropy: expected 2 class weights, one for each class, but received 3")
        #expect(
            problem(.meanSquaredError, .zeros([4, 2]), .zeros([4, 2]), weights: .ones([3]))
                == "meanSquaredError: expected one weight a sample, [4], but received [3]")
        #expect(
            problem(.softmaxCrossEntropy, .zeros([4, 2]), .zeros([4]))
                == "softmaxCrossEntropy: expected integer labels but received float32[4]; convert it with cast(to: .int32)"
        )
        #expect(
            problem(.softmaxCrossEntropy, .zeros([2, 3]), Tensor([Int32(1), 7]))
                == "softmaxCrossEntropy failed: an index or label is out of range (status 2); "
                + "check that labels lie in 0..<classes and indices inside the axis they select from")
    }

    @Test func configurationsOfFiles() throws {
        func decoded(_ text: String) throws -> Loss {
            try JSONDecoder().decode([Loss].self, from: Data("[\(text)]".utf8))[0]
        }
        #expect(try decoded("\"softmaxCrossEntropy\"") == .softmaxCrossEntropy)
        #expect(try decoded("{\"huber\": 0.5}") == .huber(delta: 0.5))
        #expect(
            try decoded("{\"focal\": {\"gamma\": 1, \"reduction\": \"sum\", \"classWeights\": [1, 2]}}")
                == Loss(Focal(gamma: 1), reduction: .sum, classWeights: [1, 2]))
        #expect(message { try decoded("\"hubr\"") }.contains("there is no loss hubr (did you mean huber?)"))
        #expect(
            message { try decoded("{\"huber\": {\"dleta\": 1}}") }.contains(
                "there is no key dleta (did you mean delta?)"))
        for loss in [
            Loss.softmaxCrossEntropy, .huber(delta: 2), .focal(gamma: 1).reduced(.sum),
            .hinge.weighted(classes: [1, 2]),
        ] {
            let text = try JSONEncoder().encode([loss])
            #expect(
                try JSONDecoder().decode([Loss].self, from: text) == [loss], "\(String(decoding: text, as: UTF8.self))")
        }
    }
}
