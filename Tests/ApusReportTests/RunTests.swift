import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusReport
import Foundation
import ApusTestKit
import Testing

@Suite struct RunTests {
    @Test func historiesReturn() throws {
        let history = epochs([(0.5, 0.25), (1.0 / 3, .nan)])
        let header =
            "epoch,step,training.loss,training.accuracy,validation.loss,validation.accuracy,learningRate,seconds,samplesPerSecond"
        let rows = history.epochs.map { record in
            "\(record.epoch),\(record.step),\(record.training.loss),0.9,\(record.validation!.loss),0.8,0.01,2.0,500.0"
        }
        let read = try History(csv: ([header] + rows).joined(separator: "\n") + "\n", path: "metrics.csv")
        #expect("\(read.epochs)" == "\(history.epochs)")
        for text in ["epoch,step\n1\n", "epoch,step\n1,2", "epoch,step\n1,\0\0\n", "epoch,step\n2,4\n1,2\n"] {
            #expect(throws: FormatError.self) { try History(csv: text, path: "metrics.csv") }
        }
        #expect(try History(csv: "", path: "metrics.csv").epochs.isEmpty)
    }

    /// Names of metrics may be anything.
    @Test func namesWithCommasAndQuotesReturn() throws {
        try withTemporaryFolder { parent in
            let folder = try RunFolder(named: "x", in: parent)
            var trainer = try identity(2, loss: .softmaxCrossEntropy, metrics: [Metric(Awkward()), .accuracy])
            let data = try Dataset(inputs: Tensor([[1, 0], [0, 1]] as [[Float]]), labels: [0, 1])
            let history = try trainer.fit(
                data, validation: data, epochs: 2, batchSize: 2, callbacks: [.csv()], folder: folder.path)
            let read = try folder.history()
            #expect(read.epochs.map(\.training) == history.epochs.map(\.training))
            #expect(read.epochs.map(\.validation) == history.epochs.map(\.validation))
            #expect(read.epochs.last?.training["share, of \"right\"\nones"] == 1)
        }
    }

    @Test func modelDescriptionsReturn() throws {
        try withTemporaryFolder { parent in
            let folder = try RunFolder(named: "x", in: parent)
            let details = description(
                [4, 4, 3], .uint8, Preprocessing(scales: [0.1, 0.2, 0.3], offsets: [-1, 0, 1]), ["a", "b"])
            #expect(throws: FormatError.self) { try folder.modelDescription() }
            try folder.write(details)
            let read = try folder.modelDescription()
            #expect(read.inputs == details.inputs && read.outputs == details.outputs)
            #expect(read.preprocessing == details.preprocessing && read.model == nil)
            try folder.write("inputs.json", "{")
            #expect(throws: FormatError.self) { try folder.modelDescription() }
        }
    }

    /// Samples of one input, and classes.
    private func description(
        _ shape: Shape, _ type: ElementType, _ preprocessing: Preprocessing, _ classNames: [String]
    ) -> ModelDescription {
        ModelDescription(
            nil, inputs: [ModelDescription.Input("", shape, type)],
            outputs: [ModelDescription.Output(classNames: classNames, meaning: .classes(areProbabilities: false))],
            preprocessing: preprocessing)
    }

    /// A clock that was set back makes no time negative.
    @Test func negativeTimes() {
        var history = epochs([(1, 0.9)])
        history.epochs[0].seconds = -6.1
        let run = RunComparison.Run(name: "a", experiment: Experiment(name: "a", model: "lenet5"), history: history)
        let results = Dictionary(uniqueKeysWithValues: RunComparison([run]).results.map { ($0.name, $0.values) })
        #expect(results["training time"] == ["–"])
    }

    @Test func comparisons() throws {
        var other = Experiment(name: "b", model: "lenet5", optimizer: .adam(learningRate: 0.002))
        other.batchSize = 64
        let comparison = RunComparison([
            .init(
                name: "runs/a",
                experiment: Experiment(name: "a", model: "lenet5", optimizer: .adam(learningRate: 0.003)),
                history: epochs([(1, 0.9), (0.5, 0.6)])),
            .init(name: "runs/b", experiment: other, history: epochs([(1, nil)])),
        ])
        let differences = comparison.differences
        #expect(differences.map(\.path).contains("name"))
        #expect(differences.contains { $0.path == "batchSize" && $0.values == ["128", "64"] })
        #expect(differences.contains { $0.path.hasSuffix("learningRate") && $0.values == ["0.003", "0.002"] })
        #expect(!differences.map(\.path).contains("epochs"))
        let results = Dictionary(uniqueKeysWithValues: comparison.results.map { ($0.name, $0.values) })
        #expect(results["best epoch"] == ["2", "1"])
        #expect(results["last validation.loss"] == ["0.6000", "–"])
        expectSelfContained(comparison.html)
        #expect(xmlProblem(comparison.svg) == nil)
        #expect("\(comparison)".contains("batchSize"))
    }

    // MARK: Predictions

    @Test func predictionsOfTablesAndArrays() throws {
        try withTemporaryFolder { folder in
            let trainer = try identity(2, loss: .softmaxCrossEntropy)
            let inputs = description([2], .float32, .identity, ["no, never", "yes"])
            try AtomicFile.write("x,y\n0,2\n3,0\n", to: "\(folder)/t.csv")
            try NPY.write(try NumericArray(shape: [2], elements: [0, 1] as [Float]), to: "\(folder)/one.npy")
            let parts = try PredictionInput.read(["\(folder)/t.csv", "\(folder)/one.npy"], for: inputs)
            let model = try trainer.trained(
                input: [2], preprocessing: .identity, classNames: ["no, never", "yes"])
            let predictions = try parts.flatMap { try model.predict($0.samples, names: $0.names, top: 2) }
            #expect(predictions.map(\.input) == ["t.csv#0", "t.csv#1", "one.npy"].map { "\(folder)/\($0)" })
            #expect(predictions.map { $0.classes[0].name } == ["yes", "no, never", "yes"])
            #expect(abs(predictions[0].classes[0].probability - exp(2) / (exp(2) + 1)) < 1e-6)
            let lines = predictions.csv.split(separator: "\n")
            #expect(lines[0] == "input,class1,probability1,class2,probability2")
            #expect(lines[2].hasSuffix(",\"no, never\",0.9526,yes,0.0474"))
            #expect(try PredictionInput.read(["\(folder)/t.csv"], for: inputs, limit: 1).map(\.names.count) == [1])
            // What does not fit says so.
            let wide = description([3], .float32, .identity, [])
            for file in ["t.csv", "one.npy", "nothing.npy"] {
                #expect(throws: FormatError.self) { try PredictionInput.read(["\(folder)/\(file)"], for: wide) }
            }
        }
    }

    @Test func imagesAreFitted() throws {
        try withTemporaryFolder { folder in
            let inputs = description([4, 4, 1], .uint8, .unitRange, ["a"])
            try FileManager.default.createDirectory(atPath: "\(folder)/b", withIntermediateDirectories: true)
            let red = [UInt8](repeating: 0, count: 8 * 8).flatMap { _ in [255, 0, 0] as [UInt8] }
            try Image(height: 8, width: 8, channels: 3, pixels: red).writePNG(to: "\(folder)/b/red.png")
            try Image(height: 4, width: 4, channels: 1, pixels: [UInt8](0..<16)).writePNG(to: "\(folder)/a.png")
            let part = try #require(try PredictionInput.read([folder], for: inputs).first)
            #expect(part.names == ["\(folder)/a.png", "\(folder)/b/red.png"])
            #expect(part.samples.only.shape == [2, 4, 4, 1])
            #expect(Array(part.samples.only.scalars.prefix(16)) == (0..<16).map(Float.init))
            try FileManager.default.removeItem(atPath: "\(folder)/a.png")
            try FileManager.default.removeItem(atPath: "\(folder)/b/red.png")
            #expect(throws: FormatError.self) { try PredictionInput.read([folder], for: inputs) }
        }
    }

    @Test func numbersWhereBytesAreExpected() throws {
        try withTemporaryFolder { folder in
            let inputs = description([2, 2, 1], .uint8, .unitRange, ["a"])
            try NPY.write(
                try NumericArray(shape: [1, 2, 2], elements: [0, 0.5, 1, 0.25] as [Float]), to: "\(folder)/x.npy")
            #expect(try PredictionInput.read(["\(folder)/x.npy"], for: inputs)[0].remark != nil)
        }
    }
}

/// A metric whose name needs quotes wherever it is a field.
private struct Awkward: MetricRule {
    static let kind = "awkward"
    static let schema = Schema(Awkward())
    var name: String { "share, of \"right\"\nones" }
    var accumulation: MetricAccumulation { .sum }

    func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor { weights.sum().reshaped(to: [1]) }
    func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / 2) }
}
