import ApusBackend
import ApusGraph

/// A result of the program.
struct PlanOutput {
    /// Its elements in row-major order.
    let value: ValueID
    let type: TensorType
    /// Where the caller wants it.
    let slot: Int
}

/// Kernel calls in the order in which they run, and the values they pass on.
struct Plan {
    var values: [PlanValue] = []
    var steps: [PlanStep] = []
    /// The steps that depend on constant inputs alone; they write constants.
    var preparation: [PlanStep] = []
    /// The contents of `Storage.constant` values.
    var constants: [Buffer] = []
    /// The slots that the caller gives: inputs first, then outputs that replace no input.
    var slotCount = 0
    /// The slots of inputs that keep their values from run to run.
    let constantSlots: Set<Int>
    /// The results, in the graph's order.
    var outputs: [PlanOutput] = []
    /// Where values and scratch areas are, once memory is planned.
    var memory = MemoryPlan()
    /// The bytes that programs inside of steps, the bodies of loops, have for themselves.
    var innerByteCount = 0
    /// How the plan came about.
    var report = CompilationReport()

    init(constantSlots: Set<Int> = []) { self.constantSlots = constantSlots }

    subscript(id: ValueID) -> PlanValue {
        get { values[id.index] }
        set { values[id.index] = newValue }
    }

    /// The value that owns the memory of a value.
    func owner(of id: ValueID) -> ValueID { place(of: id).owner }

    /// The value that owns the memory of a value, and the byte of it at which the value begins.
    func place(of id: ValueID) -> (owner: ValueID, offset: Int) {
        var place = (owner: id, offset: 0)
        while case .alias(let other, let offset) = values[place.owner.index].storage {
            place = (other, place.offset + offset)
        }
        return place
    }

    mutating func add(_ value: PlanValue) -> ValueID {
        values.append(value)
        return ValueID(index: values.count - 1)
    }

    /// A new value in the arena.
    mutating func temporary(_ type: TensorType, _ layout: Layout = .rows) -> ValueID {
        add(PlanValue(type: type, layout: layout, storage: .arena(offset: nil)))
    }

    /// Adds a step; one that computes the same in every run is left to the preparation.
    mutating func append(_ step: PlanStep) {
        guard dependsOnConstants(step) else { return steps.append(step) }
        preparation.append(step)
        for id in step.writes {
            let owner = owner(of: id)
            constants.append(Buffer(byteCount: self[owner].byteCount))
            self[owner].storage = .constant(constants.count - 1)
        }
    }

    /// Whether a step computes the same in every run.
    private func dependsOnConstants(_ step: PlanStep) -> Bool {
        !constantSlots.isEmpty && !step.reads.isEmpty && step.reads.allSatisfy(isConstant)
            && step.writes.allSatisfy { if case .arena = self[owner(of: $0)].storage { true } else { false } }
    }

    /// Whether a value is the same in every run.
    func isConstant(_ id: ValueID) -> Bool {
        switch self[owner(of: id)].storage {
        case .slot(let slot): constantSlots.contains(slot)
        case .constant: true
        case .arena, .alias: false
        }
    }
}
