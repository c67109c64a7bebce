import Apus
import ApusExperiments
import ApusReport
import ApusTestKit
import Foundation
import Testing

/// Experiments on the reference backend: the key `device` of a file.
@Suite struct DeviceExperimentTests {
    private func run(_ device: String, _ folder: String) throws -> ExperimentRun {
        let yaml = """
            name: blobs
            data: {source: {blobs: {count: 60}}, validation: {fraction: 0.2}}
            model: [{dense: {units: 6, activation: tanh}}, batchNorm, {dense: 3}]
            epochs: 2
            batchSize: 16
            optimizer: {sgd: {learningRate: 0.05}}
            device: \(device)
            """
        var run = try ExperimentRun(Experiment(yaml: yaml, path: "blobs.yaml"))
        try run.begin(in: "\(folder)/\(device)")
        try run.train()
        return run
    }

    @Test func theDeviceOfAFile() throws {
        try withTemporaryFolder { folder in
            let runs = try ["cpu", "reference"].map { try run($0, folder) }
            #expect(runs.map(\.trainer.device) == [.cpu, .reference])
            let variables = try runs.map { try #require($0.trainer.state).variables }
            for path in variables[0].paths {
                let (a, b) = (variables[0][path]!.scalars, variables[1][path]!.scalars)
                #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 }, "\(path)")
            }
            // The same bits everywhere would be those of one backend.
            #expect(variables[0].paths.contains { variables[0][$0]!.scalars != variables[1][$0]!.scalars })
            // What a folder holds is resumed where it was.
            #expect(
                try Experiment(
                    yaml: String(contentsOfFile: "\(folder)/reference/experiment.yaml", encoding: .utf8), path: ""
                ).device == .reference)
            try runs[1].writeReport()
        }
    }
}
