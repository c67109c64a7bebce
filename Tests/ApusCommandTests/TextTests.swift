import ApusInference
import Foundation
import Testing

/// What commands tell people, word for word.
@Suite struct TextTests {
    /// `i.yaml`, whose network passes its inputs on, and `x.yaml`, on numbers; weights are frozen, so what they yield is known.
    private func prepare(_ command: Command) throws {
        try command.write(
            """
            data: {source: {blobs: {count: 20, classes: 2}}, validation: 0.2, test: 0.4}
            model: [{dense: {units: 2, kernelInitializer: identity}}]
            optimizer: {sgd: {}, groups: [{pattern: "*", isFrozen: true}]}
            batchSize: 10
            epochs: 1
            """, to: "i.yaml")
        try command.write(
            """
            data: {source: {sine: {count: 20}}, validation: 0.2, test: 0.4}
            model: [{dense: {units: 1, kernelInitializer: ones}}]
            optimizer: {sgd: {}, groups: [{pattern: "*", isFrozen: true}]}
            loss: meanSquaredError
            metrics: [meanAbsoluteError]
            batchSize: 10
            epochs: 1
            """, to: "x.yaml")
        try command.write("x0,x1\n0.5,-0.5\n-3,4\n", to: "points.csv")
        try command.write("x\n0.5\n-2\n", to: "numbers.csv")
        for name in ["i", "x"] { try command.apus("train \(name).yaml --run runs/\(name)") }
    }

    // MARK: Predictions

    @Test func predictionsOfClasses() throws {
        try Command.inFolder { command in
            try prepare(command)
            func predict(_ options: String) throws -> String {
                try command.apus("predict runs/i points.csv \(options)").output
            }
            #expect(try predict("") == "points.csv#0  0 89.8 %\npoints.csv#1  1 72.8 %\n")
            #expect(try predict("--limit 1") == "points.csv#0  0 89.8 %\n")
            let two = "points.csv#0  0 89.8 %  1 10.2 %\npoints.csv#1  1 72.8 %  0 27.2 %\n"
            #expect(try predict("--top-k 2") == two)
            #expect(try predict("--top-k 9") == two)
            let table = "input,class,probability\npoints.csv#0,0,0.8984\npoints.csv#1,1,0.7279\n"
            #expect(try predict("--csv") == table)
            #expect(
                try predict("--csv --top-k 2")
                    == "input,class1,probability1,class2,probability2\n"
                    + "points.csv#0,0,0.8984,1,0.1016\npoints.csv#1,1,0.7279,0,0.2721\n")
            // The end of a name says what a file holds, unless an option does.
            let json = try predict("--json")
            for (options, name, text) in [
                ("", "a.txt", table), ("", "a.json", json), ("", "a.JSON", json), ("--csv", "b.json", table),
                ("--json", "b.csv", json),
            ] {
                #expect(try predict("\(options) --output \(name)") == "")
                #expect(command.text(name) == text, "\(options) \(name)")
            }
        }
    }

    /// A file of a model says what the run says.
    @Test func predictionsOfFiles() throws {
        try Command.inFolder { command in
            try prepare(command)
            try TrainedModel("\(command.folder)/runs/i").write(to: "\(command.folder)/i.model")
            for options in ["", "--top-k 2 --csv", "--json"] {
                let expected = try command.apus("predict runs/i points.csv \(options)").output
                #expect(try command.apus("predict i.model points.csv \(options)").output == expected)
            }
            let wrong = try command.shell("apus predict i.yaml points.csv")
            #expect(wrong.code == 65 && wrong.errors.hasPrefix("error: i.yaml: "), "\(wrong.errors)")
            let none = try command.shell("apus predict nothing points.csv")
            #expect(
                none.code == 66 && none.errors.hasPrefix("error: nothing is not the folder of a run: "),
                "\(none.errors)")
        }
    }

    @Test func predictionsOfNumbers() throws {
        try Command.inFolder { command in
            try prepare(command)
            #expect(
                try command.apus("predict runs/x numbers.csv").output
                    == "numbers.csv#0  0.60925\nnumbers.csv#1  −0.8708\n")
            let json = try Command.json(try command.apus("predict runs/x numbers.csv --json").output)
            let numbers = try #require(json as? [[String: Any]]).map { ($0["numbers"] as! [Double])[0] }
            #expect(
                try command.apus("predict runs/x numbers.csv --csv").output
                    == "input,value\nnumbers.csv#0,\(Float(numbers[0]))\nnumbers.csv#1,\(Float(numbers[1]))\n")
            let wrong = try command.shell("apus predict runs/i numbers.csv")
            #expect(wrong.code == 65 && wrong.output == "")
            #expect(
                wrong.errors
                    == "error: numbers.csv: the table does not fit the network. Expected 2 columns; received 1. Give the columns that the network was trained on, in their order, without the label.\n"
            )
        }
    }

    // MARK: Measurements

    @Test func evaluations() throws {
        try Command.inFolder { command in
            try prepare(command)
            #expect(
                try command.apus("evaluate runs/i").output == """
                    test: 8 samples: loss 0.1577, accuracy 1.0000

                    class  precision  recall      F1  support
                    0         1.0000  1.0000  1.0000        4
                    1         1.0000  1.0000  1.0000        4

                    confusion matrix (rows: true class, columns: predicted class)
                         0  1
                    0 0  4  ·
                    1 1  ·  4

                    """)
            #expect(
                try command.apus("evaluate runs/x").output == """
                    test: 8 samples: loss 0.5178, meanAbsoluteError 0.5554

                    output  mean absolute error    RMSE        R²    bias
                    0                    0.5554  0.7196  −0.02484  0.5249

                    """)
            try command.apus("train i.yaml --set data.test=0 --run runs/untested")
            let untested = try command.shell("apus evaluate runs/untested")
            #expect(untested.code == 64 && untested.output == "")
            #expect(
                untested.errors
                    == "error: the data of runs/untested have no test part: data.test is 0, and the source has none of its own\n"
            )
        }
    }

    // MARK: Networks

    @Test func summaries() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let table = """
                layer              output  field  parameters  FLOPs  bytes
                ──────────────────────────────────────────────────────────
                0.dense  Dense(4)  [4]       all          12     20     16
                1.dense  Dense(2)  [2]       all          10     18      8
                ──────────────────────────────────────────────────────────
                total                                     22     38     24
                input [2], 22 of 22 parameters are trained; FLOPs and bytes for one sample, forward; field: the part of the input that one output depends on

                """
            #expect(try command.apus("summary d.yaml").output == table)
            // Only an experiment has data that say how large an input is.
            try command.write("- dense: 4\n- dense: 2\n", to: "layers.yaml")
            #expect(try command.apus("summary layers.yaml --input 2 --svg a.svg").output == table)
            #expect(command.text("a.svg").hasPrefix("<svg") && command.text("a.svg").hasSuffix("</svg>\n"))
            #expect(try command.apus("summary layers.yaml").output.contains("\ninput [28, 28, 1], 18 of 18 "))
            #expect(try command.apus("summary layers.yaml --input 2,3").output.contains("\ninput [2, 3], "))
        }
    }

    /// The program of training has a backward pass, that of a prediction has none.
    @Test func programs() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let training = try command.apus("summary d.yaml --program --batch-size 4").output
            let inference = try command.apus("summary d.yaml --program --inference --batch-size 4").output
            for heading in [
                "   before    after  nodes, by pass\n", "   before    after  steps, by pass\n",
                "       µs      %      operations         bytes   units   nodes   steps  computed together as\n",
                "       µs      %   GFLOP/s  % peak       bytes  unit  step\n",
            ] { for text in [training, inference] { #expect(text.contains("\n\n" + heading), "\(heading)") } }
            #expect(training.contains("softmaxCrossEntropyGradient\n") && !inference.contains("Gradient"))
            #expect(training.contains(" µs a step of 4 samples with Adam; arena "))
            #expect(inference.contains(" µs a step of 4 samples; arena "))
            // The times of the steps are shares of one whole.
            let rows = training.components(separatedBy: "unit  step\n")[1].split(separator: "\n").dropLast()
            let shares = rows.compactMap { Double($0.split(separator: " ")[1]) }
            #expect(shares.count == rows.count && rows.count > 5)
            #expect(abs(shares.reduce(0, +) - 100) < 0.06 * Double(rows.count))
        }
    }

    @Test func gradients() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let lines = try command.apus("gradcheck d.yaml --batch-size 3").lines
            let names = ["0.dense/kernel", "0.dense/bias", "1.dense/kernel", "1.dense/bias", "input"]
            #expect(lines.dropLast().map { $0.split(separator: " ")[1] } == names.map { $0[...] })
            #expect(lines.dropLast().allSatisfy { $0.hasPrefix("ok ") })
            #expect(lines[4].hasSuffix("6 elements of [3, 2]"))
            #expect(lines.last?.hasPrefix("all gradients are right: relative error ≤ ") == true)
            try command.write("- dense: 3\n- rescaling: {scale: 1e200}\n- exponential\n", to: "overflow.yaml")
            let wrong = try command.shell("apus gradcheck overflow.yaml --input 2")
            #expect(wrong.code == 1 && wrong.errors == "")
            #expect(wrong.lines.first?.hasPrefix("WRONG  0.dense/kernel") == true, "\(wrong.output)")
        }
    }

    @Test func benches() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let lines = try command.apus("bench d.yaml --seconds 0.01 --batch-size 4").lines
            try #require(lines.count == 3)
            let steps = [
                #/training   (\d+\.\d{3}) ms a step, (\d+) samples/s, \d+ GFLOP/s of operations done directly/#,
                #/inference  (\d+\.\d{3}) ms a step, (\d+) samples/s/#,
            ]
            for (line, pattern) in zip(lines, [steps[0]]) {
                let match = try #require(line.wholeMatch(of: pattern))
                // Both are rounded: 4 samples a step.
                let (time, rate) = (Double(match.1)! / 1000, Double(match.2)!)
                #expect(abs(time * rate - 4) <= 4 * (0.0006 / (time * 1000) + 1 / rate))
            }
            #expect(
                lines[2].wholeMatch(
                    of:
                        #/4 samples a step, Adam; \d+ kernel calls and \d+ bytes at the peak of training; medians of 0\.01 s each, means \d+\.\d{3} and \d+\.\d{3} ms/#
                ) != nil)
            let alone = try command.apus("bench d.yaml --seconds 0.01 --batch-size 4 --inference").lines
            try #require(alone.count == 2)
            #expect(alone[0].wholeMatch(of: steps[1]) != nil)
            #expect(
                alone[1].wholeMatch(of: #/4 samples a step; the median of 0\.01 s, the mean \d+\.\d{3} ms/#) != nil)
        }
    }

    // MARK: Runs

    @Test func runs() throws {
        try Command.inFolder { command in
            try prepare(command)
            let date = #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/#
            let list = try command.apus("runs list").output.replacing(date, with: "DATE").split(separator: "\n")
            #expect(
                list.first
                    == "run         state              started  validation.loss  validation.accuracy  test.accuracy")
            #expect(
                list.dropFirst().sorted() == [
                    "runs/i  completed  DATE           0.1557               1.0000         1.0000",
                    "runs/x  completed  DATE           2.8878                    –              –",
                ])
            let best = try command.apus("runs best --limit 1").output.replacing(date, with: "DATE")
            #expect(
                best
                    == "run         state              started  validation.loss\nruns/i  completed  DATE           0.1557\n"
            )
            let shown = try command.apus("runs show runs/i --threads 1").output.replacing(date, with: "DATE")
            let lines = shown.split(separator: "\n").map(String.init)
            #expect(
                lines.filter { !$0.hasPrefix("command") && !$0.hasPrefix("seed") } == [
                    "i: completed (completed)", "started   DATE, ended DATE", "epochs    1 of 1",
                    "last      loss 0.1480, accuracy 1.0000  validation loss 0.1557, accuracy 1.0000",
                    "test      loss 0.1577, accuracy 1.0000",
                    "files     checkpoints, events.jsonl, experiment.yaml, inputs.json, metrics.csv, plots, report.html, run.json, summary.txt",
                ])
            #expect(lines[1].wholeMatch(of: #/command   .*apus train i\.yaml --run runs/i/#) != nil)
            #expect(lines[3].wholeMatch(of: #/seed      7, \d+ threads, data xxh3:[0-9a-f]{16}/#) != nil)
            for name in ["show", "report"] {
                let missing = try command.shell("apus runs \(name) nothing")
                #expect(missing.code == 66 && missing.output == "")
                #expect(
                    missing.errors.hasPrefix("error: nothing is not the folder of a run: it has no experiment.yaml. "))
            }
        }
    }

    /// Best is what any epoch came to, also where it became worse.
    @Test func bestOfAllEpochs() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus(
                "train d.yaml --run runs/d --epochs 4 --learning-rate 0.3 --seed 4 --set data.source.blobs.noise=3")
            let losses = command.text("runs/d/metrics.csv").split(separator: "\n").dropFirst().map {
                Double($0.split(separator: ",")[4])!
            }
            try #require(losses.min()! < losses.last!)
            #expect(try command.apus("runs best").lines[1].hasSuffix(String(format: " %.4f", losses.min()!)))
            #expect(try command.apus("runs list").lines[1].contains(String(format: " %.4f ", losses.last!)))
        }
    }

    // MARK: All of them

    /// The names of the commands that a page of help lists.
    private func commands(_ command: Command, _ group: String) throws -> [String] {
        let page = try command.apus("\(group) --help").output
        guard let list = page.components(separatedBy: "SUBCOMMANDS:\n").dropFirst().first else { return [] }
        return list.components(separatedBy: "\n\n")[0].split(separator: "\n").filter {
            $0.hasPrefix("  ") && !$0.hasPrefix("   ")
        }.map { String($0.split(separator: " ")[0]) }
    }

    /// Every command ends with 0 where it can, and otherwise says why it can't.
    @Test func everyCommandSucceedsAndFails() throws {
        try Command.inFolder { command in
            try prepare(command)
            try command.write(String(repeating: "abcd", count: 40), to: "abcd.txt")
            try command.write(
                "{data: {source: {corpus: {files: abcd.txt, length: 8}}, test: 0}, model: {characterModel: {units: 4}}, epochs: 1}",
                to: "w.yaml")
            try command.apus("train w.yaml --run runs/w")
            let lines: [(name: String, right: String, wrong: String, code: Int32, message: String)] = [
                ("train", "i.yaml", "", 64, "Error: give a network, an experiment file, or --resume and a run\n"),
                ("evaluate", "runs/i", "", 64, "Error: Missing expected argument '<run>'\n"),
                ("predict", "runs/i points.csv", "runs/i i.yaml", 65, "error: i.yaml: this is not an IDX file"),
                (
                    "generate", "runs/w --length 5", "runs/i", 65,
                    "error: the model is no language model. Expected a model "
                ),
                (
                    "tune", "i.yaml --over 'seed={choice: [1]}' --trials 1", "i.yaml --over 'sed={choice: [1]}'", 64,
                    "error: sed can't be set: there is no key sed (did you mean seed?)\n"
                ),
                (
                    "cross-validate", "i.yaml --folds 2", "nothing.yaml", 66,
                    "error: nothing.yaml: there is no such file"
                ),
                ("runs list", "", "--folder nothing", 66, "error: there is no folder nothing; "),
                ("runs show", "runs/i", "i.yaml", 66, "error: i.yaml is not the folder of a run"),
                ("runs best", "", "--metric los", 66, "error: no run has measured los; there are "),
                ("runs compare", "runs/i runs/x", "runs/i runs/y", 66, "error: runs/y is not the folder of a run"),
                ("runs report", "runs/i", "runs", 66, "error: runs is not the folder of a run"),
                ("summary", "i.yaml", "lenet", 64, "error: there is no network lenet (did you mean lenet5?)\n"),
                (
                    "gradcheck", "i.yaml", "mlp --batch-size 0", 64,
                    "error: --batch-size must be at least 1, received 0\n"
                ),
                ("doctor", "i.yaml", "nothing.yaml", 66, "error: nothing.yaml: there is no such file"),
                ("export", "runs/i -o i.onnx", "nothing -o i.onnx", 66, "error: nothing is not the folder of a run: "),
                (
                    "import", "i.onnx i.apus", "nothing.onnx i.apus", 66, "error: nothing.onnx: there is no such file"
                ),
                ("verify", "i.onnx test_data_set_0", "nothing", 66, "error: nothing: there is no such file or folder"),
                ("experiment defaults", "", "x", 64, "Error: Unexpected argument 'x'\n"),
                ("experiment schema", "", "x", 64, "Error: Unexpected argument 'x'\n"),
                ("experiment check", "i.yaml", "nothing.json", 66, "error: nothing.json: there is no such file"),
                ("zoo", "", "x", 64, "Error: Unexpected argument 'x'\n"),
                ("lab list", "", "--language fr", 64, "Error: The value 'fr' is invalid for '--language <language>'"),
                (
                    "lab run", "ewa --output lab", "ewaa", 64,
                    "error: there is no experiment \"ewaa\" (did you mean ewa?)\n"
                ),
                ("lab show", "B3", "B9", 64, "error: there is no experiment \"B9\" (known are "),
                ("lab open", "", "x", 64, "Error: "),
                ("lab course", "course --output lab", "", 64, "Error: Missing expected argument '<folder>'\n"),
                ("bench", "i.yaml --seconds 0.01", "mlp --seconds 3601", 64, "error: --seconds must be in 0…3600, "),
            ]
            // One sample of two zeros, as ONNX keeps tensors: extents, type, bytes. The network passes it on.
            let data = Data([0x08, 1, 0x08, 2, 0x10, 1, 0x4A, 8] + Array(repeating: 0, count: 8))
            let folder = URL(filePath: command.folder).appending(path: "test_data_set_0")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["input_0.pb", "output_0.pb"] { try data.write(to: folder.appending(path: name)) }
            let groups = ["runs", "experiment", "lab"]
            let known =
                try commands(command, "").filter { !groups.contains($0) }
                + groups.flatMap { group in try commands(command, group).map { "\(group) \($0)" } }
            #expect(Set(known) == Set(lines.map(\.name)), "\(known)")
            for line in lines {
                // As on a machine that lacks what `make lab-data` fetches.
                let right = try command.shell("APUS_LAB_DATA=nothing apus \(line.name) \(line.right)")
                #expect(right.code == 0, "\(line.name): \(right.errors)")
                #expect(!right.output.isEmpty && !right.errors.contains("rror:"), "\(line.name): \(right.errors)")
                let wrong = try command.shell("apus \(line.name) \(line.wrong)")
                #expect(wrong.code == line.code, "\(line.name): \(wrong)")
                #expect(wrong.errors.hasPrefix(line.message) && wrong.output == "", "\(line.name): \(wrong)")
            }
        }
    }
}
