import ApusBackend
import ApusNN
import ApusOptimizers

/// What begins to train with an epoch.
struct Unfrozen {
    /// The epoch, from 1.
    let epoch: Int
    /// What the optimizer unfreezes in it.
    let patterns: [String]
    /// The number of values that begin to train.
    let parameterCount: Int
}

extension TrainingState {
    /// Lets begin to train what the optimizer unfreezes until the epoch under way: slots at their start values, updates counted from 1.
    ///
    /// - Returns: What begins; `nil` if nothing does.
    @discardableResult
    mutating func unfreeze() -> Unfrozen? {
        guard layout.phase + 1 < layout.plan.phases.count else { return nil }
        let plan = layout.plan
        let (before, phase) = (layout.phase, plan.phase(epoch: epoch + 1))
        guard phase > before else { return nil }
        enter(phaseStarts + Array(repeating: step, count: phase - before))
        let begun = layout.variables.filter {
            $0.description.isTrainable && plan.freezes($0.path, phase: before) && !plan.freezes($0.path, phase: phase)
        }
        return Unfrozen(
            epoch: epoch + 1, patterns: plan.phases[(before + 1)...phase].flatMap(\.patterns),
            parameterCount: begun.reduce(0) { $0 + $1.description.shape.count })
    }
}

extension TrainingState.Layout {
    /// The memory of variables and slots.
    ///
    /// - Parameters:
    ///   - values: Those of the variables.
    ///   - known: The memory of slots that have values already; others begin with theirs, averages with the variables.
    func filled(_ values: [Buffer], known: (StepRole) -> Buffer?) -> [Buffer] {
        let starts = Dictionary(uniqueKeysWithValues: averages.map { ($0.index, $0.variable) })
        return values
            + slots.indices.map { slot in
                let index = values.count + slot
                if let buffer = known(roles[index]) { return buffer }
                if let variable = starts[index] { return values[variable].copy() }
                let buffer = Buffer(byteCount: type(index).byteCount)
                buffer.mutableElements(as: Float.self).update(repeating: Float(slots[slot].slot.initial))
                return buffer
            }
    }
}
