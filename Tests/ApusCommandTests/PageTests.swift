import ApusFormats
import ApusTestKit
import Foundation
import Testing

/// What pages say of the command: each line runs, in the order of the page, and prints what stands below it.
@Suite(.timeLimit(.minutes(10))) struct PageTests {
    /// A line of a page, and what the page says that it prints.
    struct Call: Equatable {
        var line: String
        var output: [String] = []
    }

    /// The calls of a page: after `$` in blocks of the language `console`, or indented lines that begin with the command.
    static func calls(_ page: Page) throws -> [Call] {
        var calls: [Call] = []
        for line in page.blocks.filter({ $0.language == "console" }).flatMap(\.lines) {
            if line.hasPrefix("$ ") {
                calls.append(Call(line: String(line.dropFirst(2))))
            } else {
                try #require(!calls.isEmpty, "\(page.name): output without a command")
                calls[calls.count - 1].output.append(line)
            }
        }
        let text = try String(contentsOf: Page.root.appending(path: page.name), encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix("    apus ") {
            calls.append(Call(line: line.trimmingCharacters(in: .whitespaces)))
        }
        return calls
    }

    /// Writes the files of a page (`x.yaml` for a block that begins with `name: x`) and runs its calls.
    private func run(
        _ page: Page, environment: String = "", prepare: (Command) throws -> Void, compare: Bool
    ) throws {
        try Command.inFolder { command in
            for block in page.blocks where block.language == "yaml" {
                if let name = block.lines.first?.split(separator: "name: ").last, block.lines[0].hasPrefix("name: ") {
                    try command.write(block.text, to: "\(name).yaml")
                } else if block.lines[0] == "space:" {
                    try command.write(block.text, to: "search.yaml")
                }
            }
            try prepare(command)
            let calls = try PageTests.calls(page)
            try #require(!calls.isEmpty)
            for call in calls {
                if call.line.contains("--resume runs/lenet5-1"), !call.line.contains("--epochs") {
                    try interruptedTraining(command, environment)
                }
                let result = try command.shell("\(environment)\n{ \(call.line)\n} 2>&1")
                #expect(result.code == 0, "\(call.line): \(result.output)")
                if compare { compareOutput(call, result.output) }
            }
        }
    }

    /// Compares line by line: `…` stands for any lines, or for the rest of one.
    private func compareOutput(_ call: Call, _ output: String) {
        guard !call.output.isEmpty else { return }
        let printed = output.split(separator: "\n").map(String.init)
        // What standard error says of the way there stands before what a page shows.
        var (next, skips) = (0, true)
        for line in call.output {
            if line == "…" {
                skips = true
                continue
            }
            let found = skips ? printed[next...].firstIndex { PageTests.agrees(line, $0) } : next
            guard let found, found < printed.count, PageTests.agrees(line, printed[found]) else {
                Issue.record("\(call.line)\nthe page: \(line)\nprinted:\n\(output)")
                return
            }
            (next, skips) = (found + 1, false)
        }
    }

    /// Whether a printed line is the page's: words and whole numbers are equal, others as near as other machines are.
    static func agrees(_ page: String, _ printed: String) -> Bool {
        let decimal = /\d+\.\d+/
        var (page, printed) = (page, printed)
        if page.hasSuffix("…") {
            page.removeLast()
            let words = page.matches(of: decimal).count
            let parts = printed.matches(of: decimal).prefix(words)
            guard parts.count == words else { return false }
            let rest = page.suffix(from: page.matches(of: decimal).last?.range.upperBound ?? page.startIndex)
            let end = parts.last?.range.upperBound ?? printed.startIndex
            printed = String(printed[..<end]) + (printed[end...].hasPrefix(rest) ? rest : "")
        }
        func numbers(_ text: String) -> [Double] { text.matches(of: decimal).compactMap { Double($0.output) } }
        guard page.replacing(decimal, with: "#") == printed.replacing(decimal, with: "#") else { return false }
        return zip(numbers(page), numbers(printed)).allSatisfy { abs($0 - $1) <= max(0.03, 0.15 * abs($0)) }
    }

    @Test(arguments: [
        ("loss 0.61, accuracy 0.77", "loss 0.62, accuracy 0.76", true), ("loss 0.61", "loss 0.81", false),
        ("36 samples", "37 samples", false), ("loss 0.61  …", "loss 0.60  0.3 s, 171k samples/s", true),
        ("loss 0.61  …", "lost 0.60  0.3 s", false), ("loss 0.61, accuracy 0.5", "loss 0.61", false),
        ("a…", "b", false),
    ])
    func comparing(_ page: String, _ printed: String, _ agrees: Bool) {
        #expect(PageTests.agrees(page, printed) == agrees)
    }

    /// The images of Fashion-MNIST, as many as asked for.
    private func images(_ part: String, _ count: Int) throws -> (pixels: [UInt8], labels: [UInt8]) {
        let folder =
            ProcessInfo.processInfo.environment["APUS_DATA"].map { "\($0)/" } ?? "/usr/share/datasets/fashion-mnist/"
        let pixels = try IDX.readImages("\(folder)\(part)-images-idx3-ubyte.gz")
        let labels = try IDX.readLabels("\(folder)\(part)-labels-idx1-ubyte.gz")
        return (Array(pixels.bytes.prefix(count * 784)), Array(labels.bytes.prefix(count)))
    }

    /// A folder `small` with the four files of Fashion-MNIST, cut short: networks of the zoo train in moments.
    private func writeSmallData(_ command: Command) throws {
        try FileManager.default.createDirectory(atPath: "\(command.folder)/small", withIntermediateDirectories: true)
        for (part, count) in [("train", 320), ("t10k", 64)] {
            let (pixels, labels) = try images(part, count)
            try IDX.write(
                NumericArray(shape: [count, 28, 28], elements: pixels),
                to: "\(command.folder)/small/\(part)-images-idx3-ubyte.gz", compressed: true)
            try IDX.write(
                NumericArray(shape: [count], elements: labels),
                to: "\(command.folder)/small/\(part)-labels-idx1-ubyte.gz", compressed: true)
        }
        try FileManager.default.copyItem(
            atPath: "\(command.folder)/small/t10k-images-idx3-ubyte.gz",
            toPath: "\(command.folder)/t10k-images-idx3-ubyte.gz")
    }

    /// Makes `runs/lenet5-1` anew, a training that Ctrl-C ends in its midst.
    private func interruptedTraining(_ command: Command, _ environment: String) throws {
        try FileManager.default.removeItem(atPath: "\(command.folder)/runs/lenet5-1")
        let result = try command.shell(
            "\(environment)\nexec apus train lenet5 --epochs 15 --batch-size 4 --run runs/lenet5-1"
        ) {
            #expect(command.waits(for: "runs/lenet5-1/metrics.csv", lines: 3))
            kill($0.processIdentifier, SIGINT)
        }
        #expect(result.code == 130, "\(result.errors)")
    }

    /// Writes the weights of `runs/lenet5-1` as other programs would have them, and images.
    private func writeForeignFiles(_ command: Command) throws {
        let state = try SafetensorsFile(
            "\(command.folder)/runs/lenet5-1/checkpoints/best/state.safetensors")
        let names = state.names.filter { $0.split(separator: "/").count == 2 && $0.contains(".") }
        try #require(names.count == 10)
        let weights = try names.map { (name: $0, array: try state.array($0)) }
        try SafetensorsFile.write(weights, to: "\(command.folder)/weights.safetensors")
        try NPZFile.write(weights, to: "\(command.folder)/weights.npz")
        try SafetensorsFile.write(
            weights.map { (name: $0.name.replacing("0.conv2D", with: "encoder"), array: $0.array) },
            to: "\(command.folder)/w.safetensors")
        try FileManager.default.createDirectory(atPath: "\(command.folder)/photos", withIntermediateDirectories: true)
        for name in ["shoe.png", "photos/a.png"] { try writeImage(command, name) }
    }

    private func writeImage(_ command: Command, _ name: String) throws {
        let (pixels, _) = try images("t10k", 1)
        try Image(height: 28, width: 28, channels: 1, pixels: pixels).writePNG(to: "\(command.folder)/\(name)")
    }

    private func copy(_ file: String, _ command: Command, to name: String) throws {
        try FileManager.default.copyItem(
            atPath: Page.root.appending(path: file).path, toPath: "\(command.folder)/\(name)")
    }

    @Test func readme() throws {
        try run(Page("README.md"), environment: "export APUS_DATA=small", prepare: writeSmallData, compare: false)
    }

    /// On the data of the page itself, so that what it prints can be compared.
    @Test func data() throws {
        try run(
            Page("Documentation/Data.md"),
            prepare: { command in
                try copy("Tests/Fixtures/wine.csv", command, to: "wine.csv")
                let names = [
                    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
                ]
                for name in names {
                    try FileManager.default.createDirectory(
                        atPath: "\(command.folder)/clothes/\(name)", withIntermediateDirectories: true)
                }
                let (pixels, labels) = try images("train", 5000)
                for (index, label) in labels.enumerated() {
                    let number = "0000\(index)".suffix(5)
                    let image = try Image(
                        height: 28, width: 28, channels: 1, pixels: Array(pixels[index * 784..<(index + 1) * 784]))
                    try image.writePNG(to: "\(command.folder)/clothes/\(names[Int(label)])/\(number).png")
                }
            }, compare: true)
    }

    @Test func experiments() throws {
        let environment = "export APUS_DATA=small"
        try run(
            Page("Documentation/Experiments.md"), environment: environment,
            prepare: { command in
                try writeSmallData(command)
                try copy("Tests/Fixtures/wine.csv", command, to: "wine.csv")
                try copy("Examples/experiments/fine-tuning.yaml", command, to: "fine-tuning.yaml")
                let wine = try #require(Page("Documentation/Data.md").blocks.first { $0.lines[0] == "name: wine" })
                try command.write(wine.text, to: "wine.yaml")
                for _ in 0..<2 { try command.apus("train lenet5 --epochs 2 --data small") }
                try command.apus("train wine.yaml --epochs 2")
                try writeForeignFiles(command)
            }, compare: true)
    }

    @Test func trainedModels() throws {
        try run(
            Page("Documentation/TrainedModels.md"), environment: "export APUS_DATA=small",
            prepare: { command in
                try writeSmallData(command)
                try writeImage(command, "shoe.png")
            }, compare: true)
    }

    /// On some of the lines that the page is about.
    @Test func texts() throws {
        try run(
            Page("Documentation/Text.md"),
            prepare: { command in
                let folder = "\(command.folder)/data"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try copy("Tests/Fixtures/authors.csv", command, to: "data/authors.csv")
                let lines = try String(contentsOfFile: "\(folder)/authors.csv", encoding: .utf8).split(separator: "\n")
                try command.write(
                    lines.filter { $0.hasSuffix(",Carroll") }.map { $0.dropLast(8) }.joined(separator: "\n"),
                    to: "data/alice.txt")
            }, compare: false)
    }

    @Test func lab() throws {
        try run(Page("Documentation/Lab.md"), environment: "", prepare: { _ in }, compare: true)
    }

    /// What it says depends on the data and the machine.
    @Test func doctor() throws {
        let page = Page("Documentation/Doctor.md")
        let given = try #require(page.blocks.first { $0.lines[0] == "name: softmax" })
        try run(
            page, environment: "export APUS_DATA=small",
            prepare: { command in
                try writeSmallData(command)
                try command.write(given.text, to: "experiment.yaml")
            }, compare: false)
    }

    @Test func everyPageWithCommandsIsRun() throws {
        let pages = try Page.all.filter { try !PageTests.calls($0).isEmpty }.map(\.name)
        #expect(
            pages == [
                "README.md", "Documentation/Data.md", "Documentation/Doctor.md", "Documentation/Experiments.md",
                "Documentation/Lab.md", "Documentation/Text.md", "Documentation/TrainedModels.md",
            ])
    }
}
