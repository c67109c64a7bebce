import ApusBackend
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// A step of several trainings that differ in their seeds alone, as one program: variables, batches and keys have an axis of trainings.
final class SeedStep {
    private let program: BoundProgram<StepRole>
    private let binding: StepBinding
    private let metrics: MetricLayout
    /// The samples of one training in a batch, and the trainings.
    private let count: (samples: Int, trainings: Int)
    private var frame: ProgramFrame

    /// - Parameters:
    ///   - type: A batch of one training.
    ///   - trainings: How many there are.
    init(
        _ program: BoundProgram<StepRole>, layout: TrainingState.Layout, _ places: StepNumbers, metrics: MetricLayout,
        type: BatchType, trainings: Int
    ) {
        self.program = program
        self.metrics = metrics
        count = (type.count, trainings)
        binding = StepBinding(
            program, layout: layout, places, metrics: metrics, type: type, trainings: trainings)
        frame = binding.frame(program, metrics)
    }

    /// Runs the step on the variables and slots of all trainings, in place.
    ///
    /// - Parameter data: A batch of each training, one behind the other.
    func run(
        _ buffers: [Buffer], _ data: Batch, seeds: [UInt64], step: Int, starts: [Int], learningRate: Double
    ) throws -> [StepResult] {
        for (training, seed) in seeds.enumerated() { binding.writeKey(seed: seed, step: step, training: training) }
        binding.bind(&frame, buffers, data, step: step, starts: starts, learningRate: learningRate)
        defer { binding.release(&frame) }
        try program.executable.run(frame.inputs, into: frame.outputs)
        let (results, lossWeight) = (binding.results, binding.lossWeight)
        return (0..<count.trainings).map { training in
            func number(_ buffer: Buffer) -> Double { Double(buffer.elements(as: Float.self)[training]) }
            var result = StepResult(
                loss: number(results[0]), count: count.samples, weight: lossWeight.map(number), metrics)
            for index in results.indices.dropFirst() {
                let numbers = results[index].elements(as: Float.self).baseAddress!
                result.contributions.add(index - 1, numbers + training * metrics.shapes[index - 1].count)
            }
            return result
        }
    }
}
