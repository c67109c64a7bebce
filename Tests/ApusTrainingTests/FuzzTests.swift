import Apus
import ApusExperiments
import ApusFormats
import ApusFuzzing
import Foundation
import Testing

/// Damaged experiments and checkpoints; ApusFormatsTests has the other formats.
@Suite(.serialized) struct FuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func yaml() async {
            await #expect(processExitsWith: .success) { try Fuzzing.yaml(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func checkpoint() async {
            await #expect(processExitsWith: .success) { try Fuzzing.checkpoint(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func yamlHere() throws { try Fuzzing.yaml(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func checkpointHere() throws { try Fuzzing.checkpoint(limited: false) }
}

extension Fuzzing {
    static func yaml(limited: Bool) throws {
        let samples = [
            "name: a\nmodel: [{conv2D: {filters: 4, kernelSize: 3}}, flatten, {dense: 2}]\nepochs: 3\n",
            "name: b\nmodel: mlp\noptimizer: {sgd: {momentum: 0.9}, clipping: {norm: 1}}\nschedule: {cosine: {warmupSteps: 5}}\n",
            "name: c\nmodel: &m lenet5\ndata: {source: {csv: {file: a.csv, target: b}}, augment: [flip]}\ncallbacks: [csv]\n",
            "{\"name\": \"d\", \"model\": [\"flatten\", {\"residual\": {\"body\": [{\"dense\": 3}]}}], \"seed\": 18446744073709551615}",
        ]
        try run(samples.map { Array($0.utf8) }, limited: limited) { bytes, mutator in
            let file = try ExperimentFile(yaml: String(decoding: bytes, as: UTF8.self), path: "fuzz.yaml")
            if mutator.chance(8) {
                _ = file.problems
                _ = try file.setting("optimizer.sgd.momentum", to: "0.5")
            }
            _ = try file.experiment()
        }
    }

    /// Files of a checkpoint, as often as not with a sum that fits again, so that damage behind it counts.
    static func checkpoint(limited: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-fuzz-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let model = Sequential { Dense(2) }
        let state = try TrainingState(model, optimizer: .adam(), input: [3], seed: 7)
        try state.write(to: "\(folder)/last")
        let (text, tensors) = ("\(folder)/last/state.json", "\(folder)/last/state.safetensors")
        let samples = try [text, tensors].map { Array(try Data(contentsOf: URL(filePath: $0))) }
        try run(samples, limited: limited) { bytes, mutator in
            let isText = bytes.first == UInt8(ascii: "{")
            var bytes = bytes
            if mutator.chance(2), isText { bytes = sealed(bytes) }
            try Data(bytes).write(to: URL(filePath: isText ? text : tensors))
            defer { try? Data(samples[isText ? 0 : 1]).write(to: URL(filePath: isText ? text : tensors)) }
            if isText {
                _ = try TrainingCheckpoint.newest(in: folder, for: state) { _ in }
            } else {
                _ = try state.reading(tensors)
            }
        }
    }
    /// The text with the sum that fits.
    private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let place = text.firstRange(of: /"checksum" : "[^"]*"/) else { return bytes }
        func with(_ sum: String) -> String { text.replacingCharacters(in: place, with: "\"checksum\" : \"\(sum)\"") }
        return Array(with(Checksum.text(of: Data(with("0000000000000000").utf8))).utf8)
    }
}
