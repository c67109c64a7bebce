import ApusFormats
import ApusLab
import ApusTestKit
import Foundation
import Synchronization
import Testing

/// An experiment whose measurements are counted.
private struct Coins: LabExperiment {
    final class Counter: Sendable {
        let calls = Mutex<[String]>([])
    }

    let counter = Counter()
    var revision = 1
    var bias = 0.5

    var about: LabAbout {
        LabAbout(
            "coins", number: "X1", part: .foundations, title: Words("Coins", "동전"),
            question: Words("Is it fair?", "공평한가?"), setup: Words("Tosses.", "던지기."),
            lesson: Words("Held.", "성립."), surprise: Words("None.", "없음."), seeds: 4, revision: revision)
    }

    func arms(_ size: LabSize) -> [LabArm<Double>] {
        [LabArm("fair", Words("fair", "공평"), 0.5), LabArm("biased", Words("biased", "치우침"), bias)]
    }

    func measure(_ bias: Double, seed: UInt64) throws -> LabMeasurement {
        counter.calls.withLock { $0.append("\(bias) \(seed)") }
        var random = SeededGenerator(seed: seed)
        let heads = (0..<100).count { _ in random.real() < 2 * bias - 1 }
        return LabMeasurement(["heads": Double(heads) / 100], series: ["tosses": [1, .nan, .infinity]])
    }

    var claims: [Claim] {
        [
            Claim(
                "fair", Words("It is fair.", "공평하다."), statistic: Words("share of heads", "앞면의 비율"),
                .within(0.3...0.7), basis: .theory
            ) { .mean($0["fair"].numbers("heads")) }
        ]
    }

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] { [] }
}

@Suite struct LabRunnerTests {
    private func run(
        _ coins: Coins, in folder: String, seeds: Int? = nil, isStopped: @escaping @Sendable () -> Bool = { false }
    ) throws -> LabOutcome? {
        try Lab.run(coins, with: LabRunner(folder: folder, seeds: seeds, isStopped: isStopped))
    }

    @Test func nothingIsMeasuredTwice() throws {
        try withTemporaryFolder { folder in
            let coins = Coins(bias: 0.8)
            _ = try run(coins, in: folder, seeds: 2)
            #expect(coins.counter.calls.withLock { $0 } == ["0.5 1", "0.8 1", "0.5 2", "0.8 2"])
            _ = try run(coins, in: folder, seeds: 3)
            #expect(coins.counter.calls.withLock { $0 }.suffix(2) == ["0.5 3", "0.8 3"])
            #expect(coins.counter.calls.withLock { $0.count } == 6)
            // Another setting of one arm, and another revision of all.
            let changed = Coins(bias: 0.9)
            _ = try run(changed, in: folder, seeds: 2)
            #expect(changed.counter.calls.withLock { $0 } == ["0.9 1", "0.9 2"])
            let revised = Coins(revision: 2, bias: 0.8)
            _ = try run(revised, in: folder, seeds: 1)
            #expect(revised.counter.calls.withLock { $0.count } == 2)
        }
    }

    /// Stopped before any measurement and run again, an experiment writes the bytes of one that was never stopped.
    @Test func stoppingLosesAndChangesNothing() throws {
        try withTemporaryFolder { folder in
            let whole = try #require(try run(Coins(bias: 0.7), in: folder + "/whole"))
            let expected = try String(contentsOfFile: folder + "/whole/coins/results.json", encoding: .utf8)
            for limit in 0..<8 {
                let home = folder + "/\(limit)"
                let left = Mutex(limit)
                let coins = Coins(bias: 0.7)
                let stopped = try run(coins, in: home) {
                    left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                }
                #expect(stopped == nil && coins.counter.calls.withLock { $0.count } == limit)
                let finished = try #require(try run(coins, in: home))
                #expect(finished.results.arms.map(\.measurements.count) == whole.results.arms.map(\.measurements.count))
                #expect(coins.counter.calls.withLock { $0.count } == 8)
                #expect(try String(contentsOfFile: home + "/coins/results.json", encoding: .utf8) == expected)
            }
        }
    }

    /// A measurement that was cut short, or that is another's, is measured again.
    @Test func damagedMeasurements() throws {
        try withTemporaryFolder { folder in
            _ = try run(Coins(), in: folder, seeds: 1)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/coins/measurements").sorted()
            #expect(files.count == 2)
            let path = folder + "/coins/measurements/" + files[0]
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for damage in ["", String(text.prefix(text.count / 2)), text.replacing("\"seed\":1", with: "\"seed\":2")] {
                try damage.write(toFile: path, atomically: true, encoding: .utf8)
                let coins = Coins()
                _ = try run(coins, in: folder, seeds: 1)
                #expect(coins.counter.calls.withLock { $0.count } == 1)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
        }
    }

    @Test func seedsOfPilotsAreOthers() throws {
        try withTemporaryFolder { folder in
            let runner = LabRunner(folder: folder, seeds: 2, firstSeed: 1000)
            let outcome = try #require(try runner.run(Coins()))
            #expect(outcome.results.seeds == [1000, 1001])
        }
    }

    @Test func impossibleRuns() throws {
        try withTemporaryFolder { folder in
            #expect(
                message { try run(Coins(), in: folder, seeds: 0) } == "expected at least 1 seed but received 0")
            let file = folder + "/file"
            try "".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(
                message { try run(Coins(), in: file, seeds: 1) }.hasPrefix(
                    "the folder \"\(file)/coins/measurements\" can't be made: "))
        }
    }

    @Test func expectedVerdicts() throws {
        try withTemporaryFolder { folder in
            let outcome = try #require(try run(Coins(), in: folder))
            let file = folder + "/expected.json"
            func differences(_ text: String) throws -> [String] {
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                return try LabExpectations(file: file).differences(outcome)
            }
            #expect(try differences(#"{"coins": {"fair": "held"}, "other": {"a": "refuted"}}"#) == [])
            #expect(
                try differences(#"{"coins": {"fair": "refuted", "round": "held"}}"#) == [
                    "coins, fair: expected refuted but received held",
                    "coins, round: expected held but received no such claim",
                ])
            #expect(
                message { try differences(#"{"coins": {"fair": "true"}}"#) }
                    == "\"\(file)\" is no file of expected verdicts: expected {\"EXPERIMENT\": {\"CLAIM\": \"held\"}} with held, refuted or undecided"
            )
            #expect(
                message { try LabExpectations(file: folder + "/none.json") }
                    == "the file of expected verdicts \"\(folder)/none.json\" can't be read")
        }
    }

    @Test func resultsAsJSON() throws {
        try withTemporaryFolder { folder in
            _ = try run(Coins(bias: 0.7), in: folder, seeds: 2)
            let text = try String(contentsOfFile: folder + "/coins/results.json", encoding: .utf8)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(object["version"] as? Int == 1 && object["id"] as? String == "coins")
            #expect(object["seeds"] as? [Int] == [1, 2])
            let claim = try #require((object["claims"] as? [[String: Any]])?.first)
            #expect(claim["id"] as? String == "fair" && claim["relation"] as? String == "within")
            #expect(claim["threshold"] as? [Double] == [0.3, 0.7])
            #expect((claim["interval"] as? [Double])?.count == 2 && claim["value"] is Double)
            #expect(Verdict.allCases.map(\.rawValue).contains(claim["verdict"] as? String ?? ""))
            let arm = try #require((object["arms"] as? [[String: Any]])?.last)
            #expect(arm["id"] as? String == "biased" && arm["setting"] as? Double == 0.7)
            #expect(((arm["numbers"] as? [String: Any])?["heads"] as? [Double])?.count == 2)
        }
    }
}
