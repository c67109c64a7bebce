import Apus
import ApusExperiments
import Foundation
import Testing

@Suite struct RunCatalogTests {
    private func train(_ path: String, epochs: Int) throws {
        var run = try ExperimentRun(try moonsFile().setting("epochs", to: "\(epochs)").experiment())
        try run.begin(in: path)
        try run.train()
    }

    @Test func foldersAreWhatCounts() throws {
        try withFolder { folder in
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

    /// The version is that of the program that ran, not of the one that looks.
    @Test func runsHaveTheirOwnVersion() throws {
        try withFolder { folder in
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
