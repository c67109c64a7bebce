import ApusBackend

/// The arena of a program.
struct MemoryPlan {
    /// The size in bytes.
    var byteCount = 0
    /// The offset of each scratch operand.
    var scratch: [ScratchOperand: Int] = [:]
}

/// An operand that only one step uses.
struct ScratchOperand: Hashable {
    let step: Int
    let operand: Int
}

/// Gives every arena value and every scratch area its offset, so that what lives at the same time does not overlap.
enum MemoryPlanner {
    /// Something that needs memory from its first to its last step.
    private struct Tenant {
        enum Kind {
            case value(Int)
            case scratch(ScratchOperand)
        }
        let kind: Kind
        let byteCount: Int
        var first: Int
        var last: Int
    }

    /// Assigns offsets in `plan`.
    static func assignOffsets(in plan: inout Plan) {
        var memory = MemoryPlan()
        var tenants = MemoryPlanner.tenants(of: plan)
        // Largest first, each at the lowest place that is free during its whole life: near the best that is known, and simple.
        tenants.sort { ($0.byteCount, $1.first) > ($1.byteCount, $0.first) }
        var occupancy = Occupancy(stepCount: plan.steps.count)
        for tenant in tenants {
            let offset = occupancy.place(tenant.byteCount, from: tenant.first, through: tenant.last)
            memory.byteCount = max(memory.byteCount, offset + tenant.byteCount)
            switch tenant.kind {
            case .value(let value): plan.values[value].storage = .arena(offset: offset)
            case .scratch(let key): memory.scratch[key] = offset
            }
        }
        plan.memory = memory
    }

    /// The values and scratch areas that need a place, with the steps between which they live.
    private static func tenants(of plan: Plan) -> [Tenant] {
        var lives: [Int: (first: Int, last: Int)] = [:]
        var tenants: [Tenant] = []
        for (step, planStep) in plan.steps.enumerated() {
            for (operand, use) in planStep.operands.enumerated() {
                switch use {
                case .read(let id), .write(let id):
                    let owner = plan.owner(of: id).index
                    lives[owner] = (lives[owner]?.first ?? step, step)
                case .scratch(let byteCount):
                    let key = ScratchOperand(step: step, operand: operand)
                    tenants.append(
                        Tenant(kind: .scratch(key), byteCount: rounded(byteCount), first: step, last: step))
                case .none: break
                }
            }
        }
        for (value, life) in lives.sorted(by: { $0.key < $1.key }) {
            guard case .arena = plan.values[value].storage else { continue }
            let size = rounded(plan.values[value].byteCount)
            tenants.append(Tenant(kind: .value(value), byteCount: size, first: life.first, last: life.last))
        }
        return tenants
    }

    private static func rounded(_ byteCount: Int) -> Int {
        (max(byteCount, 1) + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
    }
}
