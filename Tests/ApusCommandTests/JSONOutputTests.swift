import ApusTestKit
import Foundation
import Testing

/// What commands print as JSON has the fields of Documentation/Outputs.md, each of its type.
@Suite struct JSONOutputTests {
    /// The rows of a section: the type of each field, by its path.
    private func documented(_ section: String) throws -> [String: String] {
        let rows = Page("Documentation/Outputs.md").rows(section)
        try #require(!rows.isEmpty, "there is no section \(section)")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.cells[1]) })
    }

    /// The type of a value by the page's words; objects and lists of objects are entered, unless the page takes them as they are.
    private func fields(_ value: Any, _ path: String, _ page: [String: String], into found: inout [String: String]) {
        let known = page[path]
        if let object = value as? [String: Any], known != "object" {
            if known != nil { found[path] = "object, optional" }
            let isFree = page["\(path).*"] != nil
            for (key, inner) in object {
                fields(inner, isFree ? "\(path).*" : path.isEmpty ? key : "\(path).\(key)", page, into: &found)
            }
        } else if let list = value as? [Any], known == nil {
            for inner in list { fields(inner, "\(path)[]", page, into: &found) }
        } else {
            let type =
                switch value {
                case is [String: Any]: "object"
                case is [[Any]]: known == "list of numbers" ? "list of numbers" : "list of lists"
                case let list as [Any]:
                    list.allSatisfy { $0 is String } && !list.isEmpty ? "list of texts" : "list of numbers"
                case is String: "text"
                case is Bool where "\(Swift.type(of: value))".contains("Bool"): "true or false"
                default: "number"
                }
            found[path] = known == type + ", optional" ? known : type
        }
    }

    private func compare(_ texts: [String], _ section: String) throws {
        let page = try documented(section)
        var found: [String: String] = [:]
        for text in texts { fields(try Command.json(text), "", page, into: &found) }
        #expect(found == page, "\(section)")
    }

    @Test func fieldsAreThoseOfThePage() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.write("x0,x1\n0.5,-0.5\n3,4\n", to: "points.csv")
            try command.apus("train d.yaml --run runs/d")
            try command.apus("train n.yaml --run runs/n")
            try compare(
                ["d", "n"].map { try command.apus("evaluate runs/\($0) --json").output }, "apus evaluate --json")
            let predicted = try command.apus("predict runs/d points.csv --json --top-k 2").output
            let samples = try #require(try Command.json(predicted) as? [[String: Any]])
            #expect(samples.map { $0["input"] as? String } == ["points.csv#0", "points.csv#1"])
            #expect(samples.allSatisfy { ($0["classes"] as? [Any])?.count == 2 })
            try compare([predicted], "apus predict --json")
            try command.write(String(repeating: "abcd", count: 40), to: "abcd.txt")
            try command.write(
                "{data: {source: {corpus: {files: abcd.txt, length: 8}}, test: 0}, model: {characterModel: {units: 4}}, epochs: 1}",
                to: "w.yaml")
            try command.apus("train w.yaml --run written/w")
            try compare([try command.apus("generate written/w --json --length 5").output], "apus generate --json")
            for list in ["list", "best"] {
                try compare(
                    [try command.apus("runs \(list) --json").output], "apus runs list --json, apus runs best --json")
            }
            try compare(
                [try command.apus("cross-validate d.yaml --folds 2 --json").output], "apus cross-validate --json")
            let bench = try command.apus("bench d.yaml --seconds 0.01 --batch-size 4 --json").output
            try compare([bench], "apus bench --json")
            let numbers = try #require(try Command.json(bench) as? [String: Double])
            for step in ["training", "inference"] {
                let product = numbers["\(step)Milliseconds"]! * numbers["\(step)SamplesPerSecond"]!
                #expect(abs(product - 4000) < 1e-6)
            }
            let alone = try Command.json(try command.apus("bench d.yaml --seconds 0.01 --inference --json").output)
            #expect(
                Set(try #require(alone as? [String: Double]).keys)
                    == Set(numbers.keys.filter { $0.hasPrefix("inference") }))
            // Tokens, and a class for each step.
            try command.write(
                "[{embedding: {vocabulary: 9, units: 4}}, {lstm: {units: 3, returnsSequences: true}}, {dense: 9}]",
                to: "steps.yaml")
            let steps = try command.apus("bench steps.yaml --input 6 --seconds 0.01 --batch-size 2 --json").output
            try compare([steps], "apus bench --json")
        }
    }

    /// The latest run comes first, the best one by its metric: losses from below, all else from above.
    @Test func orderOfRuns() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            try command.apus("train d.yaml --run runs/one --epochs 1")
            try command.apus("train d.yaml --run runs/two --epochs 1 --learning-rate 0.3")
            func names(_ arguments: String) throws -> [String] {
                let runs = try #require(
                    try Command.json(try command.apus("runs \(arguments) --json").output) as? [[String: Any]])
                return runs.map { $0["folder"] as! String }
            }
            #expect(Set(try names("list")) == ["runs/one", "runs/two"])
            #expect(try names("best --metric validation.loss") == ["runs/two", "runs/one"])
            #expect(try names("best --metric validation.loss --limit 1") == ["runs/two"])
            #expect(try names("best --metric training.accuracy").first == "runs/two")
            let comparison = try command.apus("runs compare runs/one runs/two --output c.svg").output
            #expect(comparison.contains("learningRate"))
            #expect(command.text("c.svg").hasPrefix("<svg"))
            try? FileManager.default.removeItem(atPath: "\(command.folder)/runs/one/report.html")
            #expect(try command.apus("runs report runs/one").output == "runs/one/report.html\n")
            #expect(command.exists("runs/one/report.html"))
        }
    }
}
