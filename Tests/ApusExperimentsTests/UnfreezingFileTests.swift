import ApusConfiguration
import ApusData
import ApusExperiments
import ApusNN
import ApusOptimizers
import ApusTestKit
import Foundation
import Testing

/// Rates by layer and unfreezing as files write them.
@Suite struct UnfreezingFileTests {
    private func file(_ optimizer: String, _ more: String = "epochs: 9") throws -> ExperimentFile {
        try ExperimentFile(yaml: "name: a\nmodel: mlp\noptimizer: \(optimizer)\n\(more)", path: "e.yaml")
    }

    private static let adam = Optimizer.adam()
    private static let forms: [(text: String, optimizer: Optimizer)] = [
        ("{adam: {}, layerDecay: 0.5}", adam.layerDecay(0.5)),
        ("{adam: {}, layerDecay: {factor: 0.5, levels: 2}}", adam.layerDecay(0.5, levels: 2)),
        ("{adam: {}, unfreezing: gradually}", adam.unfreezingGradually()),
        ("{adam: {}, unfreezing: {gradually: 3}}", adam.unfreezingGradually(every: 3)),
        ("{adam: {}, unfreezing: {gradually: {levels: 2}}}", adam.unfreezingGradually(levels: 2)),
        (
            "{adam: {}, unfreezing: {patterns: [{pattern: \"1.*\", epoch: 2}, {pattern: \"0.*\", epoch: 9}]}}",
            adam.unfreezing("1.*", epoch: 2).unfreezing("0.*", epoch: 9)
        ),
        (
            "{adam: {}, groups: [{pattern: \"*/bias\", isFrozen: true}], layerDecay: 0.9, unfreezing: {gradually: 1}}",
            adam.layerDecay(0.9).unfreezingGradually().freezing("*/bias")
        ),
    ]

    @Test(arguments: forms) func filesAreReadAndWritten(_ text: String, _ optimizer: Optimizer) throws {
        let experiment = try file(text).experiment()
        #expect(experiment.optimizer == optimizer)
        let written = try experiment.yaml()
        #expect(try Experiment(yaml: written, path: "w.yaml").optimizer == optimizer, "\(written)")
        let json = try JSONEncoder().encode([optimizer])
        #expect(try JSONDecoder().decode([Optimizer].self, from: json) == [optimizer])
        #expect(optimizer != Self.adam && optimizer.hashValue != Self.adam.hashValue)
    }

    @Test func writtenInSwift() {
        let optimizer = Optimizer.sgd().layerDecay(0.5, levels: 2).unfreezing("0.*", epoch: 3)
        #expect(
            "\(optimizer)"
                == "SGD() with layerDecay: LayerDecay(0.5, levels: 2), unfreezing: .patterns([UnfreezingStep(\"0.*\", epoch: 3)])"
        )
        #expect(
            "\(Optimizer.sgd().unfreezingGradually(every: 2))"
                == "SGD() with unfreezing: .gradually(every: 2, levels: 1)")
    }

    @Test func settings() throws {
        func optimizer(_ text: String, _ assignments: String...) throws -> Optimizer {
            try assignments.reduce(try file(text)) { try $0.setting($1) }.experiment().optimizer
        }
        #expect(try optimizer("adam", "optimizer.layerDecay=0.5") == Self.adam.layerDecay(0.5))
        #expect(
            try optimizer("{adam: {}, layerDecay: {factor: 0.5, levels: 2}}", "optimizer.layerDecay.factor=0.25")
                == Self.adam.layerDecay(0.25, levels: 2))
        #expect(try optimizer("adam", "optimizer.unfreezing=gradually") == Self.adam.unfreezingGradually())
        #expect(try optimizer("adam", "optimizer.unfreezing.gradually=2") == Self.adam.unfreezingGradually(every: 2))
        #expect(
            try optimizer("adam", "optimizer.unfreezing.gradually.every=2", "optimizer.unfreezing.gradually.levels=3")
                == Self.adam.unfreezingGradually(every: 2, levels: 3))
        #expect(
            try optimizer(
                "{adam: {}, unfreezing: {patterns: [{pattern: \"0.*\", epoch: 2}]}}",
                "optimizer.unfreezing.patterns.0.epoch=5") == Self.adam.unfreezing("0.*", epoch: 5))
        #expect(
            try optimizer("adam", "optimizer.unfreezing={patterns: [{pattern: '0.*', epoch: 4}]}")
                == Self.adam.unfreezing("0.*", epoch: 4))
    }

    @Test(arguments: [
        (
            "{adam: {}, layerDecay: 2.6}",
            "e.yaml:3: the optimizer's layerDecay is 2.6 but must be a number > 0 and at most 1 at optimizer"
        ),
        (
            "{adam: {}, unfreezing: slowly}",
            "e.yaml:3: there is no unfreezing slowly (known are gradually, patterns) at optimizer.unfreezing"
        ),
        (
            "{adam: {}, unfreezing: {gradually: {each: 2}}}",
            "e.yaml:3: there is no key each (known are every, levels) at optimizer.unfreezing.gradually"
        ),
        (
            "{adam: {}, unfreezing: {gradually: 0}}",
            "e.yaml:3: the optimizer unfreezes a layer every 0 epochs, but must do so every 1 to 1073741824 at optimizer"
        ),
        ("{adam: {}, unfreezing: patterns}", "e.yaml:3: the key value is missing at optimizer.unfreezing"),
        (
            "{adam: {}, unfreezing: {patterns: [\"0.*\"]}}",
            "e.yaml:3: the key epoch is missing at optimizer.unfreezing.patterns.0"
        ),
        (
            "{adam: {}, unfreezing: {patterns: [{pattern: \"0.*\", epoch: 4}, {pattern: \"1.*\", epoch: 10}]}}",
            "e.yaml:3: 1.* is unfrozen in epoch 10, but there are 9 epochs; give more, or unfreeze it earlier at optimizer.unfreezing.patterns.1"
        ),
        (
            "{adam: {}, unfreezing: {patterns: [{pattern: \"0.*\", epoch: 4}, {pattern: \"1.*\", epoch: 3}]}}",
            "e.yaml:3: the optimizer unfreezes 1.* in epoch 3, after what it unfreezes in epoch 4; name patterns in the order of their "
                + "epochs at optimizer"
        ),
    ]) func mistakesNameTheLine(_ text: String, _ expected: String) throws {
        #expect(message { try file(text).experiment() } == expected)
        let problems = try file(text).problems
        #expect(problems.contains(expected), "\(problems)")
    }

    /// A trial of a search may have fewer epochs than its experiment: its folder is read all the same.
    @Test func fewerEpochsThanUnfreezing() throws {
        try withTemporaryFolder { folder in
            var experiment = Experiment(
                name: "moons", data: DataSource(source: .generated(.moons(count: 60))),
                model: .layers(
                    Sequential {
                        Dense(4); Dense(2)
                    }), optimizer: Self.adam.unfreezing("0.*", epoch: 3),
                schedule: .constant, batchSize: 10, epochs: 4)
            func weights(_ name: String) throws -> Data {
                try Data(contentsOf: URL(filePath: "\(folder)/\(name)/checkpoints/last/state.safetensors"))
            }
            var whole = try ExperimentRun(experiment)
            try whole.begin(in: "\(folder)/whole")
            try whole.train()
            experiment.epochs = 2
            var part = try ExperimentRun(experiment)
            let kept = try part.begin(in: "\(folder)/part")
            try part.train()
            #expect(try kept.experiment() == experiment)
            var rest = try ExperimentRun(resuming: kept, epochs: 4)
            try rest.train()
            #expect(try weights("part") == weights("whole"))
        }
    }

    /// The schema knows the words, with their arguments.
    @Test func schema() throws {
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(Experiment.jsonSchema.utf8)) as? [String: Any])
        let text = "\(schema)"
        for word in ["layerDecay", "unfreezing", "gradually", "every", "levels", "patterns"] {
            #expect(text.contains(word), "\(word)")
        }
    }
}
