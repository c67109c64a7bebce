import Foundation
import Testing

/// Language models on the command line.
@Suite struct GenerateTests {
    /// A run of a network that says the letters of `abcd` in turn, and one that tells classes.
    private func prepare(_ command: Command) throws {
        try command.write(String(repeating: "abcd", count: 200), to: "letters.txt")
        try command.write(
            """
            data: {source: {corpus: {files: letters.txt, length: 8}}, validation: 0.2, test: 0.2}
            model: {characterModel: {units: 12, embedding: 8}}
            optimizer: {adam: {learningRate: 0.05}}
            batchSize: 8
            epochs: 12
            """, to: "abcd.yaml")
        try command.apus("train abcd.yaml --run runs/abcd")
    }

    @Test func writesOn() throws {
        try Command.inFolder { command in
            try prepare(command)
            func generate(_ options: String) throws -> String {
                try command.apus("generate runs/abcd \(options)").output
            }
            #expect(try generate("--prompt ab --length 9 --temperature 0") == "abcdabcdabc\n")
            #expect(try generate("--prompt bcd --length 3 --top-k 1") == "bcdabc\n")
            let hot = "--prompt ab --length 60 --temperature 40"
            #expect(try generate(hot) == generate(hot + " --seed 7"))
            #expect(try generate(hot) != generate(hot + " --seed 8"))
            #expect(try generate("--length 5 --temperature 0").count == 6)

            let answer = try #require(
                Command.json(try generate("--prompt ab --length 4 --temperature 0 --seed 3 --json")) as? [String: Any])
            #expect(answer["prompt"] as? String == "ab" && answer["text"] as? String == "cdab")
            #expect(answer["tokens"] as? Int == 4 && answer["seed"] as? Int == 3)
            #expect(answer["seconds"] is Double && answer.count == 5)

            let unknown = try command.shell("apus generate runs/abcd --prompt 'a?' --length 1 --temperature 0")
            #expect(unknown.code == 0)
            #expect(
                unknown.errors
                    == "warning: the beginning has 1 token that the training did not have: the model guesses what it stands for\n"
            )
            // It is no classifier.
            let wrong = try command.shell("apus predict runs/abcd --text ab")
            #expect(wrong.code == 65)
            #expect(
                wrong.errors == """
                    error: the model says of each token which one comes next. Expected a text to go on with; received texts as samples. Let \
                    it write: apus generate RUN --prompt TEXT, or TextGenerator.

                    """)
        }
    }

    @Test func refusals() throws {
        try Command.inFolder { command in
            try command.write(
                """
                data: {source: {blobs: {count: 20, classes: 2}}, validation: 0.2, test: 0.4}
                model: [{dense: 2}]
                epochs: 1
                """, to: "blobs.yaml")
            try command.apus("train blobs.yaml --run runs/blobs")
            func refusal(_ line: String, _ code: Int32) throws -> String {
                let result = try command.shell("apus generate \(line)")
                #expect(result.code == code && result.output == "", "\(result)")
                return result.errors
            }
            #expect(
                try refusal("runs/blobs --prompt a", 65) == """
                    error: the model is no language model. Expected a model that was trained on a text; received one that was not. Train one \
                    on a text: data: {source: {corpus: FILE}}, see Text.md.

                    """)
            for (options, message) in [
                ("--length=-1", "--length must be at least 0, received -1"),
                ("--temperature=-1", "--temperature must be a number of at least 0, received -1.0"),
                ("--temperature nan", "--temperature must be a number of at least 0, received nan"),
                ("--top-k 0", "--top-k must be at least 1, received 0"),
                ("--top-p 0", "--top-p must be above 0 and at most 1, received 0.0"),
            ] {
                #expect(try refusal("runs/blobs \(options)", 64).hasPrefix("Error: \(message)\n"), "\(options)")
            }
        }
    }
}
