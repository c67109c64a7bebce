import ApusBackend
import ApusGraph

/// Where the values of nodes are.
extension Lowering {
    /// A new value in the arena.
    mutating func temporary(_ type: TensorType, _ layout: Layout = .rows) -> ValueID { plan.temporary(type, layout) }

    /// The value that a step computes for a node, in row-major order.
    mutating func result(_ number: Int) -> ValueID {
        let storage: Storage = outputSlots[number].map { .slot($0) } ?? .arena(offset: nil)
        let value = plan.add(PlanValue(type: graph.nodes[number].type, layout: .rows, storage: storage))
        rows[number] = value
        return value
    }

    /// The value that a step computes for a node, in the lanes layout.
    mutating func lanesResult(_ number: Int) -> ValueID {
        let value = temporary(graph.nodes[number].type, .lanes)
        lanes[number] = value
        return value
    }

    /// Drops a node's value again, before any step has used it.
    mutating func forget(_ number: Int) {
        rows[number] = nil
        lanes[number] = nil
    }

    /// A node's elements in row-major order without gaps; copies or converts if they are not there yet.
    mutating func value(_ number: Int) -> ValueID {
        if let value = rows[number] { return value }
        let value: ValueID
        let node = graph.nodes[number]
        if let source = lanes[number] {
            value = unpacked(source, node.type)
        } else if case .constant(let scalar, let type) = node.operation {
            value = constant(scalar, type)
        } else {
            let access = access(number)
            if access.isContiguous {
                let source = plan[access.value]
                if source.type == node.type { return access.value }
                value = plan.add(PlanValue(type: node.type, layout: .rows, storage: .alias(access.value)))
            } else {
                value = temporary(node.type)
                plan.copy(access, to: value, node.elementType)
            }
        }
        rows[number] = value
        return value
    }

    /// A node's elements in the lanes layout.
    mutating func lanesValue(_ number: Int) -> ValueID {
        if let value = lanes[number] { return value }
        let value = packed(self.value(number), graph.nodes[number].type)
        lanes[number] = value
        return value
    }

    /// Where a node's elements can be found without a copy if possible: views are followed.
    mutating func access(_ number: Int) -> Access {
        // Down to what lies in memory; chains of views may be long.
        var views: [Int] = []
        var source = number
        while rows[source] == nil, lanes[source] == nil, graph.nodes[source].isFollowed {
            views.append(source)
            source = graph.inputs(source)[0]
        }
        precondition(
            source != number || rows[source] != nil || lanes[source] != nil || graph.nodes[source].constantValue != nil,
            "\(graph.nodes[number].operation.name) is read before it is computed")
        var access = Access(value(source), graph.nodes[source].shape)
        for view in views.reversed() {
            switch graph.nodes[view].operation {
            case .reshape(let shape):
                if let reshaped = access.reshaped(shape) {
                    access = reshaped
                } else {
                    let type = TensorType(access.shape, graph.nodes[view].elementType)
                    let copied = temporary(type)
                    plan.copy(access, to: copied, type.elementType)
                    access = Access(copied, shape)
                }
            case .transpose(let permutation): access = access.transposed(permutation)
            case .broadcast(let shape): access = access.broadcast(to: shape)
            case .slice(let slices): access = access.sliced(slices)
            case .reverse(let axes): access = access.reversed(axes)
            default: break
            }
        }
        return piece(access) ?? access
    }

    /// What lies together within a value, as a value of its own: in memory of the program, from an address on that kernels may expect.
    private mutating func piece(_ access: Access) -> Access? {
        let place = plan.place(of: access.value)
        let type = TensorType(access.shape, plan[access.value].type.elementType)
        let offset = access.offset * type.elementType.byteCount
        guard offset > 0, access.hasNoGaps, type.byteCount > 0, (place.offset + offset) % Buffer.alignment == 0 else {
            return nil
        }
        switch plan[place.owner].storage {
        case .slot: return nil
        case .arena, .constant, .alias:
            let piece = PlanValue(type: type, layout: .rows, storage: .alias(access.value, offset: offset))
            return Access(plan.add(piece), access.shape)
        }
    }

    /// Memory that holds one number everywhere, filled when the program is built.
    mutating func constant(_ scalar: Scalar, _ type: TensorType) -> ValueID {
        plan.constants.append(Buffer(repeating: scalar, type))
        return plan.add(PlanValue(type: type, layout: .rows, storage: .constant(plan.constants.count - 1)))
    }
}
