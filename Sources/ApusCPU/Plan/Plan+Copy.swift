import ApusGraph
import CKernels

extension Plan {
    /// Copies a whole value to another, in row-major order.
    mutating func copy(_ source: ValueID, to target: ValueID, _ type: TensorType) {
        copy(Access(source, type.shape), to: target, type.elementType)
    }

    /// Copies the elements that an access describes to a value, in row-major order.
    mutating func copy(_ access: Access, to target: ValueID, _ type: ElementType) {
        copy(access, to: target, type, strides: access.shape.strides, offset: 0)
    }

    /// Copies elements to places of a value given by strides.
    mutating func copy(_ access: Access, to target: ValueID, _ type: ElementType, strides: [Int], offset: Int) {
        guard access.shape.count > 0 else { return }
        // Joins axes that run on in both source and destination, so that at most eight are left.
        var axes: [(extent: Int, source: Int, destination: Int)] = []
        for (axis, extent) in access.shape.dimensions.enumerated() where extent != 1 {
            if let last = axes.last, last.source == access.strides[axis] * extent,
                last.destination == strides[axis] * extent
            {
                axes[axes.count - 1] = (last.extent * extent, access.strides[axis], strides[axis])
            } else {
                axes.append((extent, access.strides[axis], strides[axis]))
            }
        }
        // More axes than the kernel takes: one copy for each index along the shortest ones.
        var starts = [(source: access.offset, destination: offset)]
        while axes.count > APUS_MOVEMENT_MAX_RANK {
            let axis = axes.remove(at: axes.indices.min { axes[$0].extent < axes[$1].extent }!)
            starts = starts.flatMap { start in
                (0..<axis.extent).map { (start.source + $0 * axis.source, start.destination + $0 * axis.destination) }
            }
        }
        var parameters = apus_copy_parameters()
        parameters.rank = Int64(axes.count)
        ParameterBlock.fill(&parameters.shape, axes.map(\.extent))
        ParameterBlock.fill(&parameters.source_strides, axes.map(\.source))
        ParameterBlock.fill(&parameters.destination_strides, axes.map(\.destination))
        parameters.element_bytes = Int64(type.byteCount)
        let cost = Cost(flops: 0, bytes: 2 * axes.reduce(type.byteCount) { $0 * $1.extent })
        for start in starts {
            parameters.source_offset = Int64(start.source)
            parameters.destination_offset = Int64(start.destination)
            append(
                PlanStep(
                    name: "copy", kernel: apus_copy, operands: [.read(access.value), .write(target)],
                    parameters: ParameterBlock(parameters), cost: cost))
        }
    }
}
