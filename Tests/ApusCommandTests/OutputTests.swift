import Testing

/// What can't be written is said; nothing is lost without a word, and training does not depend on whether somebody looks.
@Suite struct OutputTests {
    private static let train = "apus train mlp --set data.source=xor --epochs 1 --run r"

    @Test(arguments: [
        "experiment defaults", "experiment schema", "--help", "--version", "train --help", "summary lenet5",
        "runs list", "runs show r", "runs list --json", "evaluate r", "evaluate r --json",
        "predict r rows.npy --json",
    ])
    func lostResultsAreFailures(_ arguments: String) throws {
        try Command.inFolder { command in
            if arguments.contains("r") {
                #expect(try command.shell("mkdir runs; \(Self.train) 2>/dev/null").code == 0)
            }
            try command.shell(
                #"printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }" > rows.npy; "#
                    + "head -c 8 /dev/zero >> rows.npy"
            ).expectSuccess()
            for target in ["> /dev/full", ">&-"] {
                let result = try command.shell("apus \(arguments) \(target)")
                #expect(result.code == 74, "\(arguments) \(target): \(result)")
                #expect(result.errors.contains("error: standard output can't be written: "))
            }
            // The reader ends at once; the command waits for that.
            let result = try command.shell(
                "{ sleep 0.3; apus \(arguments); echo $? > code; } | :")
            #expect(command.text("code") == "74\n", "\(arguments): \(result)")
        }
    }

    @Test(arguments: ["2> /dev/full", "2>&-"]) func trainingNeedsNoReader(_ target: String) throws {
        try Command.inFolder { command in
            let result = try command.shell("\(Self.train) \(target)")
            #expect(result.code == 0)
            #expect(command.text("r/run.json").contains(#""state" : "completed""#))
        }
    }

    /// The weights of before are kept, and training can be resumed.
    @Test func eventsWithoutReader() throws {
        try Command.inFolder { command in
            let result = try command.shell("\(Self.train) --json > /dev/full")
            #expect(result.code == 74)
            #expect(command.text("r/run.json").contains(#""state" : "interrupted""#))
            #expect(try command.shell("apus train --resume r").code == 0)
            #expect(command.text("r/run.json").contains(#""state" : "completed""#))
        }
    }
}

extension Command.Result {
    func expectSuccess() { #expect(code == 0, "\(self)") }
}
