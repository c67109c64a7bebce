import ApusBackend
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import Synchronization

/// The program of a training step with the memory for what it reads and writes besides the state.
///
/// A run puts the state's buffers and the batch's into their places, and allocates nothing.
final class BoundStep: StoredProgram {
    let program: BoundProgram<StepRole>
    let layout: TrainingState.Layout
    private let binding: StepBinding
    private let metrics: MetricLayout
    private let count: Int
    private let frame: Mutex<ProgramFrame>

    init(
        _ program: BoundProgram<StepRole>, layout: TrainingState.Layout, _ places: StepNumbers, metrics: MetricLayout,
        type: BatchType
    ) {
        self.program = program
        self.layout = layout
        self.metrics = metrics
        count = type.count
        binding = StepBinding(program, layout: layout, places, metrics: metrics, type: type, trainings: 1)
        frame = Mutex(binding.frame(program, metrics))
    }

    var byteCount: Int { program.byteCount + binding.results.reduce(0) { $0 + $1.byteCount } }

    /// Runs the step on a state's buffers, in place.
    func run(_ state: TrainingState, _ data: Batch, learningRate: Double) throws(ProgramError) -> StepResult {
        let buffers = state.buffers
        return try frame.withLock { frame throws(ProgramError) in
            binding.writeKey(seed: state.seed, step: state.step)
            binding.bind(
                &frame, buffers, data, step: state.step, starts: state.phaseStarts, learningRate: learningRate)
            defer { binding.release(&frame) }
            try program.executable.run(frame.inputs, into: frame.outputs)
            let (results, lossWeight) = (binding.results, binding.lossWeight)
            var result = StepResult(
                loss: Double(results[0].first(as: Float.self)), count: count,
                weight: lossWeight.map { Double($0.first(as: Float.self)) }, metrics)
            for index in results.indices.dropFirst() {
                result.contributions.add(index - 1, results[index].elements(as: Float.self).baseAddress!)
            }
            return result
        }
    }
}

extension Buffer {
    /// Memory for a key of random numbers.
    static func key(seed: UInt64, step: Int) -> Buffer {
        let key = Buffer(byteCount: 16)
        key.mutableBytes.storeBytes(of: seed, toByteOffset: 0, as: UInt64.self)
        key.mutableBytes.storeBytes(of: Int64(step), toByteOffset: 8, as: Int64.self)
        return key
    }
}
