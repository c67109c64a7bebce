@_spi(Backend) import ApusBackend
import CKernels

/// Calls of kernels with the addresses of their operands.
final class CallList: @unchecked Sendable {
    let count: Int
    let calls: UnsafeMutablePointer<apus_step>
    private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// For each slot, the places in `pointers` that hold its address; and the address they hold now.
    private let relocations: [[Int]]
    private let bound: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    var isEmpty: Bool { count == 0 }

    /// - Parameter scratch: The address of what only one step uses: (step, operand).
    init(_ steps: [PlanStep], _ plan: Plan, arena: Buffer, scratch: (Int, Int) -> UnsafeMutableRawPointer) {
        count = steps.count
        pointers = .allocate(capacity: max(1, steps.reduce(0) { $0 + $1.operands.count }))
        calls = .allocate(capacity: max(1, steps.count))
        bound = .allocate(capacity: max(1, plan.slotCount))
        bound.initialize(repeating: nil, count: max(1, plan.slotCount))
        var relocations = Array(repeating: [Int](), count: plan.slotCount)
        var next = 0
        for (index, step) in steps.enumerated() {
            calls[index] = apus_step(
                kernel: step.kernel, buffers: pointers + next, parameters: step.parameters.pointer)
            for (operand, use) in step.operands.enumerated() {
                var address: UnsafeMutableRawPointer?
                switch use {
                case .none: break
                case .scratch: address = scratch(index, operand)
                case .read(let id), .write(let id):
                    let place = plan.place(of: id)
                    switch plan[place.owner].storage {
                    case .arena(let offset): address = arena.pointer + offset! + place.offset
                    case .constant(let constant): address = plan.constants[constant].pointer + place.offset
                    case .slot(let slot):
                        precondition(place.offset == 0, "a slot is read from its begin")
                        relocations[slot].append(next)
                    case .alias: preconditionFailure("an owner is no alias")
                    }
                }
                pointers[next] = address
                next += 1
            }
        }
        self.relocations = relocations
    }

    deinit {
        calls.deallocate()
        pointers.deallocate()
        bound.deallocate()
    }

    /// Where calls read the address of an input or output, for who changes it while they run.
    func places(of slot: Int) -> [UnsafeMutablePointer<UnsafeMutableRawPointer?>] {
        relocations[slot].map { pointers + $0 }
    }

    /// Puts the address of an input or output into every call that uses it.
    func bind(_ slot: Int, _ address: UnsafeMutableRawPointer) {
        guard bound[slot] != address else { return }
        bound[slot] = address
        for place in relocations[slot] { pointers[place] = address }
    }
}
