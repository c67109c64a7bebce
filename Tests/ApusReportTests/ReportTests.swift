import Apus
import ApusExperiments
import ApusReport
import Foundation
import ApusTestKit
import Testing

@Suite struct ReportTests {
    /// A run of the given classes on images of noise.
    private func report(classes: Int, epochs count: Int, validates: Bool) throws -> RunReport {
        let model = Sequential {
            Conv2D(filters: 4, kernelSize: 3, activation: .relu)
            Flatten()
            Dense(classes)
        }
        let features = Tensor.normal([2 * classes, 8, 8, 1], key: RandomKey(seed: 3))
        let data = try Dataset(
            inputs: features, labels: (0..<2 * classes).map { $0 % classes },
            classNames: (0..<classes).map { "class <\($0)> & \"more\"" })
        var trainer = Trainer(
            model, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy], seed: 1)
        let history = try trainer.fit(data, validation: validates ? data : nil, epochs: count, batchSize: 16)
        var report = RunReport(Experiment(name: "a <b> & c", model: .layers(model)))
        report.history = history
        report.summary = try model.summary(input: [8, 8, 1])
        report.record = RunRecord(command: ["apus", "<&>"], seed: 1, threads: 2, dataFingerprint: "f")
        try report.look(at: trainer, training: data, test: data)
        return report
    }

    @Test(arguments: [(3, 1, false), (10, 4, true), (100, 2, true)])
    func pagesAreSelfContained(classes: Int, epochs: Int, validates: Bool) throws {
        let report = try report(classes: classes, epochs: epochs, validates: validates)
        let page = report.html
        expectSelfContained(page)
        #expect(page.contains("a &lt;b&gt; &amp; c"))
        #expect(page.contains("Confusion matrix") && page.contains("Weights by layer"))
        #expect(page.contains("best: epoch") == (epochs > 1))
        #expect(page.contains(">validation</text>") == validates)
        #expect(report.survey?.gradients.map(\.path) == ["0.conv2D/kernel", "2.dense/kernel"])
        #expect(report.survey?.activations.map(\.path) == ["0.conv2D", "2.dense"])
    }

    @Test func filesAppear() throws {
        try withTemporaryFolder { parent in
            let folder = try RunFolder(named: "x", in: parent)
            let report = try report(classes: 3, epochs: 2, validates: true)
            try report.write(to: folder)
            // A second time replaces the first.
            try report.write(to: folder)
            let plots = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/plots").sorted()
            #expect(
                plots
                    == [
                        "accuracy.svg", "activation-spread.svg", "activations.svg", "confusion-matrix.svg",
                        "examples.svg",
                        "gradients.svg", "learning-rate.svg", "loss.svg", "throughput.svg", "weights.svg", "worst.svg",
                    ])
            for plot in plots {
                #expect(xmlProblem(try String(contentsOfFile: "\(folder.path)/plots/\(plot)", encoding: .utf8)) == nil)
            }
            #expect(try String(contentsOfFile: "\(folder.path)/report.html", encoding: .utf8) == report.html)
        }
    }

    @Test func nothingIsKnown() {
        expectSelfContained(RunReport(Experiment(name: "empty", model: "mlp")).html)
    }

    @Test func regression() throws {
        var trainer = Trainer(
            Sequential { Dense(2) }, loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01), seed: 1)
        let x = Tensor.normal([50, 3], key: RandomKey(seed: 3))
        let data = try Dataset(inputs: x, targets: Tensor.normal([50, 2], key: RandomKey(seed: 4)))
        var report = RunReport(Experiment(name: "numbers", model: "mlp", loss: .meanSquaredError, metrics: []))
        report.history = try trainer.fit(data, epochs: 2, batchSize: 16)
        try report.look(at: trainer, training: data, test: data)
        #expect(report.evaluation?.regression?.outputs.count == 2)
        expectSelfContained(report.html)
        #expect(report.html.contains("Prediction and truth") && report.html.contains("Residuals"))
    }

    @Test func lookingChangesNothing() throws {
        func weights(looks: Bool) throws -> [[Float]] {
            let data = try Dataset(
                inputs: Tensor.normal([40, 2], key: RandomKey(seed: 3)), labels: (0..<40).map { $0 % 4 })
            var trainer = Trainer(
                Sequential {
                    Dense(8, activation: .relu)
                    BatchNorm()
                    Dropout(0.2)
                    Dense(4)
                }, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), seed: 1)
            try trainer.fit(data, epochs: 2, batchSize: 16)
            if looks {
                var report = RunReport(Experiment(name: "x", model: "mlp"))
                try report.look(at: trainer, training: data, test: data)
                #expect(report.plane != nil)
                expectSelfContained(report.html)
            }
            try trainer.fit(data, epochs: 2, batchSize: 16)
            let variables = try #require(trainer.state).variables
            return variables.paths.map { variables[$0]!.scalars }
        }
        #expect(try weights(looks: true) == weights(looks: false))
    }

    // MARK: Observations

    static let courses: [([(Double, Double?)], String)] = [
        ([(1, 1), (0.5, 0.6), (0.2, 0.5), (0.1, 0.9)], "Best in epoch 3 of 4"),
        ([(1, 1), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5), (0.5, 0.5)], "Plateau"),
        ([(1, nil), (0.8, nil), (0.6, nil), (0.4, nil)], "Still learning"),
        ([(1, 1)], "One epoch only"),
    ]

    @Test(arguments: courses.indices) func trends(_ index: Int) {
        let (losses, title) = ReportTests.courses[index]
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        report.history = epochs(losses.map { (training: $0.0, validation: $0.1) })
        #expect(report.observations.map(\.title).contains(title))
        // Accuracies of 0.9 and 0.8.
        #expect(report.observations.map(\.title).contains("Overfitting") == (losses[0].1 != nil))
    }

    @Test(arguments: [([0.1, 0.2, 0.3], true), ([0.1, 0.3, 0.2], false), ([0.1, 0.1, 0.1], false), ([0.1], false)])
    func aLearningRateThatOnlyRises(rates: [Double], isFound: Bool) {
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        report.history = epochs(rates.map { _ in (training: 1, validation: nil) })
        for (index, rate) in rates.enumerated() { report.history.epochs[index].learningRate = rate }
        #expect(report.observations.map(\.title).contains("The learning rate rose to the end") == isFound)
    }

    /// Losses over more than a factor of 50 have a logarithmic axis.
    @Test(arguments: [(0.021, false), (0.019, true)]) func axesOfLosses(last: Double, isLogarithmic: Bool) {
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        report.history = epochs([(1, nil), (0.1, nil), (last, nil)])
        let page = report.html
        // One is marked in even steps, the other at 1, 2 and 5 of every power of ten.
        #expect(page.contains(">0.02</text>") == isLogarithmic)
        #expect(page.contains(">0.6</text>") != isLogarithmic)
    }

    @Test func deadUnits() throws {
        let model = Sequential {
            Dense(4, activation: .relu)
            Dense(2)
        }
        var variables = try model.initialized(input: [2], seed: 1)
        // The first unit never answers to inputs that are not negative.
        try variables.setValue("0.dense/kernel", Tensor([-1, 1, 1, 2, -1, 1, 1, 2] as [Float], shape: [2, 4]))
        let batch = Batch(inputs: .ones([8, 2]), targets: Tensor([0, 1, 0, 1, 0, 1, 0, 1] as [Int32], shape: [8]))
        let survey = try LayerSurvey(
            model, variables, objective: Objective(loss: .softmaxCrossEntropy), batch: batch, seed: 1)
        #expect(survey.activations.map(\.deadShare) == [0.25, nil])
        #expect(survey.activations[0].zeroShare == 0.25)
        #expect(survey.weights[0].mean == 0.75)
        #expect(survey.weights[0].standardDeviation == (1.75 - 0.5625).squareRoot())
        #expect(abs(survey.weights[0].rootMeanSquare - 1.75.squareRoot()) < 1e-12)
        // Outputs 0, 2, 2 and 4: a quarter are zeros, which the picture leaves out.
        #expect(survey.activations[0].hidesZeros && survey.activations[0].distribution.counts.reduce(0, +) == 24)
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        // Fresh networks begin with the same numbers, so a quarter is usual here.
        report.survey = survey
        #expect(report.observations.first?.title == "Rectified units are alive")
        report.survey?.fresh = []
        #expect(report.observations.first?.title == "Dead units")
    }

    /// An autoencoder of images is seen: what goes in, and what comes out below it.
    @Test func autoencodersShowWhatTheyMake() throws {
        let images = Tensor.uniform([12, 6, 5, 1], key: RandomKey(seed: 1)) * 255
        let data = try Dataset(
            inputs: images.cast(to: .uint8), labels: Array(repeating: 0, count: 12), preprocessing: .unitRange)
        let same = Sequential { Rescaling(scale: 0.5) }
        var trainer = Trainer(same, loss: .meanSquaredError, target: .input, optimizer: .sgd())
        try trainer.prepare(input: [6, 5, 1])
        var report = RunReport(Experiment(name: "a", model: "mlp"))
        try report.look(at: trainer, training: nil, test: data)
        let page = report.html
        #expect(page.contains("What goes in, and what comes out"))
        #expect(page.components(separatedBy: ">input</text>").count == 9)
        #expect(page.components(separatedBy: ">output</text>").count == 9)
        // Others have none.
        var other = Trainer(
            Sequential {
                Flatten(); Dense(2)
            }, loss: .softmaxCrossEntropy, optimizer: .sgd())
        try other.prepare(input: [6, 5, 1])
        report = RunReport(Experiment(name: "a", model: "mlp"))
        try report.look(at: other, training: nil, test: data)
        #expect(!report.html.contains("What goes in, and what comes out"))
    }

    /// A learning curve by itself: training and validation, and where validation was best.
    @Test func historiesDrawThemselves() throws {
        var history = History()
        for (epoch, losses) in [(9.0, 8.0), (0.5, 0.1), (0.09, 0.2)].enumerated() {
            func measured(_ loss: Double) -> Measurements {
                Measurements([("loss", loss), ("kind.accuracy", 1 - loss / 10)])
            }
            history.epochs.append(
                EpochRecord(
                    epoch + 1, step: 10 * (epoch + 1), training: measured(losses.0),
                    validation: measured(losses.1), learningRate: 0.1, seconds: 1, samplesPerSecond: 1))
        }
        let chart = history.chart(of: "loss")
        #expect(chart.title == "Loss" && chart.series.map(\.name) == ["training", "validation"])
        #expect(chart.series[1].y == [8, 0.1, 0.2] && chart.markers.map(\.x) == [2])
        // From 9 to 0.09: by orders of magnitude.
        #expect(chart.y.scale == .logarithmic && history.chart(of: "kind.accuracy").y.scale == .linear)
        #expect(history.chart(of: "kind.accuracy").title == "Accuracy: kind")
        try withTemporaryFolder { folder in
            try chart.write(to: "\(folder)/loss.svg")
            let text = try String(contentsOfFile: "\(folder)/loss.svg", encoding: .utf8)
            #expect(text.hasPrefix("<svg") && text.contains("best: epoch 2") && text.hasSuffix("</svg>\n"))
        }
    }
}
