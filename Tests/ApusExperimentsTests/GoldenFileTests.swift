import Apus
import ApusExperiments
import ApusReport
import ApusSearch
import ApusTestKit
import Foundation
import GRDB
import Testing

/// Files of today are read tomorrow: those that `GoldenFiles` made.
@Suite(.timeLimit(.minutes(20))) struct GoldenFileTests {
    @Test(.enabled(if: GoldenFiles.isRenewed)) func renew() throws { try GoldenFiles.renew() }

    private func withGolden(_ body: (String) throws -> Void) throws {
        if GoldenFiles.isRenewed { return }
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(atPath: GoldenFiles.folder, toPath: "\(folder)/golden")
            try body("\(folder)/golden")
        }
    }

    private func isClose(_ found: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
        found.count == expected.count
            && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1e-3, abs($1)) }
    }

    @Test(arguments: ["run", "former/run"]) func theRunGoesOn(_ name: String) throws {
        try withGolden { golden in
            let kept = try RunFolder(existing: "\(golden)/\(name)")
            #expect(kept.damages == [])
            #expect(try kept.record().state == .interrupted)
            #expect(try kept.record().command == ["apus", "train", "golden.yaml"])
            #expect(try kept.experiment() == Experiment(yaml: GoldenFiles.experiment, path: "golden.yaml"))
            #expect(try kept.history().epochs.map(\.epoch) == [1, 2, 3])
            #expect(kept.snapshots().count == 4)
            #expect(try kept.modelDescription().outputs[0].classNames.count == 2)
            let expected = try GoldenFiles.expected()
            let run = try GoldenFiles.resume(kept.path)
            #expect(run.record.state == .completed && run.record.resumes.count == 1)
            #expect(isClose(try kept.history().epochs.map(\.training.loss), expected.losses, 1e-4))
            #expect(kept.damages == [])
            let lines = try String(contentsOfFile: "\(kept.path)/events.jsonl", encoding: .utf8)
            #expect(lines.split(separator: "\n").count { $0.contains("\"event\":\"epochEnded\"") } == 6)
            try run.writeReport()
        }
    }

    @Test func theListIsRead() throws {
        try withGolden { golden in
            let catalog = try RunCatalog(golden)
            let listed = try #require(try catalog.store.runs().first)
            #expect(listed.folder == "run" && listed.name == "golden" && listed.state == "interrupted")
            try catalog.update()
            #expect(try catalog.store.runs().map(\.folder) == ["former/run", "run"])
            for run in try catalog.store.runs() {
                #expect(run.final == listed.final && run.best == listed.best && run.started == listed.started)
            }
            #expect(listed.final["validation.loss"]?.isFinite == true)
        }
    }

    @Test(arguments: ["runs.sqlite", "former/runs.sqlite"]) func theStudyGoesOn(_ name: String) throws {
        try withGolden { golden in
            let path = "\(golden)/\(name)"
            let store = try TrialStore(path: path)
            let trials = try store.trials(of: "golden")
            #expect(trials.map(\.state) == [.complete, .complete, .complete, .pruned, .failed, .diverged])
            #expect(trials.map(\.score) == [0.6, 0.725, 0.85, nil, nil, nil])
            #expect(trials.map(\.error) == [nil, nil, nil, nil, "the disk is full", "the score is not a number"])
            #expect(trials.map(\.folder) == (0..<6).map { "trial-\($0)" })
            #expect(try store.search(of: "golden") == GoldenFiles.search)
            #expect(isClose(try GoldenFiles.advance(path), try GoldenFiles.expected().rates, 1e-9))
            // From now on its settings are known.
            #expect(message { try Study("golden", GoldenFiles.search, in: store, settings: [:]) }.contains("it was 6"))
        }
    }

    @Test func modelAndWeightsAreRead() throws {
        try withGolden { golden in
            let (model, expected) = (
                try TrainedModel(contentsOf: "\(golden)/model.safetensors"), try GoldenFiles.expected()
            )
            #expect(model.inputShape == [2] && model.classNames == ["0", "1"])
            #expect(model.meaning == .classes(areProbabilities: false) && model.preprocessing != .identity)
            #expect(
                isClose(
                    try model(GoldenFiles.samples).scalars.map(Double.init), expected.outputs.map(Double.init), 1e-5))
            #expect(try TrainedModel(run: RunFolder(existing: "\(golden)/run")).preprocessing == model.preprocessing)
            for name in ["weights.safetensors", "weights.npz", "model.safetensors", "run"] {
                var variables = try model.model.initialized(input: [2], seed: 99)
                let path = name == "run" ? try RunFolder(existing: "\(golden)/run").weights : "\(golden)/\(name)"
                try variables.load(path, usesAverages: true)
                #expect(variables.paths.count == 8)
                for path in variables.paths { #expect(variables[path]!.scalars == expected.weights[path], "\(path)") }
            }
        }
    }
}
