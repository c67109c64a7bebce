import ApusFixtures
import ApusTensor
import ApusTraining
import Testing

@Suite struct LossTests {
    /// The cases that `Loss` has: class labels, and the mean squared error.
    static var fixtures: [FixtureCase] {
        get throws {
            try FixtureCase.all("losses").filter {
                Loss(rawValue: $0.configuration.loss!) != nil && $0.configuration.targets ?? "labels" == "labels"
            }
        }
    }

    @Test(arguments: try fixtures) func followsKeras(_ item: FixtureCase) throws {
        let loss = try #require(Loss(rawValue: item.configuration.loss!))
        let output = item.contains("logits") ? "logits" : "prediction"
        let x = try item[output]
        let value = loss(x, try item[item.contains("labels") ? "labels" : "targets"])
        let gradients = gradient(of: value, withRespectTo: [x])
        try expectClose(value, item["loss"], .elementwise, "loss")
        try expectClose(gradients[0], item["gradient/\(output)"], .layer, "gradient")
    }

    @Test func everyLossHasAFixture() throws {
        #expect(try Set(LossTests.fixtures.map { $0.configuration.loss! }) == Set(Loss.allCases.map(\.rawValue)))
        #expect(try LossTests.fixtures.count == 6)
    }

    @Test func whatDoesNotFit() {
        func problem(_ loss: Loss, _ output: Tensor, _ target: Tensor) -> String {
            message { try loss(output, target).evaluated() }
        }
        #expect(
            problem(.meanSquaredError, .zeros([4, 2]), .zeros([4]))
                == "meanSquaredError: the model yields shape [4, 2] but the targets have [4]; they must be equal")
        #expect(
            problem(.softmaxCrossEntropy, .zeros([4, 2]), .zeros([4]))
                == "softmaxCrossEntropy: expected integer labels but received float32[4]; convert it with cast(to: .int32)"
        )
        #expect(
            problem(.softmaxCrossEntropy, .zeros([4]), .zeros([4], type: .int32))
                == "softmaxCrossEntropy: expected logits [N, C] with 2 axes but received shape [4]")
    }
}
