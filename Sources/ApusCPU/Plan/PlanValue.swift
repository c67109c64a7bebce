import ApusGraph

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
    /// The memory of another value, from a byte of it on.
    case alias(ValueID, offset: Int = 0)
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
