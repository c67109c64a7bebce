extension Plan {
    /// Brings every output to its slot: what could not be computed there is copied at the end.
    mutating func placeOutputs() {
        var finalCopies: [PlanOutput] = []
        let uses = SlotUses(self)
        for output in outputs {
            let source = owner(of: output.value)
            if self[source].storage == .slot(output.slot) {
                guard
                    isOverwrittenTooEarly(source, output.slot, uses) || isCopied(output.slot, except: source, uses)
                else {
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
    private func isCopied(_ slot: Int, except value: ValueID, _ uses: SlotUses) -> Bool {
        uses.returned[slot, default: []].contains { $0 != value && self[$0].storage == .slot(slot) }
    }

    /// Whether the step that writes a value over an input comes before one that still reads the input.
    private func isOverwrittenTooEarly(_ value: ValueID, _ slot: Int, _ uses: SlotUses) -> Bool {
        func readsInput(_ id: ValueID) -> Bool {
            let owner = owner(of: id)
            return owner != value && self[owner].storage == .slot(slot)
        }
        guard let writer = uses.writers[value] else { return false }
        if uses.reads[slot, default: []].contains(where: { $0.step > writer && readsInput($0.owner) }) { return true }
        // Within the step: only an elementwise kernel may read what it overwrites, and only at the same place.
        guard steps[writer].reads.contains(where: readsInput) else { return false }
        guard let call = steps[writer].elementwise else { return true }
        return !zip(call.program.operands, call.values[0]).allSatisfy { operand, id in
            operand.isOutput || !readsInput(id) || operand.access == .contiguous || self[id].elementCount == 1
        }
    }
}

/// Where the memory that the caller gives is used, looked up once for all outputs.
private struct SlotUses {
    /// The first step that writes each value.
    var writers: [ValueID: Int] = [:]
    /// The steps that read each slot, and the values that they read there.
    var reads: [Int: [(step: Int, owner: ValueID)]] = [:]
    /// The values that are returned from each slot.
    var returned: [Int: [ValueID]] = [:]

    init(_ plan: Plan) {
        func slot(_ owner: ValueID) -> Int? {
            if case .slot(let slot) = plan[owner].storage { slot } else { nil }
        }
        for (step, planStep) in plan.steps.enumerated() {
            for id in planStep.writes where writers[plan.owner(of: id)] == nil { writers[plan.owner(of: id)] = step }
            for id in planStep.reads {
                let owner = plan.owner(of: id)
                if let slot = slot(owner) { reads[slot, default: []].append((step, owner)) }
            }
        }
        for output in plan.outputs {
            let owner = plan.owner(of: output.value)
            if let slot = slot(owner) { returned[slot, default: []].append(owner) }
        }
    }
}
