import ApusSearch
import ApusTestKit
import Foundation
import GRDB
import Testing

@Suite(.timeLimit(.minutes(20))) struct StoreTests {
    private let search = Search(space: ["x": .real(0...1)], strategy: .random, trials: 40)

    /// Two connections never claim the same trial.
    @Test func claims() async throws {
        try await withStorePath { path in
            let studies = try [
                Study("a", search, in: TrialStore(path: path)), Study("a", search, in: TrialStore(path: path)),
            ]
            let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
                for study in studies {
                    group.addTask { try (0..<20).compactMap { _ in try study.ask().trial?.number } }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(numbers.sorted() == Array(0..<40))
            #expect(try studies[0].ask() == .finished)
        }
    }

    /// Who comes second claims nothing.
    @Test func secondClaims() async throws {
        try await withStorePath { path in
            let halving = Strategy.successiveHalving(SuccessiveHalving(trials: 3, maximumBudget: 3))
            let study = try Study(
                "a", Search(space: ["x": .real(0...1)], strategy: halving), in: TrialStore(path: path))
            let other = try TrialStore(path: path)
            let first = try #require(try study.store.begin(0, ["x": 0.5], budget: 1, seed: 1, of: study.id))
            #expect(try other.begin(0, ["x": 0.7], budget: 1, seed: 1, of: study.id) == nil)
            #expect(try other.promote(0, to: 3, of: study.id) == nil)
            try study.tell(first, score: 1)
            #expect(try other.promote(0, to: 3, of: study.id)?.assignment == ["x": 0.5])
            #expect(try study.store.promote(0, to: 3, of: study.id) == nil)
            #expect(try study.store.promote(1, to: 3, of: study.id) == nil)
        }
    }

    /// Many that make the same file at once, in many rounds: each comes at another moment of the others' work.
    @Test(arguments: 0..<25) func simultaneousOpening(_ round: Int) async throws {
        try await withStorePath { path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let store = try TrialStore(path: path)
                        _ = try Study("study \(number)", search, in: store)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try TrialStore(path: path).studies().count == 8)
        }
    }

    /// Trials of a process that is no more are run again, three times at most; those of a living process are not.
    @Test func lostTrials() async throws {
        try await withStorePath { path in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "exit 0"]
            try process.run()
            process.waitUntilExit()

            let store = try TrialStore(path: path)
            let study = try Study("a", search, in: store)
            let lost = try #require(try study.ask().trial)
            let kept = try #require(try study.ask().trial)
            func kill(_ trial: Trial, _ change: String) throws {
                try store.database.write { database in
                    try database.execute(
                        sql: "UPDATE trials SET owner = \(change) WHERE number = ?", arguments: [trial.number])
                }
            }
            for attempt in 2...3 {
                try kill(lost, "json_set(owner, '$.process', \(process.processIdentifier))")
                let again = try #require(try study.ask().trial)
                #expect(again.number == lost.number && again.assignment == lost.assignment && again.seed == lost.seed)
                #expect(again.attempts == attempt)
            }
            // The number of the process is used again by another one.
            try kill(lost, "json_set(owner, '$.start', 'then')")
            #expect(try study.ask().trial?.number == 2)
            #expect(try study.trials()[0].state == .failed)
            #expect(try study.trials()[0].error == "its process died three times")

            // Another machine's trial is taken over only if silence was made a sign.
            try kill(kept, "json_set(owner, '$.host', 'elsewhere')")
            #expect(try study.ask().trial?.number == 3)
            #expect(message { try study.tell(kept, score: 1) } == "trial 1 does not run here: another process runs it")
            try await Task.sleep(for: .milliseconds(20))
            let impatient = try Study("a", search, in: store, silence: 0.01)
            #expect(try impatient.ask().trial?.number == 1)
        }
    }

    @Test(arguments: [0, 100, 5000])
    func notADatabase(_ length: Int) async throws {
        try await withStorePath { path in
            try Data(repeating: 0x41, count: length).write(to: URL(fileURLWithPath: path))
            let text = message { try TrialStore(path: path, patience: 0.2).studies() }
            if length == 0 {
                #expect(text == "no error")
            } else {
                #expect(
                    text
                        == "\(path) is not a database of searches. Name another file, or move it away to begin anew.")
            }
        }
    }

    @Test func otherDatabases() async throws {
        try await withStorePath { path in
            try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE notes (text)") }
            #expect(
                message { try TrialStore(path: path) } == "\(path) is a database of another program. Name another file."
            )
        }
        try await withStorePath { path in
            try TrialStore(path: path).database.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 of the future')")
            }
            #expect(
                message { try TrialStore(path: path) }
                    == "\(path) was written by a newer version of Apus. Use that version, or name another file.")
        }
        let nowhere = "/nowhere/at/all.sqlite"
        #expect(
            message { try TrialStore(path: nowhere) }
                == "\(nowhere) can't be opened: unable to open database file. "
                + "Check that its folder exists and may be written to."
        )
    }

    /// Columns that hold something else give an error.
    @Test(arguments: [
        "state = 'dead'", "assignment = '{'", "assignment = '[]'", "assignment = '{\"x\": 7}'", "assignment = '{}'",
        "scores = '{\"a\": 1}'", "number = 5", "seed = 'x'", "attempts = x'00'", "owner = '{}'", "budget = 'three'",
        "score = x'FF'", "state = x'FF'", "folder = x'FF'",
    ])
    func damagedRows(_ change: String) async throws {
        try await withStorePath { path in
            let store = try TrialStore(path: path)
            let study = try Study("a", search, in: store)
            _ = try study.ask()
            try store.database.write { try $0.execute(sql: "UPDATE trials SET \(change)") }
            let text = message { try Study("a", search, in: store).ask() }
            #expect(text.hasPrefix("\(path) is damaged: "), "\(text)")
            #expect(text.hasSuffix(". Restore it from a copy, or move it away to begin anew."), "\(text)")
        }
    }

    @Test func damagedStudies() async throws {
        try await withStorePath { path in
            let store = try TrialStore(path: path)
            _ = try Study("a", search, in: store)
            for text in ["{", "3", "{\"space\": {}}"] {
                try store.database.write { try $0.execute(sql: "UPDATE studies SET search = ?", arguments: [text]) }
                #expect(message { try store.search(of: "a") }.hasPrefix("\(path) is damaged: "))
            }
            try store.database.write { try $0.execute(sql: "DROP TABLE trials") }
            #expect(message { try Study("b", search, in: store).ask() }.hasPrefix("\(path) is damaged: no such table"))
        }
    }

    /// Bytes changed at random: an error or a result, never a crash.
    @Test func damagedBytes() async throws {
        try await withStorePath { path in
            do {
                let study = try Study("a", search, in: TrialStore(path: path))
                for _ in 0..<30 {
                    let trial = try #require(try study.ask().trial)
                    _ = try study.report(trial, step: 0, value: 1)
                    try study.tell(trial, score: 1)
                }
                try study.store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
                try study.store.database.close()
            }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            var random = SeededGenerator(seed: 5)
            for round in 0..<60 {
                for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                var changed = bytes
                if round % 6 == 0 {
                    changed.removeLast(Int.random(in: 1..<changed.count, using: &random))
                }
                for _ in 0..<(round + 1) {
                    changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                try changed.write(to: URL(fileURLWithPath: path))
                do {
                    let store = try TrialStore(path: path, patience: 0.1)
                    let study = try Study("a", search, in: store)
                    _ = try study.ask()
                    _ = try study.trials().map(study.values)
                } catch {
                    #expect(error is SearchError, "\(error)")
                }
            }
        }
    }
}
