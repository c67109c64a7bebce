import ApusCPU
import ApusData
import ApusGraph
import ApusTensor
import Synchronization

/// A step's program with the memory for what it reads and writes besides the state.
final class BoundStep: Sendable {
    let program: Program
    let layout: TrainingState.Layout
    private let names: StepResult.Names
    private let key = Buffer(byteCount: 16)
    private let rate = Buffer(byteCount: 4)
    /// Loss and metrics.
    private let results: [Buffer]
    private let count: Int
    private let lock = Mutex(())

    init(graph: Graph, layout: TrainingState.Layout, metrics: [Metric], count: Int) throws {
        program = try CPU.compile(graph)
        self.layout = layout
        self.count = count
        names = StepResult.Names(metrics.map(\.rawValue))
        results = (0...metrics.count).map { _ in Buffer(byteCount: 4) }
    }

    /// Runs the step on a state's buffers, in place.
    func run(_ state: [Buffer], _ batch: Batch, seed: UInt64, step: Int, learningRate: Double) throws -> StepResult {
        try lock.withLock { _ in
            key.pointer.storeBytes(of: seed, toByteOffset: 0, as: UInt64.self)
            key.pointer.storeBytes(of: Int64(step), toByteOffset: 8, as: Int64.self)
            rate.pointer.storeBytes(of: Float(learningRate), as: Float.self)
            for index in state.indices { program.bind(index, state[index].pointer) }
            program.bind(state.count, batch.inputs.elements().pointer)
            program.bind(state.count + 1, batch.targets.elements().pointer)
            program.bind(state.count + 2, key.pointer)
            program.bind(state.count + 3, rate.pointer)
            for index in results.indices { program.bindOutput(state.count + index, results[index].pointer) }
            try program.runBound()
            var result = StepResult(
                loss: Double(results[0].pointer.load(as: Float.self)), count: count, names: names)
            for index in results.indices.dropFirst() {
                result.setSum(index - 1, Double(results[index].pointer.load(as: Float.self)))
            }
            return result
        }
    }
}

/// Loss and metrics of one batch.
public struct StepResult: Sendable {
    /// Metrics are few; so many fit without memory of their own.
    static let capacity = 8

    /// The names of the metrics, shared by all results of a step.
    final class Names: Sendable {
        let names: [String]
        init(_ names: [String]) { self.names = names }
    }

    /// The mean loss of the batch, penalties included.
    public let loss: Double
    /// The number of samples.
    public let count: Int
    let names: Names
    private var sums = SIMD8<Double>()

    init(loss: Double, count: Int, names: Names) {
        self.loss = loss
        self.count = count
        self.names = names
    }

    mutating func setSum(_ index: Int, _ value: Double) { sums[index] = value }

    /// The sum of a metric over the samples.
    func sum(_ index: Int) -> Double { sums[index] }

    /// The mean of a metric over the samples.
    public subscript(metric: Metric) -> Double? {
        names.names.firstIndex(of: metric.rawValue).map { sums[$0] / Double(Swift.max(1, count)) }
    }
}

extension StepResult: CustomStringConvertible {
    public var description: String {
        (["loss \(loss)"] + names.names.enumerated().map { "\($1) \(sums[$0] / Double(Swift.max(1, count)))" })
            .joined(separator: ", ")
    }
}
