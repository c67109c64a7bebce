import ApusFixtures
import ApusNN
import ApusTensor
import Foundation
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
            case .sum: gathered = gathered.isEmpty ? part : zip(gathered, part).map(+)
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
            for (received, expected) in zip(received, expected) {
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

    @Test func aMetricOfOnesOwn() {
        let metric = Metric.mean("largest") { output, _ in output.max(axes: [1]) }
        let part = metric.rule.contribution(Tensor([[1.0, 5], [7, 2]]), .zeros([2]), weights: .ones([2]))
        #expect(metric.rule.value(part.scalars(as: Double.self), classes: 2) == .number(6))
        #expect(metric.name == "largest")
    }
}
