import ApusConfiguration
import ApusData
import ApusFixtures
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import ApusTrainingKit
import Testing

/// Rates that fall from the last layer to the first.
@Suite struct LayerDecayTests {
    /// Four layers with weights; a layer without weights and one with states alone between them do not count.
    private let model = Sequential {
        Dense(16, activation: .relu)
        BatchNorm(momentum: 0.9)
        Dropout(0.2)
        Dense(8, activation: .tanh)
        BatchNorm(momentum: 0.9, center: false, scale: false)
        Dense(4)
    }

    private static let rules: [Optimizer] = [
        .sgd(learningRate: 0.1, momentum: 0.9), .adam(learningRate: 0.02),
        .adamW(learningRate: 0.02, weightDecay: 0.1),
    ]

    private func trained(_ optimizer: Optimizer, cut: Bool = false) throws -> TrainingState {
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try step.initialState(input: [2], seed: 3)
        for epoch in 0..<5 {
            for batch in try blobs(64).batches(of: 16, epoch: epoch, seed: 1) {
                if cut {
                    try step.update(&state, try step.gradients(&state, batch))
                } else {
                    try step(&state, batch)
                }
            }
        }
        #expect(state.step == 20)
        return state
    }

    /// What a person would write without the word: a group for each layer.
    private func byHand(_ optimizer: Optimizer, _ factor: Double) -> Optimizer {
        ["5.dense/*", "3.dense/*", "1.batchNorm/*", "0.dense/*"].enumerated().reduce(optimizer) { optimizer, layer in
            optimizer.group(layer.element, learningRate: optimizer.learningRate * pow(factor, Double(layer.offset)))
        }
    }

    @Test(arguments: rules, [false, true]) func isAsGroupsByHand(rule: Optimizer, cut: Bool) throws {
        let state = try trained(rule.layerDecay(0.7), cut: cut)
        #expect(state.numbers == (try trained(byHand(rule, 0.7), cut: cut)).numbers)
        #expect(state.numbers != (try trained(rule, cut: cut)).numbers)
    }

    /// The rate of a group falls as well, and its decay stays.
    @Test(arguments: rules) func groupsKeepTheirRates(rule: Optimizer) throws {
        let grouped = rule.layerDecay(0.5).group("*/bias", learningRate: 0.3, weightDecay: 0)
        var byHand = rule
        for (layer, factor) in [("5.dense", 1.0), ("3.dense", 0.5), ("1.batchNorm", 0.25), ("0.dense", 0.125)] {
            // A normalization has no bias.
            if layer != "1.batchNorm" {
                byHand = byHand.group("\(layer)/bias", learningRate: 0.3 * factor, weightDecay: 0)
            }
            byHand = byHand.group("\(layer)/*", learningRate: rule.learningRate * factor)
        }
        #expect(try trained(grouped).numbers == trained(byHand).numbers)
    }

    @Test func ratesByPath() throws {
        func rates(_ optimizer: Optimizer, _ model: some Model, _ input: Shape = [2]) throws -> [String: Double] {
            let rates = optimizer.learningRates(for: try model.initialized(input: input, seed: 1))
            return Dictionary(uniqueKeysWithValues: rates.map { ($0.path, $0.learningRate) })
        }
        let plain = Optimizer.sgd(learningRate: 0.5)
        #expect(
            try rates(plain.layerDecay(0.5).group("*/bias", learningRate: 8), model) == [
                "0.dense/kernel": 0.0625, "0.dense/bias": 1, "1.batchNorm/gamma": 0.125, "1.batchNorm/beta": 0.125,
                "3.dense/kernel": 0.25, "3.dense/bias": 4, "5.dense/kernel": 0.5, "5.dense/bias": 8,
            ])
        // What is frozen for good has no rate, and counts; what is unfrozen later has one.
        #expect(
            try rates(plain.layerDecay(0.5).freezing("3.*").unfreezing("0.*", epoch: 2), model) == [
                "0.dense/kernel": 0.0625, "0.dense/bias": 0.0625, "1.batchNorm/gamma": 0.125,
                "1.batchNorm/beta": 0.125, "5.dense/kernel": 0.5, "5.dense/bias": 0.5,
            ])
        let nested = Sequential {
            Sequential {
                Dense(8).named("0")
                Dense(8).named("1")
            }.named("features")
            Dense(4).named("classifier")
        }
        #expect(
            try rates(plain.layerDecay(0.5), nested).filter { $0.key.hasSuffix("kernel") } == [
                "features/0/kernel": 0.25, "features/1/kernel": 0.25, "classifier/kernel": 0.5,
            ])
        #expect(
            try rates(plain.layerDecay(0.5, levels: 2), nested).filter { $0.key.hasSuffix("kernel") } == [
                "features/0/kernel": 0.125, "features/1/kernel": 0.25, "classifier/kernel": 0.5,
            ])
        #expect(try rates(plain.layerDecay(0.5), Dense(3)) == ["kernel": 0.5, "bias": 0.5])
        let graph = ModelGraph([
            "encoder": ModelGraph.Part(from: "input") {
                Dense(8)
                Dense(8)
            },
            "early": ModelGraph.Part(from: "encoder") { Dense(3) },
            "late": ModelGraph.Part(from: "encoder") { Dense(3) },
        ])
        #expect(
            try rates(plain.layerDecay(0.5), graph).filter { $0.key.hasSuffix("kernel") } == [
                "encoder/0.dense/kernel": 0.125, "encoder/1.dense/kernel": 0.125, "early/0.dense/kernel": 0.25,
                "late/0.dense/kernel": 0.5,
            ])
    }

    /// The schedule's factor holds for all rates; an optimizer that works by itself has them, too.
    @Test func schedulesAndStatesThatWorkByThemselves() throws {
        let model = Sequential {
            Dense(3); Dense(1)
        }
        let optimizer = Optimizer.sgd(learningRate: 0.5).layerDecay(0.25)
        let start = try model.initialized(input: [2], seed: 1)
        let ones = start.mapValues { _, value in .ones(value.shape) }
        var (weights, state) = (start, optimizer.state(for: start))
        try state.update(&weights, ones, learningRate: Tensor(0.125))
        for (path, distance) in [("0.dense/bias", 0.03125), ("1.dense/bias", 0.125)] {
            #expect(weights[path]!.scalars.allSatisfy { $0 == -Float(distance) })
        }
        let data = try Dataset(inputs: .ones([2, 2]), targets: .zeros([2, 1]))
        let step = try TrainingStep(
            model, loss: .meanSquaredError, optimizer: optimizer, schedule: .custom("quarter") { _, _ in 0.25 },
            totalSteps: 1)
        var trained = TrainingState(start, optimizer: optimizer, seed: 1)
        let slopes = try step.gradients(&trained, try data.whole).values
        try step(&trained, try data.whole)
        for (path, slope) in slopes {
            let rate = path.hasPrefix("0.") ? 0.03125 : 0.125
            try expectClose(trained.variables[path]!, start[path]! - slope * rate, .network, path)
        }
    }

    @Test func whatIsOutOfRange() {
        func problem(_ optimizer: Optimizer) -> String { message { try optimizer.validate() } }
        #expect(problem(.sgd().layerDecay(1)) == "no error")
        for factor in [0, 2.6, -1, .nan] {
            #expect(
                problem(.sgd().layerDecay(factor))
                    == "the optimizer's layerDecay is \(factor) but must be a number > 0 and at most 1")
        }
        #expect(
            problem(.sgd().layerDecay(0.5, levels: 0)) == "the optimizer's layerDecay has 0 levels but needs at least 1"
        )
    }
}
