import Foundation
import Testing

/// How the command ends, and what it says then. What a signal does is in `InterruptTests`.
@Suite struct ExitCodeTests {
    /// A run `r` that has ended, and what else the lines below name.
    private func prepare(_ command: Command) throws {
        try command.writeExperiments()
        try command.apus("train d.yaml --run r --epochs 1")
        try command.write("- dense: 3\n- rescaling: {scale: 1e200}\n- exponential\n", to: "overflow.yaml")
        try command.write("a,b\n1,x\n", to: "table.csv")
        try command.write("name: [", to: "broken.yaml")
        try command.write("model: mlp\nepochs: many\ncolour: 3\n", to: "wrong.yaml")
    }

    @Test func everyKindOfEnd() throws {
        try Command.inFolder { command in
            try prepare(command)
            let lines: [(arguments: String, code: Int32, message: String)] = [
                // 1: what was to be shown is not so.
                ("gradcheck overflow.yaml --input 2", 1, ""),
                // 64: usage.
                (
                    "train d.yaml --epochs 0", 64,
                    "error: the setting epochs=0: expected a whole number from 1 but found 0 at epochs\n"
                ),
                (
                    "train d.yaml --set epoch=1", 64,
                    "error: epoch can't be set: there is no key epoch (did you mean epochs?)\n"
                ),
                ("train d.yaml --epochs many", 64, "Error: The value 'many' is invalid for '--epochs <epochs>'"),
                ("train d.yaml --nothing", 64, "Error: Unknown option '--nothing'"),
                (
                    "train d.yaml --set loss=meanSquare", 64,
                    "error: the setting loss=meanSquare: there is no loss meanSquare (known are "
                ),
                (
                    "train d.yaml --run x --set data.source.blobs.classes=3", 64,
                    "error: the data have 3 classes but the model yields 2 outputs; end it with Dense(3)\n"
                ),
                ("train mlp --init-map a=b", 64, "Error: --init-map needs --init FILE\n"),
                ("train mlp --init-except a", 64, "Error: --init-except needs --init FILE\n"),
                ("train mlp --init-replace-head", 64, "Error: --init-replace-head needs --init FILE\n"),
                ("train mlp --init-mode partial", 64, "Error: --init-mode needs --init FILE\n"),
                (
                    "train mlp --init r --init-map ab", 64,
                    "Error: --init-map expects FILE=MODEL, for instance encoder=backbone, received ab\n"
                ),
                (
                    "train mlp --init r --init-mode loose", 64,
                    "Error: The value 'loose' is invalid for '--init-mode <init-mode>': expected strict or partial, received loose"
                ),
                ("predict r table.csv --top-k 0", 64, "Error: --top-k must be at least 1, received 0\n"),
                ("predict r table.csv --limit 0", 64, "Error: --limit must be at least 1, received 0\n"),
                ("predict r table.csv --json --csv", 64, "Error: give --json or --csv, not both\n"),
                ("runs compare r", 64, "Error: give at least two runs\n"),
                ("runs compare r r --output a.pdf", 64, "Error: --output must end in .html or .svg, received a.pdf\n"),
                ("cross-validate d.yaml --folds 1", 64, "Error: --folds must be at least 2, received 1\n"),
                ("tune d.yaml", 64, "Error: give something to search over: --over PATH=DOMAIN, or --search FILE\n"),
                (
                    "tune d.yaml --over a --folder t", 64,
                    "error: --over expects PATH=DOMAIN, for instance batchSize={choice: [32, 64]}, received a\n"
                ),
                (
                    "tune d.yaml --over 'seed={choice: [1]}' --workers 0", 64,
                    "Error: --workers must be at least 1, received 0\n"
                ),
                ("bench d.yaml --seconds 0", 64, "error: --seconds must be in 0…3600, received 0.0\n"),
                ("bench d.yaml --batch-size 0", 64, "error: --batch-size must be at least 1, received 0\n"),
                ("summary d.yaml --batch-size 0", 64, "error: --batch-size must be at least 1, received 0\n"),
                ("summary d.yaml --input 2,0", 64, "Error: The value '2,0' is invalid for '--input <shape>'\n"),
                (
                    "summary d.yaml --precision float31", 64,
                    "Error: The value 'float31' is invalid for '--precision <precision>'."
                ),
                ("summary d.yaml --input 2,2,2,2 --set a", 64, "Error: Unknown option '--set'"),
                // 65: what a file says.
                (
                    "train .", 65,
                    "error: .: this is no experiment. Expected a file that ends in .yaml, .yml or .json, or a network by its name. Check the path.\n"
                ),
                ("train broken.yaml", 65, "error: broken.yaml:2: this is not YAML: "),
                ("train wrong.yaml", 65, "error: wrong.yaml:3: there is no key colour (known are name, "),
                (
                    "experiment check wrong.yaml", 65,
                    "error: wrong.yaml:2: expected a whole number but found \"many\" at epochs\nerror: wrong.yaml:3: there is no key colour"
                ),
                (
                    "experiment check d.yaml --set data.source.blobs.classes=3", 65,
                    "error: the data have 3 classes but the model yields 2 outputs; end it with Dense(3)\n"
                ),
                ("predict r d.yaml", 65, "error: d.yaml: this is not an IDX file (at byte 0)."),
                // 66: what is not there.
                ("train nothing.yaml", 66, "error: nothing.yaml: there is no such file. Check the path.\n"),
                ("predict r nothing.npy", 66, "error: nothing.npy: there is no such file. Check the path.\n"),
                ("train mlp --run x --set 'data.source={idx: nothing}'", 66, "error: nothing"),
                (
                    "evaluate nothing", 66,
                    "error: nothing is not the folder of a run: it has no experiment.yaml. Give the folder that `apus train` printed, for instance runs/lenet5-1\n"
                ),
                ("runs list", 66, "error: there is no folder runs; `apus train` makes it, --folder names another\n"),
                (
                    "runs best --folder . --metric nothing", 66,
                    "error: no run has measured nothing; there are training.accuracy, training.loss, validation.accuracy, validation.loss\n"
                ),
                // 74: what can't be written.
                ("train d.yaml --run d.yaml/r", 74, "error: "),
                ("runs compare r r --output nothing/a.svg", 74, "error: nothing/a.svg: "),
            ]
            for line in lines {
                let result = try command.shell("apus \(line.arguments)")
                #expect(result.code == line.code, "\(line.arguments): \(result)")
                #expect(result.errors.hasPrefix(line.message), "\(line.arguments): \(result.errors)")
                // Errors are no results.
                if ![1, 74].contains(line.code) { #expect(result.output == "", "\(line.arguments)") }
            }
        }
    }

    /// What is not a number ends with 3, and says where it arose; the run says so, too.
    @Test(arguments: ["", "--json"]) func divergence(_ option: String) throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.shell(
                "apus train d.yaml --run r --optimizer sgd --learning-rate 1e30 \(option)")
            #expect(result.code == 3)
            #expect(
                result.errorLines.last
                    == "error: training diverged at step 2 (epoch 1): the loss is NaN; the first value that is not finite arose in 1.dense (Dense(2)). Try a smaller learning rate, check the data for NaN, or clip gradients"
            )
            #expect(command.text("r/run.json").contains(#""state" : "diverged""#))
            #expect(command.exists("r/report.html"))
            #expect(try command.apus("runs show r").output.hasPrefix("d: diverged"))
            if option.isEmpty { #expect(result.output == "") }
        }
    }

    @Test func help() throws {
        try Command.inFolder { command in
            for line in ["--help", "help", "help train", "train --help", "runs --help", "--version"] {
                let result = try command.apus(line)
                #expect(!result.output.isEmpty && result.errors.isEmpty, "\(line)")
            }
            #expect(try command.apus("--version").output == "0.1.0\n")
        }
    }
}
