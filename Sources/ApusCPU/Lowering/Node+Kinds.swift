import ApusGraph

extension Operation {
    /// Whether each element of the result depends on the same element of the inputs alone.
    var isElementwise: Bool {
        switch self {
        case .unary, .binary, .select, .clamp, .cast: true
        default: false
        }
    }

    /// Whether the operation only describes where elements are, so that readers can often follow it without a copy; or is a
    /// constant. Such nodes are computed where somebody needs them in memory.
    var isView: Bool {
        switch self {
        case .reshape, .transpose, .broadcast, .slice, .reverse, .constant, .stopGradient: true
        default: false
        }
    }
}

extension Node {
    /// Whether the node's elements are its input's, in another order or number.
    var isFollowed: Bool {
        if case .constant = operation { return false }
        return operation.isView
    }

    /// Whether a step computes the node: it is neither given nor a view.
    var isComputed: Bool {
        if case .input = operation { return false }
        return !operation.isView
    }
}

extension IndexedGraph {
    /// What a cast to bfloat16 takes from float32, else the node itself: kernels that compute in float32 need not round first.
    func withoutRounding(_ number: Int) -> Int {
        guard case .cast(.bfloat16) = nodes[number].operation, nodes[number].inputs[0].elementType == .float32 else {
            return number
        }
        return inputs(number)[0]
    }
}
