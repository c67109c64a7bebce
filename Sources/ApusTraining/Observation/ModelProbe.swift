package import ApusBackend
package import ApusData
import ApusGraph
package import ApusNN
package import ApusTensor

/// Looks into a model: what every layer yields for a batch, and the gradients of the loss.
///
/// Histograms while training, the report of a run and the search for the first value that is not finite all look through one; they
/// see the precision and the device of the training, and gradients of the loss with all penalties. A probe changes nothing.
package struct ModelProbe: Sendable {
    private let model: any Model
    private let objective: Objective
    private let precision: NumericPrecision
    private let device: Device
    private let programs = Programs<Question, ProbeProgram>()

    /// What is looked at.
    private struct Question: Hashable {
        let batch: BatchType
        let mode: Mode
        /// The variables whose gradients are wanted.
        let gradients: [String]
        /// Whether the gradients to what layers yield are wanted.
        let toLayers: Bool
        /// The variables that keep their values in training.
        let frozen: Set<String>

        var hasLoss: Bool { toLayers || !gradients.isEmpty }
    }

    package init(_ model: any Model, objective: Objective, precision: NumericPrecision, device: Device) {
        self.model = model
        self.objective = objective.withoutMetrics
        self.precision = precision
        self.device = device
    }

    /// Looks at a batch.
    ///
    /// - Parameters:
    ///   - seed: of the random numbers that the step would draw
    ///   - gradients: The variables whose gradients are wanted; without any, neither loss nor targets are looked at.
    ///   - toLayers: Whether the gradients to what layers yield are wanted, too.
    ///   - frozen: The variables that keep their values in training.
    /// - Throws: `GraphError` if the model does not fit the batch or the variables, `ProgramError` if a label is out of range.
    package func callAsFunction(
        _ variables: Variables, _ batch: Batch, seed: UInt64, step: Int, mode: Mode, gradients: [String] = [],
        toLayers: Bool = false, frozen: Set<String> = []
    ) throws -> ModelView {
        try batch.evaluated()
        let type = BatchType(batch, hasTargets: toLayers || !gradients.isEmpty)
        let question = Question(batch: type, mode: mode, gradients: gradients, toLayers: toLayers, frozen: frozen)
        let types = variables.paths.map { ($0, variables[$0]!.node.type) }
        let probe = try programs(question, where: { $0.variables.elementsEqual(types, by: ==) }) {
            try program(question, types)
        }
        let key = Buffer.key(seed: seed, step: step)
        let results = try probe.program.run { role in
            if case .variable(let path) = role { return variables[path]!.elements() }
            return batch.buffer(of: role) ?? key
        }
        return ModelView(
            loss: question.hasLoss ? Double(results.buffer(.loss).first(as: Float.self)) : nil,
            inputs: probe.inputs.map { results[.preprocessedInput($0)] },
            calls: probe.calls.map { call in
                ModelView.Call(
                    path: call.record.path, layer: call.record.layer, depth: call.record.depth,
                    output: results[.layerOutput(call.output)],
                    gradient: toLayers ? results[.layerGradient(call.output)] : nil, isRepetition: call.isRepetition)
            },
            gradients: gradients.map { ($0, results[.gradient($0)]) })
    }

    private func program(_ question: Question, _ types: [(path: String, type: TensorType)]) throws -> ProbeProgram {
        var builder = ProgramBuilder<StepRole>()
        let traced = StepModel(
            model, question.batch, variables: types, mode: question.mode, precision: precision,
            isFrozen: question.frozen.contains, in: &builder)
        var loss: Tensor?
        if question.hasLoss {
            let measured = traced.measured(objective)
            try traced.validate(measured)
            loss = traced.total(measured)
        } else {
            try traced.traced.validate()
        }
        for (name, input) in traced.inputs { builder.output(.preprocessedInput(name), input) }
        var calls: [ProbeProgram.Call] = []
        var places: [Node: Int] = [:]
        var outputs: [Tensor] = []
        for record in traced.traced.records {
            let node = record.output.node
            let known = places[node]
            let place = known ?? places.count
            if known == nil {
                places[node] = place
                outputs.append(record.output)
                builder.output(.layerOutput(place), record.output.cast(to: .float32))
            }
            calls.append(ProbeProgram.Call(record: record, output: place, isRepetition: known != nil))
        }
        if let loss {
            builder.output(.loss, loss)
            let points = question.gradients.map { traced.variables[$0]! } + (question.toLayers ? outputs : [])
            let gradients = gradient(of: loss, withRespectTo: points)
            for (path, gradient) in zip(question.gradients, gradients) { builder.output(.gradient(path), gradient) }
            for (place, gradient) in gradients.dropFirst(question.gradients.count).enumerated() {
                builder.output(.layerGradient(place), gradient.cast(to: .float32))
            }
        }
        return ProbeProgram(
            program: try builder.compiled(on: device), variables: types, calls: calls, inputs: traced.inputs.names)
    }
}

/// A compiled probe.
private struct ProbeProgram: StoredProgram, @unchecked Sendable {
    struct Call {
        let record: LayerRecord
        let output: Int
        let isRepetition: Bool
    }

    let program: BoundProgram<StepRole>
    let variables: [(path: String, type: TensorType)]
    let calls: [Call]
    /// The names of the inputs.
    let inputs: [String]

    var byteCount: Int { program.byteCount }
}

/// What a probe saw.
package struct ModelView {
    /// A call of a layer.
    package struct Call {
        /// The layer's path; empty for the model itself.
        package let path: String
        package let layer: any Model
        /// How many layers are around it, itself included.
        package let depth: Int
        /// In float32.
        package let output: Tensor
        /// The gradient of the loss to it, in float32, where it was asked for.
        package let gradient: Tensor?
        /// Whether another call has yielded the same value before: a list of layers yields what its last layer yields.
        package let isRepetition: Bool
    }

    /// The loss with all penalties, where gradients were asked for.
    package let loss: Double?
    /// The batch as the model received it.
    package let inputs: [Tensor]
    /// The one input, or the first.
    package var input: Tensor { inputs[0] }
    /// Inner layers before the layer around them.
    package let calls: [Call]
    /// The gradient of the loss with respect to each variable that was asked for.
    package let gradients: [(path: String, value: Tensor)]

    /// The calls that yield something new, by names that tell them apart: `encoder`, `encoder (2)`, and `model` for the model itself.
    package var namedCalls: [(name: String, call: Call)] {
        let distinct = calls.filter { !$0.isRepetition }
        return Array(zip(ModelView.names(of: distinct.map(\.path)), distinct))
    }

    /// Names that tell calls apart, by their paths.
    static func names(of paths: [String]) -> [String] {
        var calls: [String: Int] = [:]
        return paths.map { path in
            calls[path, default: 0] += 1
            let (name, number) = (path.isEmpty ? "model" : path, calls[path, default: 1])
            return number == 1 ? name : "\(name) (\(number))"
        }
    }
}
