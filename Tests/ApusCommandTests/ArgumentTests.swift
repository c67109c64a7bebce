import ApusCommand
import Foundation
import Testing

/// What the command says of arguments.
@Suite struct ArgumentTests {
    @Test(arguments: [
        ("trian lenet5", 64, "there is no command trian (did you mean train?)"),
        ("nothingLikeIt", 64, "there is no command nothingLikeIt (known are train, evaluate, "),
        ("train", 64, "Usage: apus train "),
        ("train --threads 0 mlp", 64, "--threads expects a number in 1…1024, received 0"),
        ("--threads", 64, "--threads needs a number"),
        ("summary -- --threads", 64, "error: there is no network --threads (known are "),
        ("summary -- lenet5 --threads 1", 64, "Error: 2 unexpected arguments: '--threads', '1'"),
        (
            "train e.yaml", 71,
            "the variable 0.dense/kernel: a tensor float32[2, 1099511627776] takes 8.8 TB, but this machine has"
        ),
        (
            "train mlp --set data.source=xor --set 'callbacks=[{checkpoint: {keepBest: 9223372036854775807}}]'", 64,
            "a checkpoint keeps at most 1000 last and 1000 best ones, received 2 and 9223372036854775807"
        ),
        ("summary nosuch", 64, "there is no network nosuch"),
    ])
    func whatIsWrong(_ arguments: String, _ code: Int, _ message: String) throws {
        try Command.inFolder { command in
            try "data: {source: xor}\nmodel:\n  - dense: 1099511627776\n".write(
                toFile: "\(command.folder)/e.yaml", atomically: true, encoding: .utf8)
            let result = try command.shell("apus \(arguments)")
            #expect(result.code == Int32(code), "\(result.errors)")
            #expect(result.errors.contains(message), "\(result.errors)")
        }
    }

    @Test func helpNamesNetworksAndThreads() throws {
        try Command.inFolder { command in
            let help = try command.shell("apus --help").output
            for word in ["mlp, lenet5", "apus zoo", "--threads"] { #expect(help.contains(word), "\(word)") }
        }
    }

    /// Wherever the option stands.
    @Test(arguments: ["--threads 1 train", "train --threads=1"]) func threads(_ start: String) throws {
        try Command.inFolder { command in
            let result = try command.shell("apus \(start) mlp --set data.source=xor --epochs 1 --run r")
            #expect(result.code == 0)
            #expect(command.text("r/run.json").contains(#""threads" : 1"#))
        }
    }

    /// A network of the zoo has as many outputs as the data ask for.
    @Test(arguments: [
        ("data.source=xor", "Dense(2)"), ("data.source={blobs: {classes: 4}}", "Dense(4)"),
        ("data.source=linear --set loss=meanSquaredError --set metrics=[]", "Dense(1)"),
        ("data.source=xor --set loss=binaryCrossEntropy --set metrics=[]", "Dense(1)"),
    ])
    func outputsFollowTheData(_ setting: String, _ layer: String) throws {
        try Command.inFolder { command in
            let quoted = setting.split(separator: " --set ").map { "--set '\($0)'" }.joined(separator: " ")
            let result = try command.shell("apus train mlp \(quoted) --epochs 1 --run r")
            #expect(result.code == 0, "\(result.errors)")
            #expect(command.text("r/summary.txt").contains(layer))
            #expect(try command.shell("apus evaluate r").code == 0)
        }
    }
}

/// The line of progress fits every terminal.
@Suite struct ProgressLineTests {
    private func line(_ width: Int, _ measured: String = "loss 0.1234  accuracy 0.9876") -> String {
        ProgressLine(head: "epoch  3/10", fraction: 0.5, measured: measured, rate: "12k samples/s", left: "1:20 min")
            .text(width: width) { $0 }
    }

    @Test func whatMattersLeastGoesFirst() {
        #expect(
            line(120)
                == "epoch  3/10 ━━━━━━━━━━━━━━━━━━━━━━━━ loss 0.1234  accuracy 0.9876  12k samples/s  1:20 min left")
        #expect(line(80) == "epoch  3/10 ━━━━━━━━━━━━━━━━ loss 0.1234  accuracy 0.9876  1:20 min left")
        #expect(line(66) == "epoch  3/10 ━━━━━━━━ loss 0.1234  accuracy 0.9876  1:20 min left")
        #expect(line(60) == "epoch  3/10 loss 0.1234  accuracy 0.9876  1:20 min left")
        #expect(line(41) == "epoch  3/10 loss 0.1234  accuracy 0.9876")
        #expect(line(20) == "epoch  3/10 loss 0.")
        #expect(line(0) == "")
    }

    /// The part of the bar that is drawn is never more than the whole.
    @Test(arguments: [(-1, 0), (0, 0), (0.5, 12), (0.999, 23), (1, 24), (7, 24)])
    func theBarEnds(_ fraction: Double, _ drawn: Int) {
        let line = ProgressLine(head: "a", fraction: fraction, measured: "b", rate: "c", left: "d")
        #expect(
            line.text(width: 120) { "<\($0)>" }
                == "a \(String(repeating: "━", count: drawn))<\(String(repeating: "━", count: 24 - drawn))> b  c  d left"
        )
    }

    @Test func wideCharactersCountTwice() {
        #expect(columns("손실") == 4)
        #expect(columns("损失 a") == 6)
        for width in 0...140 { #expect(columns(line(width, "손실 0.5")) <= max(0, width - 1)) }
    }
}

/// Times and speeds have the units that stand behind them.
@Suite struct ProgressNumberTests {
    @Test(arguments: [
        (0, "0 samples/s"), (9_999.9, "9999 samples/s"), (10_000, "10k samples/s"), (171_900, "171k samples/s"),
        (-1, "? samples/s"), (.nan, "? samples/s"), (1e15, "? samples/s"),
    ])
    func rates(_ rate: Double, _ text: String) { #expect(ProgressLine.rate(rate) == text) }

    @Test(arguments: [
        (0, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.4, "59 s"), (59.6, "1:00 min"), (80, "1:20 min"),
        (3599, "59:59 min"), (3600, "1:00 h"), (7_380, "2:03 h"), (-1, "?"), (.infinity, "?"),
    ])
    func durations(_ seconds: Double, _ text: String) { #expect(ProgressLine.duration(seconds) == text) }
}
