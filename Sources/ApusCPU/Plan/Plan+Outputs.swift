extension Plan {
    /// Brings every output to its slot: what could not be computed there is copied at the end.
    mutating func placeOutputs() {
        var finalCopies: [PlanOutput] = []
        for output in outputs {
            let source = owner(of: output.value)
            if self[source].storage == .slot(output.slot) {
                guard isOverwrittenTooEarly(source, output.slot) || isCopied(output.slot, except: source) else {
                    continue
                }
                self[source].storage = .arena(offset: nil)
            }
            finalCopies.append(output)
        }
        // What lies in a slot goes to the arena before slots are written.
        let staged = finalCopies.map { output -> ValueID in
            guard case .slot = self[owner(of: output.value)].storage, finalCopies.count > 1 else { return output.value }
            let stage = temporary(output.type)
            copy(output.value, to: stage, output.type)
            return stage
        }
        for (output, source) in zip(finalCopies, staged) {
            let target = add(PlanValue(type: output.type, layout: .rows, storage: .slot(output.slot)))
            copy(source, to: target, output.type)
        }
    }

    /// Whether an output is a copy of what the caller gave in a slot.
    private func isCopied(_ slot: Int, except value: ValueID) -> Bool {
        outputs.contains { output in
            let owner = owner(of: output.value)
            return owner != value && self[owner].storage == .slot(slot)
        }
    }

    /// Whether the step that writes a value over an input comes before one that still reads the input.
    private func isOverwrittenTooEarly(_ value: ValueID, _ slot: Int) -> Bool {
        func readsInput(_ id: ValueID) -> Bool {
            let owner = owner(of: id)
            return owner != value && self[owner].storage == .slot(slot)
        }
        guard let writer = steps.firstIndex(where: { $0.writes.contains { owner(of: $0) == value } }) else {
            return false
        }
        if steps[(writer + 1)...].contains(where: { $0.reads.contains(where: readsInput) }) { return true }
        // Within the step: only an elementwise kernel may read what it overwrites, and only at the same place.
        guard steps[writer].reads.contains(where: readsInput) else { return false }
        guard let call = steps[writer].elementwise else { return true }
        return !zip(call.program.operands, call.values[0]).allSatisfy { operand, id in
            operand.isOutput || !readsInput(id) || operand.access == .contiguous || self[id].elementCount == 1
        }
    }
}
