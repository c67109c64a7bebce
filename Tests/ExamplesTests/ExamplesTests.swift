import Apus
import ApusExperiments
import Foundation
import Testing

/// The programs in Examples/, as they are built: they run and print what they promise.
@Suite struct ExamplesTests {
    /// Where the build puts programs and tests.
    private static let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

    /// The lines that a program prints.
    private func run(
        _ name: String, _ environment: [String: String] = [:], arguments: [String] = [],
        files: (_ folder: String) throws -> Void = { _ in }
    ) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-example-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try files(folder.path)
        let (process, output) = (Process(), Pipe())
        process.executableURL = ExamplesTests.products.appending(path: name)
        process.currentDirectoryURL = folder
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(name) printed:\n\(text)")
        return text.split(separator: "\n").map(String.init)
    }

    private func numbers(_ line: String) -> [Double] {
        line.split(whereSeparator: { " ,".contains($0) }).compactMap { Double($0) }
    }

    @Test func activations() throws {
        let lines = try run("1-activations").map(numbers)
        #expect(lines.map(\.first) == [1, 2, 3, 4, 5])
        // Weights this small: every layer's activations lie near 1/2, and closer together from layer to layer.
        #expect(lines.allSatisfy { abs($0[1] - 0.5) < 0.02 })
        #expect(lines[0][2] < 0.03 && lines[4][2] < 0.02)
    }

    @Test func gradients() throws {
        let lines = try run("2-gradients").map(numbers)
        #expect(lines.count == 5)
        #expect(abs(lines[4][0] - 3) < 1e-3 && abs(lines[4][1] + 2) < 1e-3)
        #expect(lines[0][1] > 1 && lines[1][1] < 0.1 && lines[3][1] < 1e-6)
    }

    @Test func model() throws {
        let lines = try run("3-model")
        #expect(lines.first?.hasPrefix("layer") == true)
        #expect(lines.contains { $0.hasPrefix("6.dropout  Dropout(0.3)") })
        #expect(lines.last?.contains("61,706 of 61,706 parameters are trained") == true)
    }

    @Test func inference() throws {
        let lines = try run("8-inference")
        #expect(lines.count == 3)
        #expect(lines[0] == "[28, 28, 1] → " + (0..<10).map { "digit \($0)" }.joined(separator: ", "))
        #expect(lines[1].hasPrefix("#0 digit ") && lines[2].hasPrefix("#1 digit "))
        // Black pixels and no biases: all classes are equally probable; white pixels are told apart.
        #expect(lines[1].contains("digit 0 0.1000000"))
        #expect(!lines[2].contains("digit 0 0.1000000"))
    }

    @Test func trainedModel() throws {
        let lines = try run("16-trained-model") { folder in
            // Bright images are shoes, dark ones bags.
            for (name, level) in [("shoe", 200), ("bag", 20)] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/images/\(name)", withIntermediateDirectories: true)
                for index in 0..<10 {
                    try image(level + index).writePNG(to: "\(folder)/images/\(name)/\(index).png")
                }
            }
            try image(205).writePNG(to: "\(folder)/shoe.png")
            var experiment = Experiment(name: "lenet5", model: "lenet5", optimizer: .adam(learningRate: 0.01))
            experiment.data = DataSource(source: .images(ImageSource("images", channels: 1)), directory: folder)
            (experiment.epochs, experiment.batchSize) = (5, 4)
            var run = try ExperimentRun(experiment)
            try run.begin(in: "\(folder)/runs/lenet5-1")
            try run.train()
        }
        #expect(lines.count == 1 && lines[0].hasPrefix("[shoe "), "\(lines)")
    }

    private func image(_ level: Int) throws -> Image {
        try Image(height: 28, width: 28, channels: 1, pixels: Array(repeating: UInt8(level), count: 28 * 28))
    }

    @Test func search() throws {
        let lines = try run("7-search")
        #expect(lines.count == 7)
        #expect(lines[0].hasPrefix("test loss ") && lines[0].hasSuffix(" in runs/moons-1"))
        #expect((lines[1].split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) > 0.6)
        #expect(lines[2...5].map { $0.prefix(7) } == ["trial 0", "trial 1", "trial 2", "trial 3"])
        #expect(lines[6].hasPrefix("best model.0.dense.units: "))
    }

    private static let hasFashionMNIST =
        ProcessInfo.processInfo.environment["APUS_DATA"] != nil
        || FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")

    @Test(.enabled(if: hasFashionMNIST, "needs Fashion-MNIST")) func training() throws {
        let lines = try run("4-training", ["EPOCHS": "1"])
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("1 loss "))
        #expect(lines[1].hasPrefix("loss "))
        // 0.828 after one epoch; other CPUs round otherwise. Ten epochs take minutes where the cores are shared.
        #expect((0.81..<0.85).contains(try #require(numbers(lines[1]).last)))
    }

    @Test func ownLayer() throws {
        let lines = try run("5-custom-layer")
        #expect(
            lines.contains {
                $0.hasPrefix("1.skipBlock/conv1  Conv2D(filters: 8, kernelSize: 3, padding: .same, useBias: false)")
            })
        #expect(try #require(lines.last.map(numbers)?.last) > 0.95)
    }

    @Test func ownLoop() throws {
        let lines = try run("6-custom-training-loop").map(numbers)
        #expect(lines.count == 10)
        #expect(try #require(lines.last?.last) > 0.95)
    }

    @Test func functional() throws {
        let lines = try run("9-functional").map(numbers)
        #expect(lines.map(\.first) == [0, 100, 200, lines[3].last])
        #expect(lines[3][0] < 0.03 && lines[3][0] < 0.1 * lines[0][1])
    }

    @Test func ownParts() throws {
        let lines = try run("10-own-parts").map(numbers)
        #expect(lines.map(\.first) == [5, 10, 15, 20])
        #expect(lines[3][1] < 0.05)
    }

    @Test func twoTowers() throws {
        let lines = try run("11-two-towers")
        #expect(lines.count == 13)
        #expect(
            lines[0].hasPrefix("1 loss ") && lines[0].contains(", distance.loss ")
                && lines[0].contains(", class.accuracy "))
        #expect(try #require(numbers(lines[12]).last) > 0.97)
    }

    /// A language model that has learned its rhyme, and goes on with it.
    @Test func attention() throws {
        let lines = try run("17-attention")
        #expect(lines.count == 7)
        #expect(try #require(numbers(lines[5]).last) > 0.9, "\(lines[5])")
        // What it writes is in the rhyme's bytes, most of it in its words.
        let words = lines[6].dropFirst(32).split(separator: " ")
        let known = words.filter {
            "She sells seashells by the seashore. The shells she sells are seashells, I am sure.".contains($0)
        }
        #expect(lines[6].hasPrefix("he shells she sells by the sea, ") && known.count * 2 > words.count, "\(lines[6])")
    }

    /// At least 80 % of the points lie in clusters, and no more than one cluster is left out.
    @Test func adversaries() throws {
        let words = try #require(try run("12-gan").last).split(separator: " ")
        #expect(words.count == 4)
        #expect(Double(words[1]) ?? 0 > 0.8 && Int(words[3]) ?? 0 >= 7)
    }

    /// 286 nats after one epoch, 242 after ten.
    @Test(.enabled(if: hasFashionMNIST, "needs Fashion-MNIST")) func variationalAutoencoder() throws {
        let lines = try run("13-vae", ["EPOCHS": "1"])
        #expect(lines.count == 2)
        #expect((240..<270).contains(try #require(numbers(lines[1]).last)))
    }

    /// The pole stands for at least 400 of 500 steps, in the mean over sixteen.
    @Test func cartPole() throws {
        let best = try #require(try run("14-cartpole").last)
        #expect(try #require(numbers(best).last) > 400)
    }

    /// Eight labels become hundreds, and the network is no worse for it.
    @Test func pseudoLabels() throws {
        let lines = try run("18-pseudo-labels").map(numbers)
        #expect(lines.count == 5 && lines[0][1] == 8)
        #expect(lines[1...].allSatisfy { (500..<1000).contains($0[1]) })
        #expect(lines[4][2] > 0.8 && lines[4][2] > lines[0][2] - 0.02)
    }

    /// A layer and a loss of one's own in files.
    @Test func ownCommand() throws {
        let yaml = """
            data: {source: {npz: {file: data, inputs: x, targets: y}}}
            model: [causalAverage, {dense: 3}]
            loss: weighted
            metrics: [meanAbsoluteError]
            schedule: constant
            optimizer: {adam: {learningRate: 0.05}}
            batchSize: 32
            epochs: 10
            """
        func write(_ folder: String) throws {
            let x = Tensor.normal([256, 5, 3], key: RandomKey(seed: 1))
            let means = x.cumulativeSum(axis: 1) / Tensor.arange(1, 6).reshaped(to: [5, 1]) * 2
            try FileManager.default.createDirectory(atPath: "\(folder)/data", withIntermediateDirectories: true)
            try x.writeNPY(to: "\(folder)/data/x.npy")
            try means.writeNPY(to: "\(folder)/data/y.npy")
            try yaml.write(toFile: "\(folder)/sums.yaml", atomically: true, encoding: .utf8)
        }
        let lines = try run("15-own-command", arguments: ["train", "sums.yaml"], files: write)
        let test = try #require(lines.last.map(numbers))
        #expect(test.count == 2 && test[0] < 0.2)
        let summary = try run("15-own-command", arguments: ["summary", "sums.yaml"], files: write)
        #expect(summary.contains { $0.hasPrefix("0.causalAverage  CausalAverage()") })
    }
}
