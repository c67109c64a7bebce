import Apus
import ApusExperiments
import ApusTestKit
import Foundation
import Testing

/// The lines of `events.jsonl` are those that Documentation/Events.md describes.
@Suite struct EventLineTests {
    @Test func eventsAreDocumented() throws {
        let page = Page("Documentation/Events.md")
        var documented = Dictionary(
            uniqueKeysWithValues: page.sections.map { ($0, Set(page.rows($0).map(\.name))) }
        ).filter { !$0.value.isEmpty }
        let record = EpochRecord(
            1, step: 2, training: Measurements([("loss", 1)]), validation: Measurements([("loss", .nan)]),
            learningRate: 0.1, seconds: 1, samplesPerSecond: 1)
        let observation = try JSONDecoder().decode(
            StepObservation.self,
            from: Data(#"{"step":1,"loss":1,"lossAfter":1,"slope":0,"variables":[],"layers":[]}"#.utf8))
        let events: [Event] = [
            .began(epochs: 1, stepsPerEpoch: 1, samplesPerEpoch: 1), .epochBegan(1),
            .unfroze(epoch: 2, patterns: ["0.dense/*"], parameters: 6),
            .stepEnded(batch: 1, samples: 1, means: Measurements([("loss", 1)])), .observed(observation),
            .epochEnded(record),
            .checkpointSaved("a/last"), .stopped(.interrupted), .ended(.completed),
        ]
        let lines = Collector<(event: String, fields: Set<String>)>()
        var state = try TrainingState(Sequential { Dense(2) }, optimizer: .sgd(), input: [2], seed: 1)
        let session = TrainingSession(
            loss: .softmaxCrossEntropy,
            callbacks: [
                .onEvent { _, control in
                    for event in events {
                        let line = try EventLine(event, control).json
                        let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
                        #expect(fields["v"] as? Int == EventLine.version)
                        lines.add((fields["event"] as! String, Set(fields.keys)))
                    }
                }
            ])
        let data = try Dataset(inputs: .zeros([1, 2]), labels: [0])
        try session.run(&state, on: data, epochs: 0, batchSize: 1) { _, _, _ in nil }
        let common = try #require(documented["Every line"])
        let code = Dictionary(lines.elements) { first, _ in first }.mapValues { $0.subtracting(common) }
        documented["Every line"] = nil
        documented["epochEnded"]?.remove("tables")
        #expect(documented == code)
        #expect(
            Set(EventLine.Field.allCases.map(\.rawValue))
                == common.union(code.values.reduce(Set(["tables"])) { $0.union($1) }))
    }

    /// A training of three samples in batches of two, line by line.
    @Test func linesSayWhatHappened() throws {
        let data = try Dataset(inputs: Tensor([1, 2, 3] as [Float], shape: [3, 1]), labels: [0, 1, 0])
        var trainer = Trainer(
            Sequential { Dense(2) }, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.5), seed: 1)
        var lines: [[String: Any]] = []
        var records: [EpochRecord] = []
        var means: [Measurements] = []
        try trainer.fit(data, validation: data.prefix(1), epochs: 2, batchSize: 2) { event, control in
            let line = try EventLine(event, control).json
            lines.append(try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any])
            if case .epochEnded(let record) = event { records.append(record) }
            if case .stepEnded(_, _, let measured) = event { means.append(measured) }
        }
        func numbers(_ name: String) -> [Int] { lines.compactMap { $0[name] as? Int } }
        let names = lines.map { $0["event"] as? String }
        let epoch = ["epochBegan", "stepEnded", "stepEnded", "epochEnded"]
        #expect(names == ["began"] + epoch + epoch + ["ended"])
        #expect(lines[0]["epochs"] as? Int == 2 && lines[0]["stepsPerEpoch"] as? Int == 2)
        #expect(lines[0]["samplesPerEpoch"] as? Int == 3)
        #expect(numbers("epoch") == [1, 1, 1, 1, 2, 2, 2, 2])
        #expect(numbers("step") == [1, 2, 2, 3, 4, 4])
        #expect(numbers("batch") == [1, 2, 1, 2] && numbers("samples") == [2, 3, 2, 3])
        #expect(lines.compactMap { $0["learningRate"] as? Double } == [0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
        #expect(lines.compactMap { ($0["means"] as? [String: Double])?["loss"] } == means.map(\.loss))
        #expect(lines.compactMap { ($0["training"] as? [String: Double])?["loss"] } == records.map(\.training.loss))
        #expect(
            lines.compactMap { ($0["validation"] as? [String: Double])?["loss"] }
                == records.map { $0.validation?.loss })
        #expect(records.allSatisfy { $0.validation?.loss != $0.training.loss } && means.count == 4)
        for (name, values) in [
            ("seconds", records.map(\.seconds)), ("samplesPerSecond", records.map(\.samplesPerSecond)),
        ] {
            let found = lines.compactMap { $0[name] as? Double }
            // The last digit is lost when Foundation reads JSON.
            #expect(found.count == 2 && zip(found, values).allSatisfy { abs($0 / $1 - 1) < 1e-14 })
        }
        #expect(lines.last?["reason"] as? String == "\(StopReason.completed)")
    }
}
