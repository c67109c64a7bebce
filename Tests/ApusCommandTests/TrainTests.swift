import ApusCommand
import Foundation
import Testing

/// What `apus train` says and keeps, and what its options do.
@Suite struct TrainTests {
    private static let measured = #"loss \d\.\d{4}, accuracy \d\.\d{4}"#

    /// Progress goes to standard error, the result to standard output, word for word.
    @Test func progressAndResult() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.apus("train d.yaml --run r")
            #expect(try #/test loss \d\.\d{4}, accuracy \d\.\d{4}\n/#.wholeMatch(in: result.output) != nil)
            let lines = result.errorLines
            try #require(lines.count == 4)
            #expect(
                lines[0]
                    == "d: 22 parameters; 48 rows of 2 features, 2 classes: 38 to train on, 10 to validate, 12 to test; run folder r"
            )
            #expect(lines[3].wholeMatch(of: #/report: r/report\.html \(\d+\.\d s\)/#) != nil)
            // The numbers are those of the table, in the units that stand behind them.
            let rows = command.text("r/metrics.csv").split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
            try #require(rows.count == 2)
            for (index, row) in rows.enumerated() {
                let numbers = row.map { Double($0)! }
                func shown(_ column: Int) -> String { String(format: "%.4f", numbers[column]) }
                #expect(
                    lines[index + 1]
                        == "epoch \(index + 1)/2  loss \(shown(2)), accuracy \(shown(3))  validation loss \(shown(4)), accuracy \(shown(5))  "
                        + "\(ProgressLine.duration(numbers[7])), \(ProgressLine.rate(numbers[8]))")
            }
        }
    }

    /// Numbers of epochs stand below each other.
    @Test func epochsAreAligned() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let lines = try command.apus("train d.yaml --run r --epochs 10").errorLines.filter { $0.hasPrefix("epoch") }
            #expect(lines.map { $0.prefix(13) } == (1...9).map { "epoch  \($0)/10  " } + ["epoch 10/10  "])
        }
    }

    /// A terminal has a line that is written anew, with colors unless it has none.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/script")),
        arguments: [("TERM=xterm", true, true), ("TERM=xterm NO_COLOR=1", true, false), ("TERM=dumb", false, false)])
    func terminals(_ environment: String, _ isRewritten: Bool, _ isColored: Bool) throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.write(
                "export \(environment); exec \(Command.path) train d.yaml --run r --epochs 1 --batch-size 38\n",
                to: "line.sh")
            let output = try command.shell("env -u NO_COLOR script -qec 'sh line.sh' /dev/null").output
            let bar = "\r\u{1B}[Kepoch 1/1 \(String(repeating: "━", count: 16))"
            #expect(output.contains(bar) == isRewritten, "\(output)")
            #expect(output.contains("\r\u{1B}[Kepoch 1/1  loss ") == isRewritten)
            #expect(output.contains("\nepoch 1/1  loss ") == !isRewritten)
            #expect(output.contains("\u{1B}[1md\u{1B}[0m: 22 parameters") == isColored)
            #expect(output.contains("\u{1B}[2m") == isColored)
        }
    }

    /// Events are all that standard output has, so that every line is JSON.
    @Test func eventsAsLines() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.apus("train d.yaml --run r --json")
            #expect(result.output == command.text("r/events.jsonl"))
            #expect(result.lines.count == 8)
            #expect(result.errorLines.map { $0.prefix(7) } == ["test lo", "report:"])
        }
    }

    /// Options are short for settings, stand above them, and the last of two settings counts.
    @Test func optionsAreSettings() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus(
                "train d.yaml --run r --set seed=3 --epochs 1 --batch-size 7 --optimizer sgd --learning-rate 0.25 --seed 11 "
                    + "--validation 0.25 --device reference --data . --freeze '0.*' --set name=first --set name=second --set epochs=9"
            )
            try command.apus(
                "train d.yaml --run s --set epochs=1 --set batchSize=7 --set optimizer=sgd --set optimizer.sgd.learningRate=0.25 "
                    + "--set seed=11 --set data.validation.fraction=0.25 --set device=reference --set data.directory=. "
                    + "--set 'optimizer.groups=[{pattern: \"0.*\", isFrozen: true}]' --set name=second")
            #expect(command.text("r/experiment.yaml") == command.text("s/experiment.yaml"))
            for line in [
                "name: second", "seed: 11", "directory: .", "fraction: 0.25", "learningRate: 0.25", "isFrozen: true",
                "batchSize: 7", "epochs: 1", "device: reference",
            ] {
                #expect(command.text("r/experiment.yaml").contains("\(line)\n"), "\(line)")
            }
            let weights = "checkpoints/last/state.safetensors"
            #expect(command.bytes("r/\(weights)") == command.bytes("s/\(weights)"))
        }
    }

    @Test func foldersAreNumbered() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            for number in 1...2 {
                #expect(
                    try command.apus("train d.yaml --epochs 1").errors.contains("run folder runs/d-\(number)\n"))
                #expect(command.exists("runs/d-\(number)/experiment.yaml"))
            }
        }
    }

    // MARK: Resuming

    /// Two epochs and two more are four epochs.
    @Test func moreEpochs() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus("train d.yaml --run whole --epochs 4")
            try command.apus("train d.yaml --run parts --epochs 2")
            let resumed = try command.apus("train --resume parts --epochs 4")
            #expect(resumed.errorLines.dropFirst().first == "resuming in epoch 3 of 4")
            #expect(
                resumed.errorLines.filter { $0.hasPrefix("epoch") }.map { $0.prefix(9) } == ["epoch 3/4", "epoch 4/4"])
            for name in ["last", "best"] {
                let weights = "checkpoints/\(name)/state.safetensors"
                #expect(command.bytes("whole/\(weights)") == command.bytes("parts/\(weights)"), "\(name)")
            }
            #expect(command.text("parts/metrics.csv").split(separator: "\n").count == 5)
            #expect(try command.apus("runs show parts").output.contains(", resumed once\n"))
        }
    }

    @Test func whatDoesNotFitResuming() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus("train d.yaml --run r")
            for option in [
                "d.yaml", "--set epochs=3", "--batch-size 5", "--optimizer sgd", "--learning-rate 1", "--device cpu",
                "--seed 1", "--validation 0.1", "--freeze a", "--run s", "--init r", "--range-test",
            ] {
                let result = try command.shell("apus train --resume r \(option)")
                #expect(result.code == 64, "\(option)")
                #expect(
                    result.errors
                        == "error: --resume continues the experiment of the run; besides it only --epochs, --data and --json fit\n",
                    "\(option)")
            }
            for option in ["", "--epochs 1", "--epochs 2"] {
                let result = try command.shell("apus train --resume r \(option)")
                #expect(result.code == 64)
                #expect(result.errors == "error: the run r is completed; give more epochs than 2 to continue\n")
            }
            let again = try command.shell("apus train d.yaml --run r")
            #expect(again.code == 64)
            #expect(
                again.errors
                    == "error: the folder r exists and is not empty; a run never overwrites another: choose a new name\n"
            )
        }
    }

    // MARK: Layers that join later

    @Test func layersThatJoinAreShown() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let unfreezing = "--set optimizer.unfreezing.gradually=1"
            let result = try command.apus("train d.yaml --run r \(unfreezing)")
            #expect(
                result.errorLines.filter { $0.contains("unfroze") } == ["epoch 2/2  unfroze 0.dense/*: 12 parameters"])
            #expect(command.text("r/events.jsonl").contains(#""parameters":12,"patterns":["0.dense/*"]"#))
            let json = try command.apus("train d.yaml --run s --json \(unfreezing)")
            #expect(json.output.contains(#""event":"unfroze""#))
            // One epoch after the other is the same training.
            let late = try command.apus("train d.yaml --run t --epochs 1 \(unfreezing)")
            #expect(
                late.errorLines.contains {
                    $0.hasSuffix(
                        "training ends after epoch 1, but the optimizer unfreezes 0.dense/* in epoch 2; give more epochs, or unfreeze earlier"
                    )
                })
            try command.apus("train --resume t --epochs 2")
            let weights = "checkpoints/last/state.safetensors"
            #expect(command.bytes("t/\(weights)") == command.bytes("r/\(weights)"))
            let patterns = "--set 'optimizer.unfreezing={patterns: [{pattern: \"0.*\", epoch: 3}]}'"
            let refused = try command.shell("apus train d.yaml \(patterns)")
            #expect(refused.code == 64 || refused.code == 65)
            #expect(refused.errors.contains("0.* is unfrozen in epoch 3, but there are 2 epochs"), "\(refused.errors)")
        }
    }

    // MARK: Weights from elsewhere

    /// What frozen layers yield is computed by the first run; later ones find it. All runs give the same bytes.
    @Test func featuresOfFrozenLayers() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus("train d.yaml --run a --freeze '0.*'")
            let weights = "checkpoints/last/state.safetensors"
            let bytes = try #require(command.bytes("a/\(weights)"))
            let cached = "APUS_FEATURES=features apus train d.yaml --set cacheFeatures=true"
            for (run, told) in [
                ("b", #/note: computed features of 48 samples: \d+\.\d s, \d kB; what trains begins with 1\.dense/#),
                ("c", #/note: features of 48 samples from the cache; what trains begins with 1\.dense/#),
            ] {
                let result = try command.shell("\(cached) --run \(run) --freeze '0.*'")
                #expect(
                    result.code == 0 && result.errorLines.contains { $0.wholeMatch(of: told) != nil },
                    "\(result.errors)")
                #expect(command.bytes("\(run)/\(weights)") == bytes)
                #expect(command.text("\(run)/experiment.yaml").contains("cacheFeatures: true"))
            }
            // What can't be done is found before there is a folder.
            let refused = try command.shell("\(cached) --run e")
            #expect(refused.code == 64)
            #expect(
                refused.errors
                    == "error: features can't be cached: the first layers are not frozen: 0.dense (Dense(4)) changes its kernel; freeze them, "
                    + "as with the pattern \"0.dense/*\", or train without cacheFeatures\n")
            #expect(try command.shell("test -e e").code == 1)
        }
    }

    /// Frozen weights are those that were loaded, whichever way their names are found.
    @Test func weightsToStartFrom() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus("train d.yaml --run r --epochs 1")
            let weights = "checkpoints/last/state.safetensors"
            let loaded = try command.apus("train d.yaml --run s --epochs 1 --init r --freeze '*'")
            #expect(loaded.errorLines.first == "4 of 4 variables loaded from r")
            #expect(try command.apus("evaluate s").output == command.apus("evaluate r").output)
            let fresh = try command.apus("train d.yaml --run t --epochs 1 --freeze '*' --seed 3")
            #expect(fresh.errorLines.first?.hasPrefix("d: 22 parameters") == true)
            #expect(try command.apus("evaluate t").output != command.apus("evaluate r").output)
            let bytes = try #require(command.bytes("s/\(weights)"))
            #expect(bytes != command.bytes("r/\(weights)"))

            let partial = try command.apus(
                "train d.yaml --run u --epochs 1 --init r --init-mode partial --set 'model=[{dense: 4}, {dense: 3}, {dense: 2}]'"
            )
            #expect(partial.errorLines.first?.hasPrefix("2 of 6 variables loaded from r") == true, "\(partial.errors)")
            let mapped = try command.apus(
                "train d.yaml --run v --epochs 1 --init r --init-mode partial --init-map 1.dense=2.dense "
                    + "--set 'model=[{dense: 4}, relu, {dense: 2}]'")
            #expect(mapped.errorLines.first?.hasPrefix("4 of 4 variables loaded from r") == true, "\(mapped.errors)")
            let strict = try command.shell("apus train d.yaml --run w --init r --set 'model=[{dense: 3}, {dense: 2}]'")
            #expect(strict.code == 65)
            let missing = try command.shell(
                "APUS_MODELS=/nowhere apus train d.yaml --run w --init mobilenetV2-imagenet")
            #expect(missing.code == 66 && missing.errors.contains("`make models` in the sources of Apus brings them"))
            for option in ["--init-replace-head", "--init-except 1.dense"] {
                let run = "x\(option.count)"
                let replaced = try command.apus(
                    "train d.yaml --run \(run) --epochs 1 --init r \(option) --set 'model=[{dense: 4}, {dense: 3}]'")
                #expect(
                    replaced.errorLines.prefix(2) == [
                        "2 of 4 variables loaded from r", "kept as they were: 1.dense/kernel, 1.dense/bias",
                    ])
                #expect(command.text("\(run)/run.json").contains("2 of 4 variables loaded from r"))
                #expect(command.text("\(run)/experiment.yaml").contains("from: r"))
            }
            #expect(
                strict.errors.hasPrefix(
                    "error: the weights in r do not belong to this model: other shapes: 0.dense/kernel"))
            #expect(!command.exists("w"))
        }
    }

    @Test func rangeTest() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let lines = try command.apus("train d.yaml --range-test").lines
            #expect(lines.first == "learning rate\tloss")
            #expect(lines.count > 50)
            #expect(lines[1].hasPrefix("1e-06\t"))
            #expect(lines.last?.hasPrefix("falls fastest at ") == true)
            #expect(!command.exists("runs"))
        }
    }
}
