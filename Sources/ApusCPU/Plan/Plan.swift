import ApusGraph
@_spi(Backend) import ApusBackend
import CKernels

/// How a value's elements are ordered in memory.
enum Layout: Hashable {
    /// Row-major in the logical order.
    case rows
    /// A tensor [N, H, W, C] as [⌈N / 16⌉, C, H, W, 16]: 16 samples side by side, lanes beyond N are padding.
    case lanes
}

/// A value of a plan: an index into `Plan.values`.
struct ValueID: Hashable {
    let index: Int
}

/// Where a value lives.
enum Storage: Hashable {
    /// Not decided yet, or an offset into the program's arena.
    case arena(offset: Int?)
    /// Given by the caller of the program: an input, or an output.
    case slot(Int)
    /// Filled when the program is built, never written again.
    case constant(Int)
    /// The same memory as another value.
    case alias(ValueID)
}

struct PlanValue {
    let type: TensorType
    let layout: Layout
    var storage: Storage

    var byteCount: Int {
        switch layout {
        case .rows: type.byteCount
        case .lanes: lanesElementCount * type.elementType.byteCount
        }
    }

    /// The number of elements including the padding lanes.
    var elementCount: Int { layout == .rows ? type.shape.count : lanesElementCount }

    private var lanesElementCount: Int {
        let shape = type.shape
        return (shape[0] + 15) / 16 * 16 * shape[1] * shape[2] * shape[3]
    }
}

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

    var reads: [ValueID] { operands.compactMap { if case .read(let value) = $0 { value } else { nil } } }
    var writes: [ValueID] { operands.compactMap { if case .write(let value) = $0 { value } else { nil } } }
}

/// Owns the parameters of a kernel call.
final class ParameterBlock: @unchecked Sendable {
    let pointer: UnsafeRawPointer
    private let destroy: (UnsafeRawPointer) -> Void

    /// A copy of a C struct.
    init<Parameters: BitwiseCopyable>(_ parameters: Parameters) {
        let memory = UnsafeMutablePointer<Parameters>.allocate(capacity: 1)
        memory.initialize(to: parameters)
        pointer = UnsafeRawPointer(memory)
        destroy = { $0.assumingMemoryBound(to: Parameters.self).deallocate() }
    }

    /// An object that a C function made.
    init(adopting pointer: UnsafeRawPointer, destroy: @escaping (UnsafeRawPointer) -> Void) {
        self.pointer = pointer
        self.destroy = destroy
    }

    deinit { destroy(pointer) }
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

    subscript(id: ValueID) -> PlanValue {
        get { values[id.index] }
        set { values[id.index] = newValue }
    }

    /// The value that owns the memory of a value.
    func owner(of id: ValueID) -> ValueID {
        var id = id
        while case .alias(let other) = values[id.index].storage { id = other }
        return id
    }

    mutating func add(_ value: PlanValue) -> ValueID {
        values.append(value)
        return ValueID(index: values.count - 1)
    }
}
