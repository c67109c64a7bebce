public import Apus

/// A training step or a prediction whose time is compared with that of other frameworks, as Benchmarks/README.md lists them.
public struct Workload: Sendable {
    /// What `--workloads` calls it.
    public let name: String
    /// The network; it yields ten logits.
    public let model: Sequential
    /// How training changes it.
    public let optimizer: Optimizer
    /// The shape of a sample.
    public let input: Shape
    /// The samples of a batch.
    public let batch: Int
    /// Whether it is only the outputs of the network as it predicts.
    public var isInference = false
    /// The precisions in which it is measured.
    public var precisions: [NumericPrecision] = [.float32]

    private static let momentum = Optimizer.sgd(learningRate: 0.01, momentum: 0.9)
    private static let both: [NumericPrecision] = [.float32, .mixedBFloat16]

    /// The table.
    public static let all: [Workload] = [
        Workload(
            name: "mlp",
            model: Sequential {
                Dense(256, activation: .relu)
                Dense(128, activation: .relu)
                Dense(10)
            }, optimizer: .adam(learningRate: 1e-3), input: [784], batch: 128),
        Workload(
            name: "sigmoid",
            model: Sequential {
                for _ in 0..<5 { Dense(100, activation: .sigmoid) }
                Dense(10)
            }, optimizer: .sgd(learningRate: 0.01), input: [784], batch: 100),
        Workload(
            name: "lenet5-b128", model: .lenet5(), optimizer: momentum, input: [28, 28, 1], batch: 128),
        Workload(
            name: "lenet5-b32", model: .lenet5(), optimizer: momentum, input: [28, 28, 1], batch: 32),
        Workload(
            name: "resnet18-b32", model: .resnet18(), optimizer: momentum, input: [32, 32, 3], batch: 32,
            precisions: both),
        Workload(
            name: "vgg16-bn-b32", model: .vgg16(), optimizer: momentum, input: [32, 32, 3], batch: 32,
            precisions: both),
        Workload(
            name: "resnet18-224-b8", model: .resnet18(stem: .large), optimizer: momentum, input: [224, 224, 3],
            batch: 8, precisions: both),
        Workload(
            name: "resnet18-224-infer-b1", model: .resnet18(stem: .large), optimizer: momentum,
            input: [224, 224, 3], batch: 1, isInference: true),
        Workload(
            name: "resnet18-224-infer-b16", model: .resnet18(stem: .large), optimizer: momentum,
            input: [224, 224, 3], batch: 16, isInference: true),
    ]
}
