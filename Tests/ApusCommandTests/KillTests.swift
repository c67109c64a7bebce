import ApusTestKit
import Foundation
import Testing

/// A training that is killed at any moment and resumed ends like one that was left alone.
@Suite struct KillTests {
    /// Everything that has a memory: augmentation, batch normalization, dropout, Adam, gathered gradients, averages, a schedule,
    /// callbacks, and a checkpoint every few steps.
    private static let experiment = """
        seed: 11
        data: {directory: data, validation: {fraction: 0.2, stratified: true}, augment: [flip, {randomCrop: {padding: 1}},
          {rotation: 20}, {noise: 0.05}, {mixup: 0.2}]}
        model:
          - conv2D: {filters: 4, kernelSize: 3, padding: same, activation: relu}
          - batchNorm
          - maxPool2D: 2
          - flatten
          - dropout: 0.3
          - dense: {units: 16, activation: relu, kernelRegularizer: {l2: 0.001}}
          - dense: 10
        metrics: [accuracy, f1]
        optimizer: {adam: {learningRate: 0.01}, accumulation: 2, average: 0.9, clipping: {globalNorm: 1}}
        schedule: {cosine: {warmupSteps: 5}}
        batchSize: 16
        epochs: 5
        callbacks:
          - earlyStopping: {monitor: validation.loss, patience: 4, minimumDelta: 0.01, restoreBest: true}
          - reduceOnPlateau: {monitor: validation.loss, factor: 0.5, patience: 1, threshold: 0.05}
          - timeLimit: 10000
          - terminateOnNonFinite
          - histograms
          - checkpoint: {everySeconds: 0, everySteps: 3, keepLast: 3, keepBest: 2}
        """

    /// Images of 8 × 8 in the files of Fashion-MNIST.
    private func writeImages(_ command: Command) throws {
        var random = SeededGenerator(seed: 1)
        try FileManager.default.createDirectory(
            atPath: "\(command.folder)/data", withIntermediateDirectories: true)
        func write(_ name: String, _ kind: UInt32, _ extents: [Int], _ bytes: [UInt8]) throws {
            let header = ([kind] + extents.map(UInt32.init)).flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
            try Data(header + bytes).write(to: URL(filePath: "\(command.folder)/data/\(name)"))
        }
        for (part, count) in [("train", 200), ("t10k", 20)] {
            let labels = (0..<count).map { $0 % 10 }
            let pixels = labels.flatMap { label in
                (0..<64).map { place in UInt8(15 * ((place * (label + 1)) % 11) + random.below(100)) }
            }
            try write("\(part)-images-idx3-ubyte", 0x803, [count, 8, 8], pixels)
            try write("\(part)-labels-idx1-ubyte", 0x801, [count], labels.map { UInt8($0) })
        }
    }

    /// Kills a process when something is seen, unless it ends before.
    private func kill(_ process: Process, when isSeen: () -> Bool) {
        while process.isRunning, !isSeen() { usleep(200) }
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    /// Twice when the log of events has grown by a random number of lines, then while a checkpoint is being written.
    ///
    /// `APUS_KILLS` asks for more runs than one.
    @Test(.timeLimit(.minutes(60))) func whatIsKilledEndsTheSame() throws {
        let wanted = ProcessInfo.processInfo.environment["APUS_KILLS"].flatMap { Int($0) } ?? 3
        try Command.inFolder { command in
            try writeImages(command)
            try command.write(Self.experiment, to: "e.yaml")
            try command.apus("train e.yaml --run whole --threads 1")
            let lines = command.text("whole/events.jsonl").count(where: \.isNewline)
            #expect(lines > 30)

            var random = SeededGenerator(seed: 2)
            var (kills, runs) = (0, 0)
            while kills < wanted {
                runs += 1
                let run = "run-\(runs)"
                for moment in 0... {
                    let isBegun = command.exists("\(run)/experiment.yaml")
                    if !isBegun { try? FileManager.default.removeItem(atPath: "\(command.folder)/\(run)") }
                    let arguments = isBegun ? "--resume \(run)" : "e.yaml --run \(run)"
                    let wantedLines = random.below(lines / 2)
                    let result = try command.shell("exec apus train \(arguments) --threads 1") { process in
                        switch moment {
                        case 0, 1:
                            let begin = command.text("\(run)/events.jsonl").count(where: \.isNewline)
                            kill(process) {
                                command.text("\(run)/events.jsonl").count(where: \.isNewline) > begin + wantedLines
                            }
                        case 2: kill(process) { isWritingCheckpoint(command, run) }
                        default: break
                        }
                    }
                    if result.code == SIGKILL { kills += 1; continue }
                    #expect(result.code == 0, "\(result)")
                    break
                }
                try compare(command, run, "whole")
            }
        }
    }

    private func isWritingCheckpoint(_ command: Command, _ run: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(command.folder)/\(run)/checkpoints")) ?? []
        return names.contains { $0.hasPrefix(".apus-") }
    }

    // MARK: Comparing

    private func compare(_ command: Command, _ run: String, _ whole: String) throws {
        for name in ["last", "best", "best-1"] {
            let weights = "checkpoints/\(name)/state.safetensors"
            let bytes = try #require(command.bytes("\(whole)/\(weights)"))
            #expect(bytes == command.bytes("\(run)/\(weights)"), "\(run)/\(weights)")
        }
        #expect(command.text("\(run)/histograms.jsonl") == command.text("\(whole)/histograms.jsonl"), "\(run)")
        #expect(try events(command, run) == events(command, whole), "\(run)")
        #expect(table(command, run) == table(command, whole), "\(run)")
        #expect(try state(command, run) == state(command, whole), "\(run)")
        for folder in [run, "\(run)/checkpoints"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(command.folder)/\(folder)")
            #expect(!names.contains { $0.hasPrefix(".") }, "\(names)")
        }
    }

    /// The events without what depends on the clock.
    private func events(_ command: Command, _ run: String) throws -> NSArray {
        let lines = command.text("\(run)/events.jsonl").split(separator: "\n")
        #expect(!lines.isEmpty)
        return try lines.map { without(["time", "seconds", "samplesPerSecond"], try Command.json($0)) } as NSArray
    }

    /// The table of measurements without its last columns, which are times.
    private func table(_ command: Command, _ run: String) -> [String] {
        command.text("\(run)/metrics.csv").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).dropLast(2).joined(separator: ",")
        }
    }

    /// The text of the last checkpoint without what depends on the clock.
    private func state(_ command: Command, _ run: String) throws -> NSDictionary {
        let all = try Command.json(command.text("\(run)/checkpoints/last/state.json"))
        var state = without(["checksum", "epochSeconds", "seconds", "samplesPerSecond"], all) as! [String: Any]
        let callbacks = try #require(state["callbacks"] as? [[String: Any]])
        #expect(callbacks.count > 3)
        state["callbacks"] = callbacks.filter { !["events", "timeLimit"].contains($0["name"] as? String) }
        return state as NSDictionary
    }

    /// A value of JSON without some keys, at any depth.
    private func without(_ keys: Set<String>, _ value: Any) -> Any {
        switch value {
        case let object as [String: Any]:
            object.filter { !keys.contains($0.key) }.mapValues { without(keys, $0) }
        case let list as [Any]: list.map { without(keys, $0) }
        default: value
        }
    }
}
