import Foundation
import Testing

/// How a training ends that is asked to end, or killed; and that a folder has one writer.
@Suite struct InterruptTests {
    private static let train = "exec apus train mlp --set data.source=xor --run r --epochs 100000"

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func signalsSaveAndEnd(_ number: Int32) throws {
        try Command.inFolder { command in
            let result = try command.shell(Self.train) { process in
                #expect(command.waits(for: "r/metrics.csv", lines: 3))
                kill(process.processIdentifier, number)
                if number != SIGINT { kill(process.processIdentifier, number) }
            }
            #expect(result.code == 128 + number)
            #expect(result.errors.contains("interrupted; the weights are in r/checkpoints/last"))
            #expect(command.text("r/run.json").contains(#""state" : "interrupted""#))
            #expect(FileManager.default.fileExists(atPath: "\(command.folder)/r/checkpoints/last/state.safetensors"))
        }
    }

    /// Only a second Ctrl-C ends at once; what systems send one after the other lets the step end.
    @Test func otherSignalsAreNoSecondInterrupt() throws {
        try Command.inFolder { command in
            let result = try command.shell(Self.train) { process in
                #expect(command.waits(for: "r/metrics.csv", lines: 3))
                for number in [SIGTERM, SIGHUP] { kill(process.processIdentifier, number) }
            }
            #expect([128 + SIGTERM, 128 + SIGHUP].contains(result.code))
            #expect(command.text("r/run.json").contains(#""state" : "interrupted""#))
        }
    }

    /// In the midst of a step that takes seconds.
    @Test func aSecondInterruptEndsAtOnce() throws {
        try Command.inFolder { command in
            let line =
                "exec apus train mlp --set data.source.blobs.count=20000 --batch-size 20000 --run r "
                + "--set 'model=[{dense: 2048}, {dense: 2048}, {dense: 2048}, {dense: 3}]' --threads 1"
            let result = try command.shell(line) { process in
                #expect(command.waits(for: "r/events.jsonl", lines: 2))
                for _ in 0..<2 {
                    kill(process.processIdentifier, SIGINT)
                    usleep(200_000)
                }
            }
            #expect(result.code == 130)
            #expect(command.text("r/run.json").contains(#""state" : "running""#))
            #expect(!result.errors.contains("interrupted"))
        }
    }

    /// `nohup` asks that the end of a terminal changes nothing.
    @Test func nohup() throws {
        try Command.inFolder { command in
            let result = try command.shell("trap '' HUP; \(Self.train)") { process in
                #expect(command.waits(for: "r/metrics.csv", lines: 3))
                kill(process.processIdentifier, SIGHUP)
                let lines = command.text("r/metrics.csv").count(where: \.isNewline)
                #expect(command.waits(for: "r/metrics.csv", lines: lines + 3))
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(result.code == 143)
        }
    }

    @Test func aFolderHasOneWriter() throws {
        try Command.inFolder { command in
            let other = Command(folder: "\(command.folder)/other")
            try FileManager.default.createDirectory(atPath: other.folder, withIntermediateDirectories: true)
            let result = try command.shell(Self.train) { process in
                #expect(command.waits(for: "r/metrics.csv", lines: 3))
                let second = try other.shell("apus train --resume ../r --epochs 200000")
                #expect(second.code == 74)
                #expect(second.errors.contains("the run ../r is being written by another process"))
                let list = try other.shell("apus runs list --folder .. --json")
                #expect(list.output.contains(#""state" : "running""#))
                kill(process.processIdentifier, SIGKILL)
            }
            #expect(result.code == SIGKILL)
            #expect(command.text("r/run.json").contains(#""state" : "running""#))
            #expect(try other.shell("apus runs show ../r").output.contains("mlp: crashed"))
            #expect(try other.shell("apus runs list --folder .. --json").output.contains(#""state" : "crashed""#))
            #expect(command.text("r/run.json").contains(#""state" : "crashed""#))
            // What a killed process may leave.
            for name in ["r/.apus-1.tmp", "r/checkpoints/.apus-2/state.json"] {
                let file = URL(filePath: "\(command.folder)/\(name)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("{".utf8).write(to: file)
            }
            let resumed = try command.shell("exec apus train --resume r") { process in
                #expect(command.waits(for: "stderr", lines: 2))
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(resumed.code == 143)
            #expect(resumed.errors.contains("in epoch"))
            for folder in ["r", "r/checkpoints"] {
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(command.folder)/\(folder)")
                #expect(!names.contains { $0.hasPrefix(".apus-") }, "\(names)")
            }
        }
    }
}
