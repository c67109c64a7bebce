import Apus
import ApusExperiments
import ApusTestKit
import Foundation
import Testing

@Suite struct RunCatalogTests {
    private func train(_ path: String, epochs: Int) throws {
        var run = try ExperimentRun(try moonsFile().setting("epochs", to: "\(epochs)").experiment())
        try run.begin(in: path)
        try run.train()
    }

    @Test func foldersAreWhatCounts() throws {
        try withTemporaryFolder { folder in
            try train("\(folder)/a", epochs: 1)
            try train("\(folder)/deep/b", epochs: 4)
            let catalog = try RunCatalog(folder)
            try catalog.update()
            #expect(try Set(catalog.store.runs().map(\.folder)) == ["a", "deep/b"])
            let best = try catalog.store.bestRuns(.minimize(metric: "validation.loss"))
            #expect(best.map(\.folder) == ["deep/b", "a"])
            #expect(best[0].final["test.accuracy"] != nil)
            try FileManager.default.removeItem(atPath: "\(folder)/a")
            try FileManager.default.copyItem(atPath: "\(folder)/deep/b", toPath: "\(folder)/c")
            try "{".write(toFile: "\(folder)/deep/b/run.json", atomically: true, encoding: .utf8)
            var reports: [String] = []
            try catalog.update { reports.append($0) }
            #expect(try catalog.store.runs().map(\.folder) == ["c"])
            #expect(reports.count == 1 && reports[0].contains("deep/b is left out"))
        }
    }

    @Test func valuesAreThoseOfTheEpochs() throws {
        try withTemporaryFolder { folder in
            // Large steps: the last epoch is not the best one.
            let file = try moonsFile().setting("epochs", to: "4").setting("optimizer.adam.learningRate", to: "1.5")
            var run = try ExperimentRun(try file.experiment())
            try run.begin(in: "\(folder)/a")
            try run.train()
            let catalog = try RunCatalog(folder)
            try catalog.update()
            let (entry, record) = (try catalog.store.run("a"), try RunFolder(existing: "\(folder)/a").record())
            let epochs = try RunFolder(existing: "\(folder)/a").history().epochs
            for (name, isBetter) in [("loss", { $0 < $1 }), ("accuracy", { $0 > $1 })]
                as [(String, (Double, Double) -> Bool)]
            {
                let parts = [
                    ("training", epochs.map { $0.training[name] }), ("validation", epochs.map { $0.validation?[name] }),
                ]
                for (part, values) in parts {
                    let values = try values.map { try #require($0) }
                    #expect(entry.final["\(part).\(name)"] == values.last)
                    #expect(entry.best["\(part).\(name)"] == values.min(by: isBetter))
                    guard part == "training" else { continue }
                    #expect(Set([values[0], values[3], values.min(by: isBetter)]).count == 3)
                }
                #expect(try entry.final["test.\(name)"] == #require(record.test)[name])
            }
            #expect(entry.started == record.started && entry.finished == record.ended && entry.state == "completed")
        }
    }

    /// A run that nobody writes any more, though it says that it runs, has crashed.
    @Test func aRunWithoutItsProcessHasCrashed() throws {
        try withTemporaryFolder { folder in
            try train("\(folder)/a", epochs: 1)
            let ended = try RunFolder(existing: "\(folder)/a")
            var record = try ended.record()
            (record.state, record.ended) = (.running, nil)
            try ended.write(record)
            #expect(try ended.record().state == .crashed)
            var run = try ExperimentRun(try moonsFile().experiment())
            let running = try run.begin(in: "\(folder)/b")
            #expect(try running.record().state == .running)
            let catalog = try RunCatalog(folder)
            try catalog.update()
            #expect(try catalog.store.run("a").state == "crashed" && catalog.store.run("b").state == "running")
            // It is written down.
            let text = try String(contentsOfFile: "\(folder)/a/run.json", encoding: .utf8)
            #expect(text.contains("\"crashed\""))
            withExtendedLifetime(run) {}
        }
    }

    /// The version is that of the program that ran, not of the one that looks.
    @Test func runsHaveTheirOwnVersion() throws {
        try withTemporaryFolder { folder in
            try train("\(folder)/a", epochs: 1)
            let run = try RunFolder(existing: "\(folder)/a")
            let catalog = try RunCatalog(folder)
            func listed(_ program: String?) throws -> String? {
                var record = try run.record()
                record.program = program
                try run.write(record)
                try catalog.update()
                return try catalog.store.runs().first?.version
            }
            #expect(try run.record().program == ApusVersion.current)
            #expect(try listed("0.0.1") == "0.0.1")
            // Older files have no such field.
            #expect(try listed(nil) == "")
            let text = try String(contentsOfFile: "\(folder)/a/run.json", encoding: .utf8)
            #expect(!text.contains("\"program\""))
        }
    }
}

/// Files of a run that something has damaged.
@Suite struct DamagedRunTests {
    private func train(_ path: String) throws -> RunFolder {
        var run = try ExperimentRun(
            try moonsFile().setting("callbacks", to: "[histograms, tensorBoard]").setting("epochs", to: "2")
                .experiment())
        try run.begin(in: path)
        try run.train()
        return try RunFolder(existing: path)
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(filePath: path))
        body(&data)
        try data.write(to: URL(filePath: path))
    }

    @Test func damagesAreNamed() throws {
        try withTemporaryFolder { folder in
            let run = try train("\(folder)/a")
            #expect(run.damages == [])
            let history = try run.history()
            #expect(history.epochs.count == 2)
            func damage(_ file: String, _ expected: String, _ body: (inout Data) -> Void) throws {
                let path = "\(run.path)/\(file)"
                let kept = try Data(contentsOf: URL(filePath: path))
                defer { try? kept.write(to: URL(filePath: path)) }
                try change(path, body)
                #expect(run.damages.count == 1 && run.damages[0].contains(expected), "\(run.damages)")
                // What the checkpoint knows is told all the same.
                #expect(try run.history().epochs.map(\.training) == history.epochs.map(\.training))
            }
            try damage("metrics.csv", "metrics.csv: the file is cut off in its last line") { $0.removeLast(3) }
            try damage("metrics.csv", "metrics.csv: line 3") {
                $0.replaceSubrange($0.count - 20..<$0.count - 10, with: Data(count: 10))
            }
            try damage("metrics.csv", "metrics.csv is damaged: epoch 2") { data in
                data = data.prefix(data.dropLast().lastIndex(of: UInt8(ascii: "\n"))! + 1)
            }
            try damage("histograms.jsonl", "histograms.jsonl is damaged: line 1") {
                $0.replaceSubrange(5..<15, with: Data(count: 10))
            }
            try damage("histograms.jsonl", "histograms.jsonl is cut off") { $0 = Data() }
            try damage("events.jsonl", "events.jsonl is damaged: line 1") {
                $0.replaceSubrange(5..<15, with: Data(count: 10))
            }
            try damage("run.json", "run.json is damaged") { $0 = Data(count: $0.count) }
            let event = try #require(
                FileManager.default.contentsOfDirectory(atPath: "\(run.path)/tensorboard/training").first)
            try damage("tensorboard/training/\(event)", "a record is damaged") { $0[$0.count - 6] ^= 1 }
            try damage("tensorboard/training/\(event)", "ends within a record") { $0.removeLast(2) }
            try FileManager.default.removeItem(atPath: "\(run.path)/metrics.csv")
            var reports: [String] = []
            #expect(try run.history { reports.append($0) }.epochs.count == 2)
            #expect(reports == ["\(run.path)/metrics.csv is missing; what follows is from the last checkpoint"])
            // The list says so as well.
            let catalog = try RunCatalog(folder)
            reports = []
            try catalog.update { reports.append($0) }
            #expect(reports.count == 1)
            #expect(try catalog.store.runs()[0].final["validation.loss"] != nil)
        }
    }

    @Test func linksThatLeadUpAreNotFollowed() throws {
        try withTemporaryFolder { folder in
            _ = try train("\(folder)/deep/a")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/deep/up", withDestinationPath: "..")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/self", withDestinationPath: ".")
            let catalog = try RunCatalog(folder)
            try catalog.update()
            #expect(try catalog.store.runs().map(\.folder) == ["deep/a"])
        }
    }

    /// A list that can't be kept can be made.
    @Test func foldersThatCannotBeWritten() throws {
        try withTemporaryFolder { folder in
            _ = try train("\(folder)/a")
            // In place of permissions, which do not hold for everybody: a folder where the database would be.
            try FileManager.default.createDirectory(atPath: "\(folder)/runs.sqlite", withIntermediateDirectories: true)
            var reports: [String] = []
            let catalog = try RunCatalog(reading: folder) { reports.append($0) }
            try catalog.update()
            #expect(try catalog.store.runs().map(\.folder) == ["a"])
            #expect(reports.count == 1 && reports[0].hasPrefix("the list of runs is not kept:"))
        }
    }
}
