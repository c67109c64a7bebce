import ApusBackend
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// A step of several trainings that differ in their seeds alone, as one program: variables, batches and keys have an axis of trainings.
final class SeedStep {
    private let program: BoundProgram<StepRole>
    private let places: StepNumbers
    private let metrics: MetricLayout
    /// The samples of one training in a batch, and the trainings.
    private let count: (samples: Int, trainings: Int)
    /// The places of variables and slots among the inputs and among the outputs, where they are written back.
    private let state: [(input: Int, output: Int)]
    /// The places of what a batch holds.
    private let batch: (inputs: [(name: String, place: Int)], targets: [(name: String, place: Int)], weights: Int?)
    private let key: Buffer
    private let numbers: [Buffer]
    private let results: [Buffer]
    private let lossWeight: Buffer?
    private var frame: ProgramFrame

    /// - Parameters:
    ///   - type: A batch of one training.
    ///   - trainings: How many there are.
    init(
        _ program: BoundProgram<StepRole>, layout: TrainingState.Layout, _ places: StepNumbers, metrics: MetricLayout,
        type: BatchType, trainings: Int
    ) {
        self.program = program
        self.places = places
        self.metrics = metrics
        count = (type.count, trainings)
        state = layout.roles.map { (program.place(ofInput: $0), program.place(ofOutput: $0)) }
        batch = (
            type.inputs.fields.map { ($0.name, program.place(ofInput: .input($0.name))) },
            type.targets.fields.map { ($0.name, program.place(ofInput: .target($0.name))) },
            type.hasWeights ? program.place(ofInput: .sampleWeights) : nil
        )
        var frame = program.frame()
        key = Buffer(byteCount: 16 * trainings)
        frame.inputs[program.place(ofInput: .key)] = key
        numbers = (0..<places.count).map { _ in Buffer(byteCount: 4) }
        for (index, buffer) in numbers.enumerated() {
            frame.inputs[program.place(ofInput: .number(index))] = buffer
        }
        let roles: [StepRole] = [.loss] + metrics.measured.indices.map { .metric($0) }
        results = roles.map { Buffer(byteCount: Swift.max(4, program.type(ofOutput: $0).byteCount)) }
        for (role, buffer) in zip(roles, results) { frame.outputs[program.place(ofOutput: role)] = buffer }
        lossWeight = program.hasOutput(.lossWeight) ? Buffer(byteCount: 4 * trainings) : nil
        if let lossWeight { frame.outputs[program.place(ofOutput: .lossWeight)] = lossWeight }
        self.frame = frame
    }

    /// Runs the step on the variables and slots of all trainings, in place.
    ///
    /// - Parameter data: A batch of each training, one behind the other.
    func run(
        _ buffers: [Buffer], _ data: Batch, seeds: [UInt64], step: Int, starts: [Int], learningRate: Double
    ) throws -> [StepResult] {
        for (training, seed) in seeds.enumerated() {
            key.mutableBytes.storeBytes(of: seed, toByteOffset: 16 * training, as: UInt64.self)
            key.mutableBytes.storeBytes(of: Int64(step), toByteOffset: 16 * training + 8, as: Int64.self)
        }
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
        defer { release() }
        try program.executable.run(frame.inputs, into: frame.outputs)
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

    /// Lets go of what others own.
    private func release() {
        for place in state {
            frame.inputs[place.input] = frame.empty
            frame.outputs[place.output] = frame.empty
        }
        for (_, place) in batch.inputs { frame.inputs[place] = frame.empty }
        for (_, place) in batch.targets { frame.inputs[place] = frame.empty }
        if let place = batch.weights { frame.inputs[place] = frame.empty }
    }
}
