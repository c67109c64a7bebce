import ApusGraph
import CKernels

/// What a step does with one of its buffers.
enum Operand {
    case read(ValueID)
    case write(ValueID)
    /// Memory that only this step uses.
    case scratch(byteCount: Int)
    /// A null pointer: the kernel's operand is absent.
    case none
}

/// One call of a kernel.
struct PlanStep {
    var name: String
    var kernel: apus_kernel
    var operands: [Operand]
    var parameters: ParameterBlock
    var cost: Cost
    /// What the step was made of if it is elementwise: such steps can be joined.
    var elementwise: ElementwiseCall?
    /// The unit that the step computes a part of, counted in the order in which units run; output copies belong to none.
    var unit: Int?

    var reads: [ValueID] { operands.compactMap { if case .read(let value) = $0 { value } else { nil } } }
    var writes: [ValueID] { operands.compactMap { if case .write(let value) = $0 { value } else { nil } } }
}
