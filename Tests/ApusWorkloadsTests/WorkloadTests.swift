import Apus
import ApusWorkloads
import Testing

/// The table that all programs of the benchmark read, as Swift reads it.
@Suite struct WorkloadTests {
    /// The networks are those of the zoo, layer by layer; only names differ.
    @Test(arguments: [
        ("lenet5-b128", Zoo.lenet5, ImageScale.small), ("lenet5-b32", .lenet5, .small),
        ("resnet18-b32", .resnet18, .small),
        ("vgg16-bn-b32", .vgg16BN, .small), ("resnet18-224-b8", .resnet18, .large),
        ("resnet18-224-infer-b1", .resnet18, .large), ("resnet18-224-infer-b16", .resnet18, .large),
        ("resnet50-224-b8", .resnet50, .large), ("resnet50-224-infer-b8", .resnet50, .large),
    ])
    func networks(_ name: String, _ network: Zoo, _ images: ImageScale) throws {
        let workload = try #require(Workload.all.first { $0.name == name })
        #expect(workload.model == Sequential(plain(network.model(images: images))))
    }

    /// The layers without names, and without the lists that only hold them together.
    private func plain(_ layer: any Layer) -> [any Layer] {
        switch layer {
        case let named as Named: plain(named.layer)
        case let list as Sequential: list.layers.flatMap(plain)
        case let residual as Residual:
            [
                Residual(
                    body: Sequential(plain(residual.body)), shortcut: residual.shortcut.map { Sequential(plain($0)) },
                    activation: residual.activation)
            ]
        default: [layer]
        }
    }

    /// What is left out is training in float32.
    @Test func defaults() throws {
        let mlp = try #require(Workload.all.first { $0.name == "mlp" })
        #expect(mlp.optimizer == .adam(learningRate: 0.001))
        #expect(mlp.precisions == [.float32] && !mlp.isInference)
        #expect(Set(Workload.all.map(\.name)).count == Workload.all.count)
    }

    /// Numbers that Benchmarks/tests/test_start_values.py expects of Python, too.
    @Test func startValues() throws {
        let mlp = try #require(Workload.all.first { $0.name == "mlp" })
        let batch = StartValues.batch(mlp)
        #expect(batch.inputs.only.shape == [128, 784])
        #expect(batch.inputs.only.scalars(as: Float.self).prefix(3) == WorkloadTests.inputs[...])
        #expect(batch.targets.only.scalars(as: Int.self).prefix(8) == WorkloadTests.labels[...])
        var variables = try mlp.model.initialized(input: mlp.input, seed: 1)
        try StartValues.setKernels(of: &variables)
        let kernel = try #require(variables["1.dense/kernel"])
        #expect(kernel.scalars(as: Float.self).prefix(3) == WorkloadTests.kernel[...])
    }

    /// Tokens, and a token as the label of each; all tables and kernels are drawn.
    @Test func startValuesOfTokens() throws {
        let gpt = try #require(Workload.all.first { $0.name == "gpt-b8" })
        let batch = StartValues.batch(gpt)
        #expect(batch.inputs.only.shape == [8, 256] && batch.targets.only.shape == [8, 256])
        #expect(batch.inputs.only.scalars(as: Int.self).prefix(4) == WorkloadTests.tokens[...])
        #expect(batch.targets.only.scalars(as: Int.self).prefix(4) == WorkloadTests.labelsOfTokens[...])
        var variables = try gpt.model.initialized(input: gpt.input, seed: 1)
        try StartValues.setKernels(of: &variables)
        let names = variables.paths.filter { $0.hasPrefix("3.") && $0.hasSuffix("kernel") }
            .map { $0.split(separator: "/").dropFirst().joined(separator: "/") }
        #expect(
            names == [
                "attention/query/kernel", "attention/key/kernel", "attention/value/kernel", "attention/output/kernel",
                "dense1/kernel", "dense2/kernel",
            ])
        let table = try #require(variables["0.embedding/embeddings"])
        #expect(table.scalars(as: Float.self).prefix(2) == WorkloadTests.table[...])
    }

    private static let inputs: [Float] = [-1.7320508, -0.31748825, 1.0970745]
    private static let labels = [4, 2, 0, 2, 5, 4, 9, 5]
    private static let kernel: [Float] = [-0.1344979, 0.13727373, 0.036614705]
    private static let tokens = [0, 192, 129, 221]
    private static let labelsOfTokens = [82, 52, 206, 54]
    private static let table: [Float] = [-0.14714645, -0.07203715]
}
