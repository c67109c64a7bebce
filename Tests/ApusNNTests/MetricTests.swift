import ApusFixtures
import ApusNN
import ApusTensor
import Foundation
import ApusTestKit
import Testing

@Suite struct MetricTests {
    /// The value over all samples, gathered in batches of the given size.
    private func value(_ metric: Metric, _ item: FixtureCase, batchSize: Int) throws -> MetricValue {
        let (output, target) = (try item["output"], try item["target"])
        let weights = item.contains("weights") ? try item["weights"] : Tensor.ones([output.shape[0]])
        #expect(metric.rule.problem(output, target) == nil)
        var gathered: [Double] = []
        for start in stride(from: 0, to: output.shape[0], by: batchSize) {
            let rows = start..<min(start + batchSize, output.shape[0])
            let part = metric.rule.contribution(output[rows], target[rows], weights: weights[rows]).scalars(
                as: Double.self)
            switch metric.rule.accumulation {
            case .rows: gathered += part
            case .sum: gathered = gathered.isEmpty ? part : try pairs(gathered, part).map(+)
            }
        }
        return metric.rule.value(gathered, classes: output.rank > 1 ? output.shape[-1] : 1)
    }

    @Test(arguments: try FixtureCase.all("rules-metrics")) func followsScikitLearn(_ item: FixtureCase) throws {
        let metric = try item.value("metric", as: Metric.self)
        let expected = try item["value"].scalars(as: Double.self)
        for batchSize in [7, 1000] {
            let received: [Double] =
                switch try value(metric, item, batchSize: batchSize) {
                case .number(let number): [number]
                case .classes(let numbers): numbers
                case .table(let rows): rows.flatMap(\.self)
                }
            #expect(received.count == expected.count)
            for (received, expected) in try pairs(received, expected) {
                #expect(
                    abs(received - expected) <= 1e-6 * max(1, abs(expected)),
                    "in batches of \(batchSize): \(received), \(expected)")
            }
        }
    }

    @Test func everyMetricHasAFixture() throws {
        let names = try FixtureCase.all("rules-metrics").map {
            type(of: try $0.value("metric", as: Metric.self).rule).kind
        }
        #expect(Set(names) == Set(MetricKinds.registry.kinds))
    }

    @Test func whatDoesNotFit() {
        func problem(_ metric: Metric, _ output: Tensor, _ target: Tensor) -> String? {
            metric.rule.problem(output, target)
        }
        #expect(
            problem(.accuracy, .zeros([4, 3]), .zeros([4, 2]))
                == "the model yields shape [4, 3] but the targets have [4, 2]; "
                + "expected class numbers [4] or one-hot rows [4, 3]")
        #expect(problem(.topKAccuracy(k: 0), .zeros([4, 3]), .zeros([4])) == "k must be positive, received 0")
        #expect(
            problem(.f1(average: .binary), .zeros([4, 3]), .zeros([4]))
                == "the average binary needs one output a sample or two classes but received [4, 3]; use macro, micro or weighted"
        )
        #expect(
            problem(.meanAbsoluteError, .zeros([4, 3]), .zeros([4]))
                == "the model yields shape [4, 3] but the targets have [4]; they must be equal")
        #expect(problem(.accuracy, .zeros([4, 3]), .zeros([4], type: .int32)) == nil)
    }

    // MARK: Areas

    private func area(_ metric: Metric, _ outputs: [[Float]], _ labels: [Int32]) -> Double {
        let classes = outputs[0].count
        let rows = metric.rule.contribution(
            Tensor(outputs.flatMap(\.self), shape: [outputs.count, classes]), Tensor(labels),
            weights: .ones([labels.count]))
        guard case .number(let value) = metric.rule.value(rows.scalars(as: Double.self), classes: classes) else {
            return -1
        }
        return value
    }

    /// The greater logit need not be the greater probability.
    @Test(arguments: [Metric.rocAUC, .prAUC]) func areasRankByProbability(_ metric: Metric) {
        #expect(area(metric, [[5, 4], [0, 1], [6, 5], [1, 2]], [0, 1, 0, 1]) == 1)
        #expect(area(metric, [[5, 4, 4], [0, 1, 0], [1, 1, 2], [7, 6, 6]], [0, 1, 2, 0]) == 1)
        // Logits beyond what an exponential holds.
        #expect(area(metric, [[5000, 4000, 0], [0, 10, -4000], [-900, -900, 100]], [0, 1, 2]) == 1)
    }

    @Test func equalProbabilitiesAreTies() {
        // Softmax is the same for outputs that differ by a constant.
        #expect(area(.rocAUC, [[5, 4], [1, 0]], [0, 1]) == 0.5)
        #expect(area(.rocAUC, [[0.5, 0.25, 0.25], [2.5, 2.25, 2.25], [1.5, 1.25, 1.25]], [0, 1, 2]) == 0.5)
    }

    /// Rows that are distributions are ranked as they are: their softmax has another order.
    @Test func probabilitiesAreRanked() {
        let rows: [[Float]] = [[0.5, 0.5, 0], [0.48, 0.26, 0.26], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]]
        let mean: Double = (1 + 0.75 + 1) / 3
        #expect(area(.rocAUC, rows, [0, 1, 1, 2]) == mean)
    }

    @Test func classesThatDoNotOccur() {
        let rows: [[Float]] = [[3, 1, 0], [1, 3, 0], [2, 0, 1]]
        #expect(area(.rocAUC, rows, [0, 1, 0]) == 1)
        #expect(area(.prAUC, rows, [0, 1, 0]) == 1)
        #expect(area(.rocAUC, rows, [1, 1, 1]).isNaN)
        #expect(area(.prAUC, [[3, 1], [1, 3]], [0, 0]).isNaN)
        #expect(area(.rocAUC, [[.nan, 1], [1, 3]], [0, 1]).isNaN)
    }

    // MARK: One output a sample

    /// A probability of "yes" is compared with one half, a logit with 0.
    @Test(arguments: [Metric.accuracy, .f1(average: .binary), .precision(average: .binary)])
    func probabilitiesOfYes(_ metric: Metric) {
        func value(_ output: Tensor, isProbability: Bool) -> MetricValue {
            let part = metric.contribution(
                output, Tensor([0, 1, 1] as [Int32]), weights: .ones([3]),
                meaning: .yesOrNo(isProbability: isProbability))
            return metric.rule.value(part.scalars(as: Double.self), classes: 1)
        }
        #expect(value(Tensor([0.25, 0.75, 0.5625] as [Float]), isProbability: true) == .number(1))
        #expect(value(Tensor([-1, 2, 0.25] as [Float]), isProbability: false) == .number(1))
    }

    @Test func answersMayBeMinusOne() {
        let (output, target) = (Tensor([-3, 2, 1] as [Float]), Tensor([-1, 1, -1] as [Float]))
        let part = Metric.accuracy.rule.contribution(output, target, weights: .ones([3]))
        #expect(part.scalars == [2, 3])
    }

    @Test func namesTellApart() {
        let metrics: [Metric] = [
            .f1(), .f1(average: .micro), .f1(average: .binary), .f1(average: .none), .binaryAccuracy(),
            .binaryAccuracy(threshold: 0.25), .topKAccuracy(k: 3),
        ]
        #expect(
            metrics.map(\.name)
                == ["f1", "f1Micro", "f1Binary", "f1", "binaryAccuracy", "binaryAccuracyAt0.25", "top3Accuracy"])
        #expect(metrics.nameProblem == nil)
        #expect([Metric.recall(), .recall()].nameProblem != nil)
    }

    @Test func aMetricOfOnesOwn() {
        let metric = Metric.mean("largest") { output, _ in output.max(axes: [1]) }
        let part = metric.rule.contribution(Tensor([[1.0, 5], [7, 2]]), .zeros([2]), weights: .ones([2]))
        #expect(metric.rule.value(part.scalars(as: Double.self), classes: 2) == .number(6))
        #expect(metric.name == "largest")
    }
}
