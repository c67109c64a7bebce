import ApusBackend
import ApusGraph
import CKernels

extension Lowering {
    mutating func concatenate(_ number: Int, axis: Int) {
        let node = graph.nodes[number]
        let target = result(number)
        let strides = node.shape.strides
        var start = 0
        for input in graph.inputs(number) {
            let access = access(input)
            plan.copy(access, to: target, node.elementType, strides: strides, offset: start * strides[axis])
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
        ParameterBlock.fill(&parameters.shape, axes.map(\.extent))
        ParameterBlock.fill(&parameters.before, axes.map(\.before))
        ParameterBlock.fill(&parameters.after, axes.map(\.after))
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
        var program = ElementwiseProgram()
        program.operands = [
            ElementwiseProgram.Tensor(type: from, access: .contiguous),
            ElementwiseProgram.Tensor(type: type, isOutput: true, access: .contiguous),
        ]
        program.instructions = [
            ElementwiseProgram.Instruction(
                opcode: APUS_EW_CAST, type: from, target: type, destination: .operand(1), sources: [.operand(0)])
        ]
        let bytes = count * (from.byteCount + type.byteCount)
        elementwiseStep(
            "cast", ElementwiseCall(program, count: count, [source, target]), cost: Cost(flops: 0, bytes: bytes))
    }

    // MARK: Helpers

    /// A shape seen along one axis: [outer, axis, inner].
    func lines(_ shape: Shape, _ axis: Int) -> (outer: Int64, axis: Int64, inner: Int64) {
        (
            Int64(shape.dimensions[..<axis].reduce(1, *)), Int64(shape[axis]),
            Int64(shape.dimensions[(axis + 1)...].reduce(1, *))
        )
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
