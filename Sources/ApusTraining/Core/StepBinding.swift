import ApusBackend
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// Where the program of a step reads and writes, and the memory of what belongs to no state and no batch.
///
/// A run puts the state's buffers and the batch's into their places of a frame, and takes them out again.
struct StepBinding {
    private let places: StepNumbers
    /// The places of variables and slots among the inputs and among the outputs, where they are written back.
    private let state: [(input: Int, output: Int)]
    /// The places of what a batch holds.
    private let batch: (inputs: [(name: String, place: Int)], targets: [(name: String, place: Int)], weights: Int?)
    /// 16 bytes for each training.
    let key: Buffer
    private let numbers: [Buffer]
    /// Loss and metrics, and what the loss counts where that is not the number of samples.
    let results: [Buffer]
    let lossWeight: Buffer?

    /// - Parameter trainings: How many there are beside each other.
    init(
        _ program: BoundProgram<StepRole>, layout: TrainingState.Layout, _ places: StepNumbers, metrics: MetricLayout,
        type: BatchType, trainings: Int
    ) {
        self.places = places
        state = layout.roles.map { (program.place(ofInput: $0), program.place(ofOutput: $0)) }
        batch = (
            type.inputs.fields.map { ($0.name, program.place(ofInput: .input($0.name))) },
            type.targets.fields.map { ($0.name, program.place(ofInput: .target($0.name))) },
            type.hasWeights ? program.place(ofInput: .sampleWeights) : nil
        )
        key = Buffer(byteCount: 16 * trainings)
        numbers = (0..<places.count).map { _ in Buffer(byteCount: 4) }
        results = StepBinding.roles(metrics).map { Buffer(byteCount: max(4, program.type(ofOutput: $0).byteCount)) }
        lossWeight = program.hasOutput(.lossWeight) ? Buffer(byteCount: 4 * trainings) : nil
    }

    private static func roles(_ metrics: MetricLayout) -> [StepRole] {
        [.loss] + metrics.measured.indices.map { .metric($0) }
    }

    /// A frame with the memory that is always the same.
    func frame(_ program: BoundProgram<StepRole>, _ metrics: MetricLayout) -> ProgramFrame {
        var frame = program.frame()
        frame.inputs[program.place(ofInput: .key)] = key
        for (index, buffer) in numbers.enumerated() {
            frame.inputs[program.place(ofInput: .number(index))] = buffer
        }
        for (role, buffer) in zip(StepBinding.roles(metrics), results) {
            frame.outputs[program.place(ofOutput: role)] = buffer
        }
        if let lossWeight { frame.outputs[program.place(ofOutput: .lossWeight)] = lossWeight }
        return frame
    }

    /// Writes the key of one of the trainings.
    func writeKey(seed: UInt64, step: Int, training: Int = 0) {
        key.mutableBytes.storeBytes(of: seed, toByteOffset: 16 * training, as: UInt64.self)
        key.mutableBytes.storeBytes(of: Int64(step), toByteOffset: 16 * training + 8, as: Int64.self)
    }

    /// Puts into a frame what a run reads and writes.
    func bind(
        _ frame: inout ProgramFrame, _ buffers: [Buffer], _ data: Batch, step: Int, starts: [Int], learningRate: Double
    ) {
        places.forEach(step: step, starts: starts, learningRate: learningRate) { index, number in
            numbers[index].mutableBytes.storeBytes(of: Float(number), as: Float.self)
        }
        for (index, place) in state.enumerated() {
            frame.inputs[place.input] = buffers[index]
            frame.outputs[place.output] = buffers[index]
        }
        for (name, place) in batch.inputs { frame.inputs[place] = data.inputs[name].elements() }
        for (name, place) in batch.targets { frame.inputs[place] = data.targets[name].elements() }
        if let place = batch.weights, let weights = data.weights { frame.inputs[place] = weights.elements() }
    }

    /// Takes out of a frame what others own: who looks whether nobody else holds a buffer shall not find this step.
    func release(_ frame: inout ProgramFrame) {
        for place in state {
            frame.inputs[place.input] = frame.empty
            frame.outputs[place.output] = frame.empty
        }
        for (_, place) in batch.inputs { frame.inputs[place] = frame.empty }
        for (_, place) in batch.targets { frame.inputs[place] = frame.empty }
        if let place = batch.weights { frame.inputs[place] = frame.empty }
    }
}
