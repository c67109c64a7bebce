import Apus
import ApusBackend
import ApusGraph
import ApusTestKit
import Foundation
import Testing

import ApusInterchange

/// Models of files are trained, differentiated and written like every other model.
@Suite struct TrainingTests {
    /// Images [8, 8, 2] whose class is where they are bright.
    private func data() throws -> (images: Tensor, labels: Tensor) {
        let noise = Tensor.normal([48, 8, 8, 2], key: RandomKey(seed: 5))
        let labels = (0..<48).map { $0 % 3 }
        let bright = Tensor(
            labels.flatMap { label in (0..<128).map { ($0 / 48) == label ? 2.0 : 0 } }, shape: [48, 8, 8, 2])
        return (try (noise * 0.3 + bright).evaluated(), Tensor(labels, type: .int32))
    }

    @Test("A trainer goes on from the weights of the file, and the loss falls")
    func fineTuning() throws {
        let (images, labels) = try data()
        let model = try Sample.network.model().takingChannelsLast()
        var trainer = Trainer(
            model, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy])
        let dataset = try Dataset(inputs: images, labels: labels)
        let history = try trainer.fit(dataset, epochs: 12, batchSize: 16)
        let losses = history.epochs.compactMap { $0.value("loss") }
        #expect(try #require(losses.last) < 0.5 * (try #require(losses.first)))
        // The running values moved with it, and a trained model is a file of its own.
        let trained = try trainer.trained()
        #expect(trained.variables["bn.mean"]?.scalars != model.variables["bn.mean"]?.scalars)
        try withTemporaryFolder { folder in
            try trained.write(to: "\(folder)/m.apus", kinds: [ONNXModel.self])
            let read = try TrainedModel("\(folder)/m.apus", kinds: [ONNXModel.self])
            #expect(read.variables["conv1.weight"]?.scalars == trained.variables["conv1.weight"]?.scalars)
            #expect(try read(images[0..<4]).scalars == trained(images[0..<4]).scalars)
            #expect(read.model as? ONNXModel == model)
        }
    }

    @Test("Start values are those of the file, whatever the seed is")
    func start() throws {
        let model = try Sample.network.model()
        let weights = try model.initialized(inputs: model.inputs, seed: 99)
        #expect(weights.paths == model.variables.paths)
        for path in weights.paths { #expect(weights[path]?.scalars == model.variables[path]?.scalars, "\(path)") }
    }

    @Test("Gradients are those of the reference", arguments: [Mode.training, .inference])
    func gradients(_ mode: Mode) throws {
        let model = try Sample.network.model()
        let x = numbers([3, 2, 8, 8])
        func gradients(on device: Device) throws -> [[Double]] {
            try device {
                let (_, gradients) = valueAndGradient(at: model.variables) { variables in
                    square(model.applied(to: ["x": x * 1], with: variables, mode: mode).output).sum()
                }
                return try gradients.paths.map { try #require(gradients[$0]).evaluated().scalars(as: Double.self) }
            }
        }
        let (own, expected) = (try gradients(on: .cpu), try gradients(on: .reference))
        for (path, (own, expected)) in zip(model.variables.paths, zip(own, expected)) {
            let scale = expected.map { Swift.abs($0) }.max() ?? 0
            // A bias before a normalization in training has no gradient.
            #expect(scale > 1e-3 || path == "conv1.bias" || path.hasPrefix("bn."), "\(path)")
            for (a, b) in zip(own, expected) { #expect(Swift.abs(a - b) <= 1e-4 * scale + 1e-4, "\(path)") }
        }
    }

    @Test("In mixed precision outputs are near those of float32")
    func mixedPrecision() throws {
        let model = try Sample.network.model()
        let x = numbers([3, 2, 8, 8])
        func outputs(_ precision: NumericPrecision) -> [Float] {
            precision { model.applied(to: ["x": x], with: model.variables, mode: .inference).output }.scalars
        }
        let (half, full) = (outputs(.mixedBFloat16), outputs(.float32))
        #expect(half != full)
        for (a, b) in zip(half, full) { #expect(Swift.abs(a - b) < 0.05) }
    }

    @Test("Dropout draws while a model learns, and passes on when it predicts")
    func dropout() throws {
        let model = try Sample().input("x", [-1, 50]).output("y").output("mask", [], 9)
            .node("Dropout", ["x"], ["y", "mask"]).model()
        let x = Tensor.ones([4, 50])
        let predicted = model.applied(to: ["x": x], with: Variables(), mode: .inference).outputs
        #expect(predicted["y"].scalars.allSatisfy { $0 == 1 })
        #expect(predicted["mask"].scalars(as: Bool.self).allSatisfy { $0 })
        let learned = model.applied(to: ["x": x], with: Variables(), mode: .training, key: RandomKey(seed: 1)).outputs
        #expect(Set(learned["y"].scalars) == [0, 2])
        #expect(learned["mask"].scalars(as: Bool.self) == learned["y"].scalars.map { $0 == 2 })
        #expect(
            message { try model.applied(to: ["x": x], with: Variables(), mode: .training).output.evaluated() }
                .contains("draws random numbers"))
    }

    @Test("Running values that are frozen stay, and are used in training")
    func frozen() throws {
        let model = try Sample.network.model()
        let (x, key) = (numbers([3, 2, 8, 8]), RandomKey(seed: 0).tensor)
        let values = Dictionary(uniqueKeysWithValues: model.variables.paths.map { ($0, model.variables[$0]!) })
        func pass(_ mode: Mode, _ isFrozen: @escaping (String) -> Bool) -> TracedModel {
            TracedModel(model, ["x": x], mode: mode, key: key, variables: values, isFrozen: isFrozen)
        }
        let frozen = pass(.training) { $0.hasPrefix("bn.") }
        #expect(frozen.updates.isEmpty)
        let expected = pass(.inference) { _ in false }.output.scalars
        for (a, b) in zip(frozen.output.scalars, expected) { #expect(Swift.abs(a - b) < 1e-5) }
        #expect(pass(.training) { _ in false }.updates.keys.sorted() == ["bn.mean", "bn.variance"])
    }

    @Test("What is a weight, and what is a constant of the expression")
    func weightsAndConstants() throws {
        let sample = Sample().input("x", [2, 4]).output("y")
            .weight("scalar", [], [2]).weight("single", [1], [3]).weight("vector", [4], [1, 2, 3, 4])
            .weight("low", [1], [-1]).weight("high", [1], [1])
            .node("Constant", [], ["inner"], [.tensor("value", Sample.tensor("", [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]))])
            .node("Constant", [], ["half"], [.tensor("value", Sample.tensor("", [], [0.5]))])
            .node("Mul", ["x", "scalar"], ["a"]).node("Add", ["a", "single"], ["b"]).node(
                "Mul", ["b", "vector"], ["c"]
            )
            .node("Clip", ["c", "low", "high"], ["d"]).node("MatMul", ["d", "inner"], ["e"])
            .node("Mul", ["e", "half"], ["y"])
        #expect(try sample.model().variables.paths == ["vector", "inner"])
        #expect(try sample.run(["x": Tensor.ones([2, 4])])["y"].scalars == [8, 10, 8, 10])
    }

    @Test("Two models are equal if their definitions are; weights are no part of it")
    func equality() throws {
        let a = try Sample.network.model()
        #expect(a == (try Sample.network.model()))
        #expect(a != a.takingChannelsLast())
        let other = Sample.network.change { $0.graph.initializer[0].floatData[0] += 1 }
        #expect(a == (try other.model()))
        let different = Sample.network.change { $0.graph.node[2].opType = "Sigmoid" }
        #expect(a != (try different.model()))
        #expect(Set([a, try other.model()]).count == 1)
    }
}
