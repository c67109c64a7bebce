import Apus
import ApusExperiments
import ApusSearch
import ApusTestKit
import Foundation
import GRDB
import Testing

/// The rows of runs in the database.
@Suite struct RunRowTests {
    @Test func runsAreFound() throws {
        try withTemporaryFolder { parent in
            let path = "\(parent)/runs.sqlite"
            let store = try TrialStore(path: path)
            func run(_ folder: String, _ time: Double, _ loss: Double, _ tags: [String] = []) -> RunEntry {
                RunEntry(
                    folder: folder, name: "lenet5", state: "completed", started: Date(timeIntervalSince1970: time),
                    finished: Date(timeIntervalSince1970: time + 5), command: "apus train lenet5", version: "1.0",
                    final: ["validation.loss": loss + 0.1, "loss": .nan], best: ["validation.loss": loss], tags: tags)
            }
            let records = [
                run("/runs/lenet5-1", 1000, 0.5), run("/runs/lenet5-2", 3000, 0.3, ["long", "best"]),
                run("/other/lenet5-2", 2000, 0.4, ["long"]), run("/runs/broken-1", 500, .nan),
            ]
            for record in records { try store.record(record) }
            #expect(try store.runs().map(\.folder) == [1, 2, 0, 3].map { records[$0].folder })
            #expect(try store.runs(tag: "long").map(\.folder) == [1, 2].map { records[$0].folder })
            // What is known anew of a run leaves its tags.
            var again = records[1]
            again.tags = []
            again.state = "completed"
            try store.record(again)
            #expect(try store.run(again.folder).tags == records[1].tags)
            #expect(try store.run(again.folder).state == "completed")
            #expect(try store.runs(name: "alexnet").isEmpty)
            #expect(
                try store.bestRuns(.minimize(metric: "validation.loss")).map(\.folder)
                    == [1, 2, 0].map { records[$0].folder })
            #expect(
                try store.bestRuns(.maximize(metric: "validation.loss"), limit: 1).map(\.folder) == [records[0].folder])
            let found = try store.run("lenet5-1")
            #expect(found.best == records[0].best && found.started == records[0].started)
            #expect(found.final["loss"]?.isNaN == true)
            #expect(
                message { try store.run("lenet5-2") }
                    == "there is more than one run lenet5-2: /runs/lenet5-2, /other/lenet5-2")
            #expect(
                message { try store.run("lenet5-9") }
                    == "there is no run lenet5-9 in \(path); `apus runs list` shows all")
            var changed = records[0]
            changed.state = "interrupted"
            try store.record(changed)
            #expect(try store.run("/runs/lenet5-1").state == "interrupted")
            #expect(try store.removeRun("/runs/lenet5-1"))
            #expect(try !store.removeRun("/runs/lenet5-1"))
            #expect(try store.runs().count == 3)
        }
    }

    /// What a damaged row holds is an error that names the file.
    @Test func damagedRows() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/runs.sqlite"
            let store = try TrialStore(path: path)
            try store.record(RunEntry(folder: "a-1", name: "a", state: "completed", started: Date()))
            for column in ["started", "final", "tags"] {
                try store.database.write { try $0.execute(sql: "UPDATE runs SET \(column) = 'x'") }
                let error = #expect(throws: SearchError.self) { try store.runs() }
                #expect(error?.description.hasPrefix("\(path) is damaged: ") == true)
                #expect(error?.failureKind == .malformed)
                try store.record(RunEntry(folder: "a-1", name: "a", state: "completed", started: Date(), tags: ["b"]))
            }
        }
    }
}
