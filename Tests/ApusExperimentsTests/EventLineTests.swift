import Apus
import ApusExperiments
import Foundation
import Synchronization
import Testing

/// The lines of `events.jsonl` are those that Documentation/Events.md describes.
@Suite struct EventLineTests {
    @Test func eventsAreDocumented() throws {
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "../../Documentation/Events.md"),
            encoding: .utf8)
        var documented: [String: Set<String>] = [:]
        var section = ""
        for line in page.split(separator: "\n") {
            if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
            if line.hasPrefix("| `") { documented[section, default: []].insert(String(line.split(separator: "`")[1])) }
        }
        let record = EpochRecord(
            1, step: 2, training: Measurements([("loss", 1)]), validation: Measurements([("loss", .nan)]),
            learningRate: 0.1, seconds: 1, samplesPerSecond: 1)
        let events: [Event] = [
            .began(epochs: 1, stepsPerEpoch: 1, samplesPerEpoch: 1), .epochBegan(1),
            .stepEnded(batch: 1, samples: 1, means: Measurements([("loss", 1)])), .epochEnded(record),
            .checkpointSaved("a/last"), .stopped(.interrupted), .ended(.completed),
        ]
        let lines = Mutex<[String: Set<String>]>([:])
        var state = try TrainingState(Sequential { Dense(2) }, optimizer: .sgd(), input: [2], seed: 1)
        let session = TrainingSession(
            loss: .softmaxCrossEntropy,
            callbacks: [
                .onEvent { _, control in
                    for event in events {
                        let line = try EventLine(event, control).json
                        let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
                        #expect(fields["v"] as? Int == EventLine.version)
                        lines.withLock { $0[fields["event"] as! String] = Set(fields.keys) }
                    }
                }
            ])
        let data = try Dataset(inputs: .zeros([1, 2]), labels: [0])
        try session.run(&state, on: data, epochs: 0, batchSize: 1) { _, _, _ in nil }
        let common = try #require(documented["Every line"])
        let code = lines.withLock { $0.mapValues { $0.subtracting(common) } }
        documented["Every line"] = nil
        documented["epochEnded"]?.remove("tables")
        #expect(documented == code)
        #expect(
            Set(EventLine.Field.allCases.map(\.rawValue))
                == common.union(code.values.reduce(Set(["tables"])) { $0.union($1) }))
    }
}
