import ApusLab
import Testing

/// Experiments whose files were not fetched, or are damaged.
@Suite struct LabFileTests {
    /// The others run; at the end it says which did not.
    @Test func missingFiles() throws {
        try Command.inFolder { command in
            let result = try command.shell("APUS_LAB_DATA=none apus lab run transfer ewa overfit --quick")
            #expect(result.code == 66)
            #expect(result.output.contains("B3 Averages that forget") && !result.output.contains("G4"))
            #expect(result.output.hasSuffix("lab/index.html\n"))
            let lines = result.errors.split(separator: "\n").map(String.init)
            #expect(
                lines.contains(
                    "note: G4 transfer: this experiment needs mnist_5k.csv (5,000 digits of MNIST) and digits.png (5,000 small digits), not found in \"none\"; fetch with: make lab-data, which is Scripts/lab-data.sh"
                ))
            #expect(
                lines.contains(
                    "note: D1 overfit: this experiment needs movieReviewSnippets_GroundTruth.txt (sentences of film reviews), not found in \"none\"; fetch with: make lab-data, which is Scripts/lab-data.sh"
                ))
            #expect(lines.last == "error: for lack of data did not run: G4 transfer, D1 overfit")
            #expect(command.text("lab/ewa/results.json").contains("\"quick\": true"))
            #expect(command.text("lab/transfer/results.json").isEmpty)
        }
    }

    /// The commands that the pages show are commands, with the options that they have there.
    @Test func recipesAreCommands() throws {
        let recipes = Lab.experiments.flatMap { $0.about.recipes + $0.about.next }.filter { $0.form == .shell }
        let lines = Set(recipes.flatMap { $0.text.split(separator: "\n") })
        #expect(lines.count > 10)
        try Command.inFolder { command in
            var help: [Substring: String] = [:]
            for line in lines {
                let words = line.split(separator: " ")
                try #require(words.count > 1 && words[0] == "apus", "\(line)")
                if line.hasPrefix("apus lab run ") {
                    #expect(words[3...].allSatisfy { Lab.experiment(String($0)) != nil }, "\(line)")
                    continue
                }
                if help[words[1]] == nil { help[words[1]] = try command.shell("apus \(words[1]) --help").output }
                #expect(help[words[1]]!.contains("USAGE: apus \(words[1])"), "\(line)")
                for option in words where option.hasPrefix("--") {
                    #expect(help[words[1]]!.contains("\(option) "), "\(line)")
                }
            }
        }
    }

    /// Where nothing ran there is no page over all.
    @Test func nothingRan() throws {
        try Command.inFolder { command in
            let result = try command.shell("APUS_LAB_DATA=none apus lab run transfer --quick")
            #expect(result.code == 66 && result.output.isEmpty)
        }
    }

    @Test(arguments: [
        ("1,2\n", "expected 784 pixels and the class 0 in row 1"), ("256,", "expected numbers from 0 to 255 in row 1"),
        ("a", "row 1 has other characters than digits and commas"), ("", "expected 5000 rows but received 0"),
    ])
    func damagedFiles(_ content: String, _ problem: String) throws {
        try Command.inFolder { command in
            let line = "printf '\(content.replacing("\n", with: "\\n"))' >mnist_5k.csv; touch digits.png; "
            let result = try command.shell(line + "APUS_LAB_DATA=. apus lab run transfer --quick")
            #expect(result.code == 65)
            #expect(
                result.errors.contains(
                    "error: \"./mnist_5k.csv\" does not hold 5,000 digits of MNIST: \(problem); remove it and run make lab-data"
                ), "\(result.errors)")
        }
    }
}
