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
        let output = trace.context(model, input)
        guard output.problems.isEmpty else { return nil }
        // Inner layers end before the layers around them.
        let records = trace.records.enumerated().sorted { ($0.element.depth, -$0.offset) > ($1.element.depth, -$1.offset) }
        let checked = [input] + records.compactMap(\.element.output)
        let isFinite = checked.map { ApusTensor.isFinite($0).all() }
        try evaluate(isFinite)
        if !isFinite[0].item(as: Bool.self) { return "the input data" }
        if let variable = state.nonFiniteVariables.first { return "the variable \(variable)" }
        let broken = zip(records, isFinite.dropFirst()).filter { !$1.item(as: Bool.self) }.map(\.0)
        // The first in the order of the calls among the innermost.
        guard let deepest = broken.map(\.element.depth).max(),
            let first = broken.filter({ $0.element.depth == deepest }).min(by: { $0.offset < $1.offset })
        else { return nil }
        let path = first.element.path.isEmpty ? "the model" : first.element.path
        return "\(path) (\(first.element.layer))"
    }
}
