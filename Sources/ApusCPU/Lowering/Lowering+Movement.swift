import ApusBackend
import ApusGraph
import CKernels

extension Lowering {
    /// Copies the elements that an access describes to a value, in row-major order.
    mutating func copy(_ access: Access, to target: ValueID, _ type: TensorType) {
        copy(access, to: target, type.elementType, strides: access.shape.strides, offset: 0)
    }

    /// Copies elements to places of a value given by strides.
    private mutating func copy(
        _ access: Access, to target: ValueID, _ type: ElementType, strides: [Int], offset: Int
    ) {
        guard access.shape.count > 0 else { return }
        var parameters = apus_copy_parameters()
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
        parameters.rank = Int64(axes.count)
        fill(&parameters.shape, axes.map(\.extent))
        fill(&parameters.source_strides, axes.map(\.source))
        fill(&parameters.destination_strides, axes.map(\.destination))
        parameters.element_bytes = Int64(type.byteCount)
        let bytes = 2 * axes.reduce(type.byteCount) { $0 * $1.extent }
        for start in starts {
            parameters.source_offset = Int64(start.source)
            parameters.destination_offset = Int64(start.destination)
            step(
                "copy", apus_copy, [.read(access.value), .write(target)], parameters, cost: Cost(flops: 0, bytes: bytes)
            )
        }
    }

    mutating func concatenate(_ number: Int, axis: Int) {
        let node = graph.nodes[number]
        let target = result(number)
        let strides = node.shape.strides
        var start = 0
        for input in graph.inputs(number) {
            let access = access(input)
            copy(access, to: target, node.elementType, strides: strides, offset: start * strides[axis])
            start += access.shape[axis]
        }
    }

    mutating func pad(_ number: Int, _ padding: [AxisPadding], value scalar: Scalar) {
        let node = graph.nodes[number]
        guard node.shape.count > 0 else { return _ = result(number) }
        // Axes without padding join their inner neighbour, so that at most eight are left.
        var axes: [(extent: Int, before: Int, after: Int)] = []
        for (extent, padding) in zip(node.inputs[0].shape.dimensions, padding) {
            if padding.low == 0, padding.high == 0, let last = axes.last {
                axes[axes.count - 1] = (last.extent * extent, last.before * extent, last.after * extent)
            } else {
                axes.append((extent, padding.low, padding.high))
            }
        }
        var parameters = apus_pad_parameters()
        precondition(axes.count <= APUS_MOVEMENT_MAX_RANK, "more than eight padded axes")
        parameters.rank = Int64(axes.count)
        fill(&parameters.shape, axes.map(\.extent))
        fill(&parameters.before, axes.map(\.before))
        fill(&parameters.after, axes.map(\.after))
        parameters.element_bytes = Int64(node.elementType.byteCount)
        parameters.value = Buffer(scalar: scalar, node.elementType).bits
        let source = value(graph.inputs(number)[0])
        step("pad", apus_pad, [.read(source), .write(result(number))], parameters, cost: node.cost)
    }

    mutating func iota(_ number: Int, axis: Int, _ type: TensorType) {
        let lines = lines(type.shape, axis)
        let parameters = apus_iota_parameters(
            outer: lines.outer, axis: lines.axis, inner: lines.inner, type: Int64(type.elementType.rawValue), start: 0,
            step: 1, integer_start: 0, integer_step: 1)
        step("iota", apus_iota, [.write(result(number))], parameters, cost: graph.nodes[number].cost)
    }

    /// Converts elements to another type.
    mutating func convert(_ source: ValueID, _ from: ElementType, to target: ValueID, _ type: ElementType, count: Int) {
        var tape = Tape()
        tape.operands = [
            Tape.Tensor(type: from, access: .contiguous), Tape.Tensor(type: type, isOutput: true, access: .contiguous),
        ]
        tape.instructions = [
            Tape.Instruction(
                opcode: APUS_EW_CAST, type: from, target: type, destination: .operand(1), sources: [.operand(0)])
        ]
        let bytes = count * (from.byteCount + type.byteCount)
        tapeStep("cast", tape, count: count, values: [source, target], cost: Cost(flops: 0, bytes: bytes))
    }

    // MARK: Helpers

    /// A shape seen along one axis: [outer, axis, inner].
    func lines(_ shape: Shape, _ axis: Int) -> (outer: Int64, axis: Int64, inner: Int64) {
        (
            Int64(shape.dimensions[..<axis].reduce(1, *)), Int64(shape[axis]),
            Int64(shape.dimensions[(axis + 1)...].reduce(1, *))
        )
    }

    /// Writes numbers to the start of a C array.
    func fill<Tuple>(_ array: inout Tuple, _ values: [Int]) {
        withUnsafeMutableBytes(of: &array) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: Int64(value), toByteOffset: 8 * index, as: Int64.self)
            }
        }
    }
}

extension Buffer {
    /// The bits of a single element, in the lowest bytes.
    fileprivate var bits: UInt64 {
        var bits: UInt64 = 0
        withUnsafeMutableBytes(of: &bits) { $0.copyMemory(from: bytes) }
        return bits
    }
}
