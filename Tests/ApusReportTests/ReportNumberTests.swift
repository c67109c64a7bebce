import Apus
import ApusExperiments
import ApusReport
import Testing

/// The numbers of a report's page, and what its pictures are of.
@Suite struct ReportNumberTests {
    private func tile(_ value: String, _ label: String) -> String {
        "<div class=\"tile\"><b>\(value)</b><span>\(label)</span></div>"
    }

    /// Times add up, rates have a median, the best epoch is that of validation.
    @Test func tilesOfAHistory() {
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        report.experiment.epochs = 5
        report.history = epochs([(1, 0.9), (0.5, 0.25), (0.1, 0.7)])
        for (index, (seconds, rate)) in [(2.0, 900.0), (3, 100), (4.5, 400)].enumerated() {
            (report.history.epochs[index].seconds, report.history.epochs[index].samplesPerSecond) = (seconds, rate)
        }
        let page = report.html
        #expect(page.contains(tile("9.5 s", "training time")))
        #expect(page.contains(tile("400", "samples a second, median")))
        #expect(page.contains(tile("0.25", "best validation loss, epoch 2")))
        #expect(page.contains(tile("3 of 5", "epochs")))
    }

    /// Two classes of three occur: means are theirs, and the accuracy is the first tile.
    @Test func meansOfClasses() throws {
        let trainer = try identity(3, loss: .softmaxCrossEntropy, metrics: [.accuracy])
        // Class 0: two of three are right; class 1: one of one.
        let data = try Dataset(
            inputs: Tensor([5, 0, 0, 5, 0, 0, 0, 5, 0, 0, 5, 0] as [Float], shape: [4, 3]), labels: [0, 0, 0, 1],
            classNames: ["a", "b", "c"])
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        report.evaluation = try Evaluation(trainer, on: data)
        let page = report.html
        let mean = try #require(page.firstMatch(of: /<tr><td><b>Mean<\/b><\/td>(.*)<\/tr>/)).1
        let numbers = mean.matches(of: /<b>([\d.]+)<\/b>/).map { String($0.1) }
        // Precision 1 and 1/2, recall 2/3 and 1, F1 4/5 and 2/3; support 4.
        #expect(numbers == ["0.7500", "0.8333", "0.7333"])
        #expect(mean.hasSuffix("<td>4</td>"))
        #expect(page.contains("<div class=\"tiles\">\n" + tile("75.00 %", "test accuracy")))
    }

    /// The first feature goes across, the second up; places have the class that the model gives them.
    @Test func decisionsInThePlane() throws {
        let trainer = try identity(2, loss: .softmaxCrossEntropy)
        let data = try Dataset(
            inputs: Tensor([0, 0, 1, 4] as [Float], shape: [2, 2]), labels: [0, 1], classNames: ["a", "b"])
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        try report.look(at: trainer, training: nil, test: data)
        let plane = try #require(report.plane)
        let regions = try #require(plane.regions)
        // Class 1 is where the second feature is larger.
        #expect(regions.x == -0.08...1.08 && regions.y == -0.32...4.32)
        #expect(regions.classes.first?.last == 0 && regions.classes.last?.first == 1)
        #expect(regions.classes.last?.last == 1 && regions.classes.count == 96)
        #expect(plane.groups.map(\.name) == ["a", "b"])
        #expect(plane.groups.map(\.x) == [[0], [1]] && plane.groups.map(\.y) == [[0], [4]])
    }

    /// Bytes are shown as they are, numbers from their least to their greatest.
    @Test func samplesAsImages() throws {
        let bytes = Tensor((0..<16).map { 3 * $0 + 10 }, shape: [1, 4, 4, 1]).cast(to: .uint8)
        let gray = try Dataset(inputs: bytes, labels: [0])
        #expect(RunReport.image(gray, 0, caption: "a")?.pixels == (0..<16).map { UInt8(3 * $0 + 10) })
        let numbers = try Dataset(
            inputs: Tensor((0..<48).map { Float($0) / 47 - 2 }, shape: [1, 4, 4, 3]), labels: [0])
        let image = try #require(RunReport.image(numbers, 0, caption: "b"))
        #expect(image.pixels.first == 0 && image.pixels.last == 255 && image.channels == 3 && image.caption == "b")
        let flat = try Dataset(inputs: .zeros([1, 16]), labels: [0])
        #expect(RunReport.image(flat, 0, caption: "") == nil)
    }

    /// Outputs are those of the innermost layers that change numbers.
    @Test func innermostLayers() throws {
        let model = Sequential {
            Residual {
                Dense(4)
                ActivationLayer(.relu)
            }
            Dropout(0.5)
            Sequential { Dense(3) }
        }
        let batch = Batch(inputs: .ones([8, 4]), targets: Tensor([0, 1, 2, 0, 1, 2, 0, 1] as [Int32]))
        let survey = try LayerSurvey(
            model, try model.initialized(input: [4], seed: 1), objective: Objective(loss: .softmaxCrossEntropy),
            batch: batch, seed: 1)
        #expect(
            survey.activations.map(\.path) == [
                "0.residual/body/0.dense", "0.residual/body/1.activation", "2.sequential/0.dense",
            ])
    }

    /// What is best is not what is last.
    @Test func comparedNumbers() {
        let runs = [[(0.9, 0.8), (0.5, 0.4), (0.3, 0.7)], [(1, 0.5)]].enumerated().map { index, losses in
            RunComparison.Run(
                name: "\(index)", experiment: Experiment(name: "a", model: "lenet5"),
                history: epochs(losses.map { (training: $0.0, validation: $0.1) }))
        }
        let results = Dictionary(uniqueKeysWithValues: RunComparison(runs).results.map { ($0.name, $0.values) })
        #expect(results["epochs"] == ["3", "1"] && results["best epoch"] == ["2", "1"])
        #expect(results["training time"] == ["6.0 s", "2.0 s"])
        #expect(results["last training.loss"] == ["0.3000", "1.0000"])
        #expect(results["last validation.loss"] == ["0.7000", "0.5000"])
        #expect(results["validation.loss at the best epoch"] == ["0.4000", "0.5000"])
    }
}
