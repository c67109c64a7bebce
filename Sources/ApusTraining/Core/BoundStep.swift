import ApusCPU
import ApusData
import ApusGraph
public import ApusNN
import ApusOptimizers
import ApusTensor
import Synchronization

/// A step's program with the memory for what it reads and writes besides the state.
final class BoundStep: Sendable {
    let program: Program
    let layout: TrainingState.Layout
    private let optimizer: Optimizer
    private let metrics: MetricLayout
    private let key = Buffer(byteCount: 16)
    private let numbers: [Buffer]
    /// Loss and metrics.
    private let results: [Buffer]
    private let count: Int
    private let hasWeights: Bool
    private let lock = Mutex(())

    init(
        graph: Graph, options: CompileOptions, layout: TrainingState.Layout, optimizer: Optimizer, metrics: [Metric],
        classes: Int, count: Int, hasWeights: Bool
    ) throws {
        program = try CPU.compile(graph, options: options)
        self.layout = layout
        self.optimizer = optimizer
        self.count = count
        self.hasWeights = hasWeights
        numbers = optimizer.numberNames.map { _ in Buffer(byteCount: 4) }
        let types = program.outputTypes.suffix(1 + metrics.count)
        results = types.map { Buffer(byteCount: Swift.max(4, $0.byteCount)) }
        self.metrics = MetricLayout(metrics, contributions: types.dropFirst().map(\.shape), classes: classes)
    }

    /// Runs the step on a state's buffers, in place.
    func run(_ state: [Buffer], _ batch: Batch, seed: UInt64, step: Int, learningRate: Double) throws -> StepResult {
        try lock.withLock { _ in
            key.pointer.storeBytes(of: seed, toByteOffset: 0, as: UInt64.self)
            key.pointer.storeBytes(of: Int64(step), toByteOffset: 8, as: Int64.self)
            optimizer.forEachNumber(step: step, learningRate: learningRate) { index, number in
                numbers[index].pointer.storeBytes(of: Float(number), as: Float.self)
            }
            var input = 0
            func bind(_ pointer: UnsafeMutableRawPointer) {
                program.bind(input, pointer)
                input += 1
            }
            for buffer in state { bind(buffer.pointer) }
            bind(batch.inputs.elements().pointer)
            bind(batch.targets.elements().pointer)
            if hasWeights, let weights = batch.weights { bind(weights.elements().pointer) }
            bind(key.pointer)
            for buffer in numbers { bind(buffer.pointer) }
            for index in results.indices { program.bindOutput(state.count + index, results[index].pointer) }
            try program.runBound()
            for buffer in state { buffer.generation += 1 }
            var result = StepResult(loss: Double(results[0].pointer.load(as: Float.self)), count: count, metrics)
            for index in results.indices.dropFirst() {
                result.contributions.add(index - 1, results[index].pointer.assumingMemoryBound(to: Float.self))
            }
            return result
        }
    }
}

/// Loss and metrics of one batch.
public struct StepResult: Sendable {
    /// The loss of the batch, penalties included.
    public let loss: Double
    /// The number of samples.
    public let count: Int
    var contributions: Contributions

    init(loss: Double, count: Int, _ layout: MetricLayout) {
        self.loss = loss
        self.count = count
        contributions = Contributions(layout)
    }

    /// A metric of the batch, if it is measured and is one number.
    public subscript(metric: Metric) -> Double? { measurements[metric.name] }

    /// Loss and metrics by name.
    public var measurements: Measurements { Measurements(loss: loss, contributions) }
}

extension StepResult: CustomStringConvertible {
    public var description: String { "\(measurements)" }
}
