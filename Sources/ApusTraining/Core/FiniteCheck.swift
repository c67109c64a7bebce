import ApusBackend
import ApusData
import ApusTensor

extension ModelProbe {
    /// The first layer that yields a value which is not finite for a batch: its path and configuration, or what came in already
    /// broken; `nil` if all outputs are finite.
    func firstNonFiniteLayer(_ state: TrainingState, _ batch: Batch) throws -> String? {
        let view = try self(
            state.variables, batch, seed: state.seed, step: state.step, mode: .training, frozen: state.frozenPaths)
        if !view.inputs.allSatisfy(\.isFinite) { return "the input data" }
        if let variable = state.nonFiniteVariables.first { return "the variable \(variable)" }
        // Inner layers end before the layer around them, so the first in this order is the place itself.
        let broken = view.calls.first { !$0.output.isFinite }
        return broken.map { "\($0.path.isEmpty ? "the model" : $0.path) (\($0.layer))" }
    }
}

extension Tensor {
    /// Whether all numbers are finite; those of integers are.
    fileprivate var isFinite: Bool {
        guard elementType == .float32 else {
            return !elementType.isFloatingPoint || ApusTensor.isFinite(self).all().item(as: Bool.self)
        }
        return elements().elements(as: Float.self).allSatisfy { $0.isFinite }
    }
}
