import ApusInference
import ApusTestKit

/// Two inputs, two outputs: the sum of what lies left as a number, and the largest place of what lies right as a class.
struct TwoWays: Model, Codable {
    var factor: Double

    func outputs(for inputs: Values, in context: Context) -> Values {
        let right = Dense(3, useBias: false)(inputs["right"], in: context["head"])
        return ["sum": inputs["left"].sum(axes: [1]) * factor, "class": right]
    }
}

extension TwoWays {
    /// With the identity as weights; what lies left is halved before.
    static func trained(factor: Double = 2) throws -> TrainedModel {
        let (model, inputs): (TwoWays, Signature) = (TwoWays(factor: factor), ["left": [2], "right": [3]])
        var variables = try model.initialized(inputs: inputs, seed: 1)
        try variables.setValue("head/kernel", Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1] as [Float], shape: [3, 3]))
        return TrainedModel(
            model, variables: variables, inputs: inputs,
            outputs: [
                ModelDescription.Output(
                    "class", classNames: ["a", "b", "c"], meaning: .classes(areProbabilities: true))
            ], preprocessing: Preprocessing(named: ["left": Preprocessing(scale: 0.5, offset: 0)]))
    }

    static let samples: Values = [
        "left": Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]),
        "right": Tensor([0.25, 0.5, 0.125, 0, 0, 1] as [Float], shape: [2, 3]),
    ]
}

/// A layer that is its own kind in files.
struct Shifted: Layer, Codable {
    var by = 1.0

    func output(for x: Tensor, in context: Context) -> Tensor { x + by }
}
