import Apus
import ApusExperiments
import ApusTestKit
import Foundation
import Testing

/// The key `cacheFeatures` of experiments.
@Suite struct FeatureExperimentTests {
    private func file(_ settings: String...) throws -> ExperimentFile {
        try settings.reduce(moonsFile().setting("cacheFeatures", to: "true")) { try $0.setting($1) }
    }

    @Test func isWrittenAndRead() throws {
        #expect(try !moonsFile().experiment().cacheFeatures)
        let experiment = try file().experiment()
        #expect(experiment.cacheFeatures)
        #expect(try experiment.yaml().contains("\ncacheFeatures: true\n"))
        #expect(try Experiment(yaml: experiment.yaml(), path: "again.yaml") == experiment)
    }

    /// A run is the same with and without; one that is found not to fit leaves nothing.
    @Test func runs() throws {
        try withTemporaryFolder { folder in
            let frozen = "optimizer.groups=[{pattern: 0.*, isFrozen: true}]"
            func weights(_ file: ExperimentFile, _ name: String) throws -> [Float] {
                var run = try ExperimentRun(try file.experiment())
                #expect(run.trainer.featureCache == (run.experiment.cacheFeatures ? FeatureCache() : nil))
                if run.experiment.cacheFeatures {
                    run.trainer.featureCache = FeatureCache(folder: "\(folder)/features")
                }
                try run.begin(in: "\(folder)/\(name)")
                try run.train()
                let variables = try #require(run.trainer.state).variables
                return variables.paths.flatMap { variables[$0]?.scalars ?? [] }
            }
            let plain = try weights(moonsFile().setting(frozen).setting("epochs=2"), "a")
            #expect(try weights(file(frozen, "epochs=2"), "b") == plain)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/features").count > 0)
            var refused = try ExperimentRun(try file().experiment())
            #expect(throws: TrainingError.self) { try refused.begin(in: "\(folder)/c") }
            #expect(throws: TrainingError.self) { try file().experiment().tryOut() }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/c"))
        }
    }
}
