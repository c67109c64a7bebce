import Apus
import ApusExperiments
import ApusFormats
import Foundation

/// Two points, their distance and a kind.
struct GoldenTowers: Model, Codable {
    var units: Int

    func outputs(for inputs: Values, in context: Context) -> Values {
        let shared = context.shared("tower")
        let (left, right) = (Dense(units)(inputs["left"], in: shared), Dense(units)(inputs["right"], in: shared))
        return [
            "distance": square(left - right).sum(axes: [1], keepingAxes: true),
            "kind": Dense(2)(left, in: context["head"]),
        ]
    }
}

/// `Golden/described`: a run whose `inputs.json` holds a model of two inputs and two outputs, the same model as a file, and its outputs.
extension GoldenFiles {
    static let pairs: Values = [
        "left": Tensor([0, 0.5, 1, -1] as [Float], shape: [2, 2]),
        "right": Tensor(bytes: [0, 255, 51, 102], TensorType([2, 2], .uint8)),
    ]

    @discardableResult
    static func makeDescribed(_ path: String) throws -> (run: RunFolder, trainer: Trainer) {
        let (run, count) = (try RunFolder(named: "described", path: path), 16)
        var data = try Dataset(
            inputs: [
                "left": Tensor((0..<2 * count).map { Float($0 % 5) }, shape: [count, 2]),
                "right": Tensor(bytes: (0..<2 * count).map { UInt8(7 * $0) }, TensorType([count, 2], .uint8)),
            ],
            targets: [
                "distance": Tensor((0..<count).map { Float($0 % 3) }, shape: [count, 1]),
                "kind": Tensor((0..<count).map { $0 % 2 }),
            ], classNames: ["kind": ["near", "far"]])
        data.preprocessing = Preprocessing(named: ["right": .unitRange])
        var trainer = Trainer(
            GoldenTowers(units: 3), losses: ["distance": .meanSquaredError, "kind": .softmaxCrossEntropy],
            optimizer: .adam().averagingWeights(decay: 0.5), seed: 3)
        try trainer.fit(data, epochs: 1, batchSize: 8, callbacks: [.checkpoint("\(path)/checkpoints")])
        try run.write(try trainer.modelDescription(for: data), kinds: [GoldenTowers.self])
        return (run, trainer)
    }

    /// Makes what is kept; `place` holds the other files.
    static func renewDescribed(_ place: String) throws {
        let (run, trainer) = try makeDescribed("\(place)/described")
        let model = try trainer.trained()
        try model.write(to: "\(run.path)/model.apus", kinds: [GoldenTowers.self])
        var outputs: [String: [Float]] = [:]
        for (name, output) in try model(pairs) { outputs[name] = output.scalars }
        try run.write("outputs.json", json: outputs)
    }
}
