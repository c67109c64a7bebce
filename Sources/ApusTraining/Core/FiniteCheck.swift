import ApusData
import ApusGraph
import ApusNN
import ApusTensor

/// Looks for the first layer that yields a value which is not finite.
enum FiniteCheck {
    /// The path and configuration of the layer, or what came in already broken; `nil` if all outputs are finite.
    static func firstNonFiniteLayer(_ model: any Layer, _ state: TrainingState, _ batch: Batch) throws -> String? {
        let variables = state.variables
        var values: [String: Tensor] = [:]
        for path in variables.paths { values[path] = variables[path]! }
        let key = Tensor([Int(bitPattern: UInt(state.seed)), state.step])
        let trace = Trace(mode: .training, key: key, values: values)
        let input = batch.normalization(batch.inputs)
        let output = model(input, in: trace.context)
        guard trace.problems(output).isEmpty else { return nil }
        let checked = [input] + trace.records.map(\.output)
        let isFinite = checked.map { ApusTensor.isFinite($0).all() }
        try evaluate(isFinite)
        if !isFinite[0].item(as: Bool.self) { return "the input data" }
        if let variable = state.nonFiniteVariables.first { return "the variable \(variable)" }
        // Inner layers end before the layer around them, so the first in this order is the place itself.
        let broken = zip(trace.records, isFinite.dropFirst()).first { !$1.item(as: Bool.self) }?.0
        return broken.map { "\($0.path.isEmpty ? "the model" : $0.path) (\($0.layer))" }
    }
}
