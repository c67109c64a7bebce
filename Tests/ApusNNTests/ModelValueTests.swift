import ApusGraph
import ApusModels
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

/// Models as values: drawn and summarized, with mean and variance learned from data.
@Suite struct ModelValueTests {
    static let branched = Sequential {
        Conv2D(filters: 4, kernelSize: 3, activation: .relu).named("stem")
        Residual(
            body: Sequential([Conv2D(filters: 4, kernelSize: 3, padding: .same), BatchNorm(), ActivationLayer(.relu)]),
            activation: .relu)
        Parallel(
            .concatenate,
            [Sequential([Conv2D(filters: 2, kernelSize: 1)]), Sequential([MaxPool2D(3, strides: 1, padding: .same)])])
        GlobalAveragePool()
        Dense(3)
    }

    /// Mean and variance learned from samples bring them to mean 0 and variance 1, feature by feature.
    @Test func normalizationLearnsFromData() throws {
        let samples =
            Tensor.normal([500, 2, 3], key: RandomKey(seed: 1)) * Tensor([1.0, 5, 0.1]) + Tensor([3.0, -2, 100])
        let layer = try Normalization(learnedFrom: samples)
        #expect(abs(layer.mean[2] - 100) < 0.02 && abs(layer.variance[1] - 25) < 2.5)
        let variables = try layer.initialized(input: [2, 3], seed: 1)
        let run = try LayerRun(
            layer, samples, ["mean": variables["mean"]!, "variance": variables["variance"]!], mode: .inference)
        #expect(run.output.mean(axes: [0, 1]).scalars.allSatisfy { abs($0) < 1e-3 })
        #expect(run.output.variance(axes: [0, 1]).scalars.allSatisfy { abs($0 - 1) < 1e-3 })
        #expect(
            message { try Normalization(learnedFrom: Tensor.zeros([0, 3])) }
                == "normalization: expected samples [N, ..., features] but received shape [0, 3]")
    }

    @Test func receptiveFields() throws {
        func fields(_ model: Sequential, _ input: Shape) throws -> [String] {
            try model.summary(input: input).rows.map { $0.receptiveField.map { "\($0)" } ?? "all" }
        }
        #expect(try fields(.lenet5(), [28, 28, 1]) == ["5", "6", "14", "16", "all", "all", "all", "all"])
        #expect(
            try fields(
                Sequential {
                    Conv2D(filters: 2, kernelSize: [3, 1], strides: 2, dilation: [2, 1])
                    AveragePool2D([1, 3], strides: 1)
                    ActivationLayer(.tanh)
                    LayerNorm()
                    Conv2D(filters: 2, kernelSize: 3, padding: .same)
                }, [32, 32, 1]) == ["[5, 1]", "5", "5", "5", "9"])
        #expect(
            try fields(Sequential([Conv1D(filters: 2, kernelSize: 3), Conv1D(filters: 2, kernelSize: 3)]), [9, 1]) == [
                "[1, 3]", "[1, 5]",
            ])
    }

    @Test func diagram() throws {
        let svg = try ModelDiagram(ModelValueTests.branched, input: [9, 9, 2]).svg
        // Well-formed, every layer a box, branches merged.
        let parser = XMLCounter(svg)
        #expect(parser.isWellFormed)
        #expect(parser.counts["rect"] == 2 + 8 + 2)
        for text in ["MaxPool2D(3, strides: 1, padding: .same)", "[7, 7, 4]", "76 parameters", "+ relu", "concatenate"]
        {
            #expect(svg.contains(">\(text)<"), "\(text)")
        }
    }

    /// Counts opening tags and checks that all are closed.
    private struct XMLCounter {
        var counts: [String: Int] = [:]
        var isWellFormed = true

        init(_ text: String) {
            var open: [Substring] = []
            for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
                guard let end = part.firstIndex(of: ">") else { isWellFormed = false; return }
                let tag = part[..<end]
                let name = tag.prefix { $0.isLetter || $0 == "/" }
                if name.hasPrefix("/") {
                    if open.popLast() != name.dropFirst() { isWellFormed = false }
                } else {
                    counts[String(name.filter(\.isLetter)), default: 0] += 1
                    if !tag.hasSuffix("/") { open.append(name) }
                }
            }
            if !open.isEmpty { isWellFormed = false }
        }
    }
}
