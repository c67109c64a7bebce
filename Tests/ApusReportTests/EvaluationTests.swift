import Apus
import ApusExperiments
import ApusReport
import Foundation
import Testing

@Suite struct EvaluationTests {
    /// Five samples of three classes, whose logits are given; two are wrong.
    static let logits: [Float] = [3, 0, 0, 0, 2, 0, 0, 0, 4, 1, 0, 0, 0, 5, 0]
    static let labels = [0, 1, 2, 2, 0]

    private func data() throws -> Dataset {
        try Dataset(
            inputs: Tensor(Self.logits, shape: [5, 3]), labels: Self.labels, classNames: ["a", "b", "c"])
    }

    /// −log softmax of the right class.
    private func loss(_ row: Int) -> Double {
        let values = (0..<3).map { Double(Self.logits[3 * row + $0]) }
        return log(values.reduce(0) { $0 + exp($1) }) - values[Self.labels[row]]
    }

    @Test(arguments: [2, 5, 256]) func classesByHand(batchSize: Int) throws {
        let trainer = try identity(3, loss: .softmaxCrossEntropy, metrics: [.accuracy, .confusionMatrix])
        let evaluation = try Evaluation(trainer, on: try data(), worst: 2, batchSize: batchSize)
        let result = try #require(evaluation.classification)
        #expect(result.confusionMatrix == [[1, 1, 0], [0, 1, 0], [1, 0, 1]])
        #expect(evaluation.measurements.tables["confusionMatrix"] == [[1, 1, 0], [0, 1, 0], [1, 0, 1]])
        #expect(result.accuracy == 0.6)
        #expect(evaluation.measurements["accuracy"].map { abs($0 - 0.6) < 1e-6 } == true)
        #expect(result.classes.map(\.precision) == [0.5, 0.5, 1])
        #expect(result.classes.map(\.recall) == [0.5, 1, 0.5])
        let scores: [Double] = [0.5, 2.0 / 3.0, 2.0 / 3.0]
        #expect(result.classes.map(\.f1) == scores)
        #expect(result.classes.map(\.support) == [2, 1, 2])
        // The fifth sample is wrong by 5, the fourth by 1.
        #expect(result.worst.map(\.index) == [4, 3])
        #expect(result.worst.map(\.prediction) == [1, 0])
        #expect(result.worst.map(\.truth) == [0, 2])
        #expect(abs(result.worst[0].loss - loss(4)) < 1e-5)
        #expect(abs(result.worst[0].truthProbability - exp(-loss(4))) < 1e-6)
        #expect(abs(result.worst[0].probability - exp(5) / (exp(5) + 2)) < 1e-6)
        #expect(result.confidentErrorCount == 1)
        // Of the class that was chosen, right or wrong.
        let chosen = [3.0, 2, 4, 1, 5].map { exp($0) / (exp($0) + 2) }
        #expect(abs(result.meanConfidence - chosen.reduce(0, +) / 5) < 1e-6)
        let mean = (0..<5).reduce(0) { $0 + loss($1) } / 5
        #expect(abs(evaluation.measurements.loss - mean) < 1e-5)
        #expect(result.examples.map(\.index) == [0, 1, 2, 3, 4])
        // From all over the data.
        let few = try Evaluation(trainer, on: try data(), examples: 2, batchSize: batchSize)
        #expect(few.classification?.examples.map(\.index) == [0, 2])
    }

    @Test func yesOrNo() throws {
        let trainer = try identity(1, loss: .binaryCrossEntropy)
        let data = try Dataset(
            inputs: Tensor([-2, 1, 3, -1] as [Float], shape: [4, 1]), labels: [0, 0, 1, 1], classNames: ["no", "yes"])
        let result = try #require(try Evaluation(trainer, on: data).classification)
        #expect(result.confusionMatrix == [[1, 1], [1, 1]])
        #expect(result.worst.map(\.index) == [1, 3, 0, 2])
        #expect(abs(result.worst[0].probability - 1 / (1 + exp(-1))) < 1e-6)
    }

    /// One output of a softmax says nothing; it is an error, whatever the data.
    @Test func oneOutputOfASoftmax() throws {
        let trainer = try identity(1, loss: .softmaxCrossEntropy)
        let data = try Dataset(inputs: Tensor([1, 2] as [Float], shape: [2, 1]), labels: [0, 0], classNames: ["a"])
        let known = Measurements([("loss", 0)])
        #expect(throws: (any Error).self) { try Evaluation(trainer, on: data) }
        for trainer in [trainer, try identity(1, loss: .klDivergence)] {
            #expect(try Evaluation(trainer, on: data, measured: known).classification == nil)
        }
    }

    @Test func numbersByHand() throws {
        let trainer = try identity(1, loss: .meanSquaredError)
        let data = try Dataset(
            inputs: Tensor([1, 2, 3, 6] as [Float], shape: [4, 1]),
            targets: Tensor([1, 2, 4, 4] as [Float], shape: [4, 1]))
        let evaluation = try Evaluation(trainer, on: data, worst: 1, batchSize: 3)
        let result = try #require(evaluation.regression)
        #expect(evaluation.classification == nil)
        let score = try #require(result.outputs.first)
        #expect(score.meanAbsoluteError == 0.75)
        #expect(score.rootMeanSquaredError == (5.0 / 4).squareRoot())
        #expect(score.bias == 0.25)
        // Truths 1, 2, 4, 4 have the mean 2.75 and squared distances 6.75.
        #expect(abs(score.r2 - (1 - 5 / 6.75)) < 1e-12)
        let worst = try #require(result.worst.first)
        #expect(result.worst.count == 1 && worst.index == 3 && worst.loss == 4)
        #expect(worst.truth == [4] && worst.prediction == [6])
        #expect(result.truths == [1, 2, 4, 4] && result.predictions == [1, 2, 3, 6])
        #expect(result.residualCounts.reduce(0, +) == 4)
    }

    /// Each output has its own score; losses and pairs are of all.
    @Test(arguments: [1, 2, 256]) func twoOutputsByHand(batchSize: Int) throws {
        let trainer = try identity(2, loss: .meanSquaredError)
        let data = try Dataset(
            inputs: Tensor([1, 9, 2, 7, 3, 2] as [Float], shape: [3, 2]),
            targets: Tensor([1, 5, 3, 5, 3, 2] as [Float], shape: [3, 2]))
        let result = try #require(try Evaluation(trainer, on: data, worst: 2, batchSize: batchSize).regression)
        // Residuals 0, −1, 0 of truths 1, 3, 3, whose squared distances to 7/3 add up to 8/3; 4, 2, 0 of 5, 5, 2: 6.
        let (first, second) = (try #require(result.outputs.first), try #require(result.outputs.last))
        #expect(result.outputs.count == 2)
        #expect(abs(first.meanAbsoluteError - 1.0 / 3) < 1e-12 && second.meanAbsoluteError == 2)
        #expect(abs(first.rootMeanSquaredError - (1.0 / 3).squareRoot()) < 1e-12)
        #expect(abs(second.rootMeanSquaredError - (20.0 / 3).squareRoot()) < 1e-12)
        #expect(abs(first.bias + 1.0 / 3) < 1e-12 && second.bias == 2)
        #expect(abs(first.r2 - 0.625) < 1e-12 && abs(second.r2 - (1 - 20.0 / 6)) < 1e-12)
        #expect(result.worst.map(\.index) == [0, 1] && result.worst.map(\.loss) == [8, 2.5])
        #expect(
            result.worst.map(\.truth) == [[1, 5], [3, 5]] && result.worst.map(\.prediction) == [[1, 9], [2, 7]])
        #expect(result.truths == [1, 5, 3, 5, 3, 2] && result.predictions == [1, 9, 2, 7, 3, 2])
        #expect(result.residualEdges.first == -1 && result.residualEdges.last == 4)
        #expect(result.residualCounts.reduce(0, +) == 6)
    }

    @Test func valuesThatAreNotFinite() throws {
        let trainer = try identity(3, loss: .softmaxCrossEntropy)
        let data = try Dataset(
            inputs: Tensor([0, 1, 2, .nan, 0, 0] as [Float], shape: [2, 3]), labels: [2, 1],
            classNames: ["a", "b", "c"])
        let evaluation = try Evaluation(trainer, on: data)
        let result = try #require(evaluation.classification)
        // What is no number is worst.
        #expect(result.worst.first?.index == 1)
        #expect(result.confusionMatrix.joined().reduce(0, +) == 2)
        _ = try evaluation.json()
        var report = RunReport(Experiment(name: "nan", model: "mlp"))
        report.evaluation = evaluation
        report.history = epochs([(.nan, .infinity), (-.infinity, .nan)])
        expectSelfContained(report.html)
        #expect(report.observations.contains { $0.title == "The loss is not finite" })
    }

    @Test func theTextShowsEverything() throws {
        let trainer = try identity(3, loss: .softmaxCrossEntropy, metrics: [.accuracy])
        let text = "\(try Evaluation(trainer, on: try data()))"
        #expect(text.hasPrefix("5 samples: loss 1.3"))
        #expect(
            text.hasSuffix(
                """
                class  precision  recall      F1  support
                a         0.5000  0.5000  0.5000        2
                b         0.5000  1.0000  0.6667        1
                c         1.0000  0.5000  0.6667        2

                confusion matrix (rows: true class, columns: predicted class)
                     0  1  2
                0 a  1  1  ·
                1 b  ·  1  ·
                2 c  1  ·  1
                """))
    }
}
