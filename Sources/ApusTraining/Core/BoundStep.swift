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
    private let places: StepNumbers
    private let metrics: MetricLayout
    private let count: Int
    /// The places of variables and slots among the inputs and among the outputs, where they are written back.
    private let state: [(input: Int, output: Int)]
    /// The places of what a batch holds.
    private let batch: (inputs: [(name: String, place: Int)], targets: [(name: String, place: Int)], weights: Int?)
    private let key = Buffer(byteCount: 16)
    private let numbers: [Buffer]
    /// Loss and metrics, and what the loss counts where that is not the number of samples.
    private let results: [Buffer]
    private let lossWeight: Buffer?
    private let frame: Mutex<ProgramFrame>

    init(
        _ program: BoundProgram<StepRole>, layout: TrainingState.Layout, _ places: StepNumbers, metrics: MetricLayout,
        type: BatchType
    ) {
        self.program = program
        self.layout = layout
        self.places = places
        self.metrics = metrics
        count = type.count
        state = layout.roles.map { (program.place(ofInput: $0), program.place(ofOutput: $0)) }
        batch = (
            type.inputs.fields.map { ($0.name, program.place(ofInput: .input($0.name))) },
            type.targets.fields.map { ($0.name, program.place(ofInput: .target($0.name))) },
            type.hasWeights ? program.place(ofInput: .sampleWeights) : nil
        )
        var frame = program.frame()
        frame.inputs[program.place(ofInput: .key)] = key
        numbers = (0..<places.count).map { _ in Buffer(byteCount: 4) }
        for (index, buffer) in numbers.enumerated() {
            frame.inputs[program.place(ofInput: .number(index))] = buffer
        }
        let roles: [StepRole] = [.loss] + metrics.measured.indices.map { .metric($0) }
        results = roles.map { Buffer(byteCount: Swift.max(4, program.type(ofOutput: $0).byteCount)) }
        for (role, buffer) in zip(roles, results) { frame.outputs[program.place(ofOutput: role)] = buffer }
        lossWeight = program.hasOutput(.lossWeight) ? Buffer(byteCount: 4) : nil
        if let lossWeight { frame.outputs[program.place(ofOutput: .lossWeight)] = lossWeight }
        self.frame = Mutex(frame)
    }

    var byteCount: Int { program.byteCount + results.reduce(0) { $0 + $1.byteCount } }

    /// Runs the step on a state's buffers, in place.
    func run(_ state: TrainingState, _ data: Batch, learningRate: Double) throws(ProgramError) -> StepResult {
        let buffers = state.buffers
        return try frame.withLock { frame throws(ProgramError) in
            key.write(seed: state.seed, step: state.step)
            places.forEach(step: state.step, starts: state.phaseStarts, learningRate: learningRate) { index, number in
                numbers[index].mutableBytes.storeBytes(of: Float(number), as: Float.self)
            }
            for (index, place) in self.state.enumerated() {
                frame.inputs[place.input] = buffers[index]
                frame.outputs[place.output] = buffers[index]
            }
            for (name, place) in batch.inputs { frame.inputs[place] = data.inputs[name].elements() }
            for (name, place) in batch.targets { frame.inputs[place] = data.targets[name].elements() }
            if let place = batch.weights, let weights = data.weights { frame.inputs[place] = weights.elements() }
            // Others own these buffers; who looks whether nobody else holds one shall not find this step.
            defer { release(&frame) }
            try program.executable.run(frame.inputs, into: frame.outputs)
            var result = StepResult(
                loss: Double(results[0].first(as: Float.self)), count: count,
                weight: lossWeight.map { Double($0.first(as: Float.self)) }, metrics)
            for index in results.indices.dropFirst() {
                result.contributions.add(index - 1, results[index].elements(as: Float.self).baseAddress!)
            }
            return result
        }
    }

    private func release(_ frame: inout ProgramFrame) {
        for place in state {
            frame.inputs[place.input] = frame.empty
            frame.outputs[place.output] = frame.empty
        }
        for (_, place) in batch.inputs { frame.inputs[place] = frame.empty }
        for (_, place) in batch.targets { frame.inputs[place] = frame.empty }
        if let place = batch.weights { frame.inputs[place] = frame.empty }
    }
}

extension Buffer {
    /// Memory for a key of random numbers.
    static func key(seed: UInt64, step: Int) -> Buffer {
        let key = Buffer(byteCount: 16)
        key.write(seed: seed, step: step)
        return key
    }

    fileprivate func write(seed: UInt64, step: Int) {
        mutableBytes.storeBytes(of: seed, toByteOffset: 0, as: UInt64.self)
        mutableBytes.storeBytes(of: Int64(step), toByteOffset: 8, as: Int64.self)
    }
}
