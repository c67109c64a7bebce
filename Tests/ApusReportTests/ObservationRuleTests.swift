import Apus
import ApusExperiments
import ApusReport
import Testing

/// Every rule of the report, on both sides of its thresholds: tone, title, and the numbers that stand behind it.
@Suite struct ObservationRuleTests {
    /// Tones and titles of all that is said.
    private func said(_ change: (inout RunReport) -> Void) -> [String] {
        observations(change).map { "\($0.tone): \($0.title)" }
    }

    private func observations(_ change: (inout RunReport) -> Void) -> [Observation] {
        var report = RunReport(Experiment(name: "x", model: "mlp"))
        change(&report)
        return report.observations
    }

    /// Epochs with losses alone, of training or of validation.
    private func history(_ losses: [Double], validates: Bool = false) -> History {
        var history = epochs(losses.map { (training: validates ? 1 : $0, validation: validates ? $0 : nil) })
        for index in history.epochs.indices {
            history.epochs[index].training = Measurements([("loss", validates ? 1 : losses[index])])
            if validates { history.epochs[index].validation = Measurements([("loss", losses[index])]) }
        }
        return history
    }

    // MARK: Curves

    @Test func nothingIsKnown() { #expect(said { _ in }.isEmpty) }

    static let courses: [(losses: [Double], said: [String])] = [
        ([1], ["note: One epoch only"]),
        // As many epochs as the trend looks at say nothing of it.
        ([1, 0.5], []),
        // 2 % above the best.
        ([1, 0.5, 0.5099], ["note: Still learning"]), ([1, 0.5, 0.5101], ["note: Best in epoch 2 of 3"]),
        ([0.5, 1, 0.5101], ["note: Best in epoch 1 of 3"]),
        // Below zero the share is that of the size; a trend has no share.
        ([0, -1, -0.981], []), ([0, -1, -0.979], ["note: Best in epoch 2 of 3"]),
        // 0.3 % and 2 % an epoch, of two epochs.
        ([1, 1, 0.9942], ["note: Plateau"]), ([1, 1, 0.9938], ["good: Converging"]),
        ([1, 1, 0.9602], ["good: Converging"]), ([1, 1, 0.9598], ["note: Still learning"]),
        // Of fifteen epochs the last three count.
        (Array(repeating: 1, count: 12) + [0.999, 0.998, 0.9912], ["note: Plateau"]),
        (Array(repeating: 1, count: 12) + [0.999, 0.998, 0.9908], ["good: Converging"]),
        // What was best before the window counts, not what came right before it.
        ([0.9, 1, 1, 0.8992], ["note: Plateau"]),
        ([1, .nan, 0.5], ["warning: The loss is not finite"]),
    ]

    @Test(arguments: courses.indices) func trends(_ index: Int) {
        let (losses, titles) = ObservationRuleTests.courses[index]
        #expect(said { $0.history = history(losses) } == titles)
    }

    /// Where there is validation, its loss decides.
    @Test func coursesOfValidation() {
        let found = observations { $0.history = history([1, 0.5, 0.6], validates: true) }
        #expect(found.map(\.title) == ["Best in epoch 2 of 3", "No overfitting"])
        #expect(
            found.first?.text.hasPrefix(
                "The validation loss was lowest there, 0.5, and ended at 0.6 (20\u{202F}% above it). ") == true)
        #expect(
            said { $0.history = history([1, 0.8, .infinity], validates: true) } == ["warning: The loss is not finite"])
        // The training's own loss may break where validation is whole.
        let broken = said { report in
            report.history = history([1, 0.8], validates: true)
            report.history.epochs[0].training = Measurements([("loss", .nan)])
        }
        #expect(broken == ["good: No overfitting"])
    }

    /// A rise of the loss does harm where its weights are the result, and answers became worse.
    @Test func risesThatDoHarm() {
        func said(keeps: Bool, accuracies: [Double]? = nil) -> (text: String, tone: Observation.Tone)? {
            var report = RunReport(
                Experiment(name: "x", model: "mlp", callbacks: keeps ? [] : [.checkpoint(keepBest: 0)]))
            report.history = history([1, 0.5, 0.6], validates: true)
            for (index, accuracy) in (accuracies ?? []).enumerated() {
                let loss = report.history.epochs[index].validation?.loss ?? 0
                report.history.epochs[index].validation = Measurements([("loss", loss), ("accuracy", accuracy)])
            }
            return report.observations.first { $0.title.hasPrefix("Best in epoch") }.map { ($0.text, $0.tone) }
        }
        #expect(said(keeps: true)?.tone == .note)
        #expect(said(keeps: true)?.text.hasSuffix("The weights of that epoch are kept.") == true)
        #expect(said(keeps: false)?.tone == .warning)
        #expect(said(keeps: false, accuracies: [0.5, 0.8, 0.795])?.tone == .note)
        #expect(said(keeps: false, accuracies: [0.5, 0.8, 0.78])?.tone == .warning)
        #expect(
            said(keeps: false, accuracies: [0.5, 0.8, 0.82])?.text.contains("Accuracy rose by 2 points since.") == true)
    }

    static let rates: [(rates: [Double], isFound: Bool)] = [
        ([0.1, 0.2], true), ([0.1, 0.2, 0.3], true), ([0.1, 0.2, 0.2], false), ([0.2, 0.1, 0.3], false), ([0.1], false),
    ]

    @Test(arguments: rates.indices) func risingRates(_ index: Int) {
        let (rates, isFound) = ObservationRuleTests.rates[index]
        let found = observations { report in
            report.history = history(rates.map { _ in 1 })
            for (index, rate) in rates.enumerated() { report.history.epochs[index].learningRate = rate }
        }.first { $0.title == "The learning rate rose to the end" }
        #expect((found != nil) == isFound && found?.tone ?? .warning == .warning)
        if isFound {
            #expect(found?.text.hasPrefix("From 0.1 in the first epoch to \(rates.last!) in the last: ") == true)
        }
    }

    // MARK: Training and validation

    static let accuracies: [(training: Double, validation: Double, said: String)] = [
        (0.9, 0.849, "note: Overfitting"), (0.9, 0.851, "note: Slight overfitting"),
        (0.9, 0.879, "note: Slight overfitting"), (0.9, 0.881, "good: No overfitting"),
        (0.9, 0.9, "good: No overfitting"), (0.9, 0.919, "good: No overfitting"),
        (0.9, 0.921, "note: Validation is easier than training"),
    ]

    private func gap(_ training: [(String, Double)], _ validation: [(String, Double)]) -> [Observation] {
        observations { report in
            report.history = history([1], validates: true)
            report.history.epochs[0].training = Measurements(training)
            report.history.epochs[0].validation = Measurements(validation)
        }.filter { $0.title != "One epoch only" }
    }

    @Test(arguments: accuracies.indices) func gapsOfAccuracy(_ index: Int) throws {
        let (training, validation, title) = ObservationRuleTests.accuracies[index]
        // Losses that would say the contrary.
        let found = gap([("loss", 1), ("accuracy", training)], [("loss", 9), ("accuracy", validation)])
        let first = try #require(found.first)
        #expect(found.count == 1 && "\(first.tone): \(first.title)" == title)
        #expect(first.text.hasPrefix("Accuracy is 90\u{202F}% in training and "))
        if index == 0 {
            #expect(first.text.contains("in training and 84.9\u{202F}% in validation, a gap of 5.1 points."))
        }
    }

    @Test func gapsOfLosses() {
        func said(_ training: Double, _ validation: Double, accuracy: Double? = nil) -> [String] {
            let others = accuracy.map { [("accuracy", $0)] } ?? []
            return gap([("loss", training)] + others, [("loss", validation)] + others).map { "\($0.tone): \($0.title)" }
        }
        #expect(said(2, 2.99) == ["good: No overfitting"])
        #expect(said(2, 3.01) == ["note: Overfitting"])
        // An accuracy that is no number says nothing.
        #expect(said(2, 3.01, accuracy: .nan) == ["note: Overfitting"])
        #expect(said(0, 1) == [] && said(-1, 1) == [])
        #expect(
            gap([("loss", 2)], [("loss", 4)]).first?.text
                == "The loss is 2 in training and 4 in validation, 2 times as much.")
        #expect(observations { $0.history = history([1, 1]) }.isEmpty)
    }

    // MARK: Classes

    /// An evaluation whose matrix and confidence are given.
    private func evaluation(_ matrix: [[Int]], confidence: Double? = nil) throws -> Evaluation {
        let names = matrix.indices.map { "class \($0)" }
        let trainer = try identity(matrix.count, loss: .softmaxCrossEntropy)
        let labels = matrix.enumerated().flatMap { Array(repeating: $0, count: $1.reduce(0, +)) }
        let predicted = matrix.flatMap { row in row.enumerated().flatMap { Array(repeating: $0, count: $1) } }
        let data = try Dataset(
            inputs: Tensor(predicted.map { Int32($0) }).oneHot(classes: matrix.count), labels: labels,
            classNames: names)
        var evaluation = try Evaluation(trainer, on: data)
        let found = try #require(evaluation.classification)
        try #require(found.confusionMatrix == matrix)
        evaluation.classification?.meanConfidence = confidence ?? found.accuracy
        return evaluation
    }

    private func classes(_ matrix: [[Int]], confidence: Double? = nil) throws -> [Observation] {
        let evaluation = try evaluation(matrix, confidence: confidence)
        return observations { $0.evaluation = evaluation }
    }

    @Test func theHardestClass() throws {
        let found = try classes([[8, 2, 0], [1, 3, 2], [0, 0, 9]])
        #expect(found.map(\.tone) == [.note] && found.map(\.title) == ["Hardest class: class 1"])
        #expect(
            found.first?.text
                == "50\u{202F}% of its 6 samples are recognized. It is most often taken for class 2 (33.3\u{202F}%).")
        #expect(try classes([[8, 0], [0, 3]]).isEmpty)
        // A class without samples is not hard, and one class alone has no rival.
        #expect(try classes([[8, 1, 0], [0, 3, 0], [0, 0, 0]]).map(\.title) == ["Hardest class: class 0"])
        #expect(try classes([[8, 2], [0, 0]]).isEmpty)
    }

    @Test func classesThatAreNeverPredicted() throws {
        let found = try classes([[8, 0, 0], [3, 0, 0], [0, 0, 0]])
        #expect(found.map(\.tone) == [.warning, .note])
        #expect(found.map(\.title) == ["Classes that are never predicted", "Hardest class: class 1"])
        #expect(found.first?.text == "class 1.")
        let many = (0..<10).map { row in (0..<10).map { $0 == 0 ? 1 + row : 0 } }
        #expect(
            try classes(many).first?.text
                == "class 1, class 2, class 3, class 4, class 5, class 6, class 7, class 8 and 1 more.")
    }

    @Test(
        arguments: [
            (0.929, nil), (0.931, "Too sure of itself"), (0.871, nil), (0.869, "Less sure than it could be"),
            (.nan, nil),
        ] as [(Double, String?)])
    func confidence(_ confidence: Double, _ title: String?) throws {
        // Nine of ten are right.
        let found = try classes([[9, 1], [1, 9]], confidence: confidence).filter { !$0.title.hasPrefix("Hardest") }
        #expect(found.map(\.title) == (title.map { [$0] } ?? []))
        #expect(found.allSatisfy { $0.tone == .note })
        if confidence == 0.931 {
            #expect(
                found.first?.text
                    == "The predicted classes have a mean probability of 93.1\u{202F}%, but 90\u{202F}% of them are right; "
                    + "0 wrong answers have a probability above 90\u{202F}%.")
        }
    }

    // MARK: Numbers

    private func numbers(_ scores: [(r2: Double, bias: Double)]) throws -> [Observation] {
        let trainer = try identity(1, loss: .meanSquaredError)
        let data = try Dataset(
            inputs: Tensor([1, 2] as [Float], shape: [2, 1]), targets: Tensor([1, 3] as [Float], shape: [2, 1]))
        var evaluation = try Evaluation(trainer, on: data)
        let score = try #require(evaluation.regression?.outputs.first)
        evaluation.regression?.outputs = scores.map { r2, bias in
            var score = score
            (score.r2, score.bias, score.rootMeanSquaredError) = (r2, bias, 2)
            return score
        }
        return observations { $0.evaluation = evaluation }
    }

    @Test func outputs() throws {
        func said(_ scores: (r2: Double, bias: Double)...) throws -> [String] {
            try numbers(scores).map { "\($0.tone): \($0.title)" }
        }
        #expect(try said((-0.01, 0)) == ["warning: The model is worse than the mean"])
        #expect(try said((0, 0)) == [])
        // A quarter of the root mean squared error.
        #expect(try said((0.5, 0.49)) == [] && said((0.5, -0.49)) == [])
        #expect(try said((0.5, 0.51)) == ["note: The model is biased"])
        #expect(try said((0.5, -0.51)) == ["note: The model is biased"])
        #expect(try said((.nan, 1)) == [])
        #expect(
            try said((0.5, 0), (-1, 0), (0.5, 1), (0.5, 0), (-1, 0))
                == ["warning: Output 1 is worse than the mean", "note: Output 2 is biased"])
        #expect(
            try numbers([(0.5, 0.75)]).first?.text
                == "Predictions are above the truth by 0.75 on average; the root mean squared error is 2.")
        #expect(try numbers([(0.5, -0.75)]).first?.text.hasPrefix("Predictions are below the truth by 0.75 ") == true)
    }

    // MARK: Layers

    /// A survey of three layers, changed.
    private func survey(_ change: (inout LayerSurvey) -> Void) throws -> [Observation] {
        let model = Sequential {
            Dense(4, activation: .tanh)
            Dense(4, activation: .tanh)
            Dense(2)
        }
        let batch = Batch(
            inputs: .normal([8, 2], key: RandomKey(seed: 1)), targets: Tensor([0, 1, 0, 1, 0, 1, 0, 1] as [Int32]))
        var survey = try LayerSurvey(
            model, try model.initialized(input: [2], seed: 1), objective: Objective(loss: .softmaxCrossEntropy),
            batch: batch, seed: 1)
        #expect(survey.gradients.count == 3 && survey.activations.allSatisfy { $0.deadShare == nil })
        change(&survey)
        return observations { $0.survey = survey }
    }

    private func saidOfLayers(_ change: (inout LayerSurvey) -> Void) throws -> [String] {
        try survey(change).map { "\($0.tone): \($0.title)" }
    }

    private static let healthy = "good: Gradients reach every layer"

    @Test func aHealthyNetwork() throws { #expect(try saidOfLayers { _ in } == [ObservationRuleTests.healthy]) }

    static let gradients: [(sizes: [Double], said: [String])] = [
        ([1, 5, 1], [healthy]), ([1.01e-3, 1, 1], [healthy]), ([0.99e-3, 1, 1], ["note: Vanishing gradients"]),
        ([0.99e3, 1, 1], [healthy]), ([1.01e3, 1, 1], ["note: Exploding gradients"]),
        // The first layer against the last one; what is between them does not count.
        ([1, 1e-6, 1], [healthy]), ([2, 1, 1e-3], ["note: Exploding gradients"]),
        ([0, 1, 1], ["note: Vanishing gradients"]), ([1, 1, 0], []),
    ]

    @Test(arguments: gradients.indices) func gradientsByDepth(_ index: Int) throws {
        let (sizes, titles) = ObservationRuleTests.gradients[index]
        let found = try survey { survey in
            for (index, size) in sizes.enumerated() {
                (survey.gradients[index].mean, survey.gradients[index].standardDeviation) = (0, size)
            }
        }
        #expect(found.map { "\($0.tone): \($0.title)" } == titles)
        if index == 2 {
            #expect(
                found.first?.text.hasPrefix(
                    "The gradient's root mean square is 9.9e−4 in 0.dense/kernel and 1 in 2.dense/kernel, 9.9e−4 times as much (fresh networks: "
                ) == true,
                "\(found)")
        }
    }

    @Test func twoGradientsAreNoTrend() throws { #expect(try saidOfLayers { $0.gradients.removeLast() } == []) }

    @Test func weightsThatAreNotFinite() throws {
        let found = try survey { survey in
            survey.weights[1].nonFiniteCount = 1
            survey.weights[2].nonFiniteCount = 3
        }
        #expect(found.map(\.title) == ["Weights are not finite", "Gradients reach every layer"])
        #expect(found.first?.tone == .warning && found.first?.text == "In 1.dense/kernel, 2.dense/kernel.")
    }

    @Test func unitsThatAreDead() throws {
        let healthy = ObservationRuleTests.healthy
        #expect(try saidOfLayers { $0.activations[0].deadShare = 0.1 } == ["good: Rectified units are alive", healthy])
        let found = try survey { $0.activations[0].deadShare = 0.125 }
        #expect(found.map { "\($0.tone): \($0.title)" } == ["note: Dead units", healthy])
        #expect(
            found.first?.text.hasPrefix("0.dense: 12.5\u{202F}% of the units are 0 for a whole batch. That may") == true
        )
        // What fresh networks have is usual.
        func usual(_ dead: Double, fresh: Double...) throws -> [Observation] {
            try survey { survey in
                survey.activations[0].deadShare = dead
                survey.fresh = fresh.map { LayerSurvey.Fresh(deadShares: ["0.dense": $0], depthRatio: nil) }
            }
        }
        #expect(try usual(0.3, fresh: 0.1, 0.2, 0).map(\.title).first == "Rectified units are alive")
        let unusual = try usual(0.31, fresh: 0.1, 0.2, 0).first
        #expect(
            unusual?.text.hasPrefix("0.dense: 31\u{202F}% (fresh networks: 0\u{202F}% to 20\u{202F}%) of the units")
                == true)
        let all = try usual(1, fresh: 1, 1).map { "\($0.tone): \($0.title)" }
        #expect(all == ["warning: A layer is dead", healthy])
        let alive = try survey { survey in
            (survey.activations[1].deadShare, survey.activations[1].zeroShare) = (0, 0.5)
        }
        #expect(alive.first?.text == "Fraction of zeros: 1.dense 50\u{202F}%.")
    }

    @Test func aLayerThatSaysNothing() throws {
        let found = try survey { $0.activations[1].standardDeviation = 0 }
        #expect(
            found.map { "\($0.tone): \($0.title)" } == ["warning: A layer says nothing", ObservationRuleTests.healthy])
        #expect(found.first?.text.hasPrefix("1.dense yields the same number everywhere") == true)
    }
}
