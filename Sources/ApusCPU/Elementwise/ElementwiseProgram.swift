import ApusGraph
import CKernels

/// A fused elementwise computation: instructions over blocks of elements, and the tensors they read and write.
struct ElementwiseProgram: Equatable {
    struct Instruction: Equatable {
        var opcode: apus_elementwise_opcode
        var type: ElementType
        var target: ElementType = .float32
        var destination: Source
        var sources: [Source]
    }

    /// What an instruction reads or writes.
    enum Source: Equatable, Hashable {
        case register(Int)
        case operand(Int)
        case constant(Double)
        case integer(Int64)
    }

    /// A tensor in memory, apart from which one it is.
    struct Tensor: Equatable {
        var type: ElementType
        var isOutput = false
        var access: TensorAccess
    }

    /// How element i of the computation is found.
    enum TensorAccess: Equatable {
        /// Element i.
        case contiguous
        /// Element i modulo `inner`, element i divided by `inner`.
        case periodic(inner: Int)
        case repeated(inner: Int)
        /// Any strides; offset 0 and no axes is one element for all.
        case strided(dimensions: [Int], strides: [Int], offset: Int)

        init(_ access: Access) {
            let (dimensions, strides) = access.collapsed
            // One element is contiguous too, unless it was stretched: so a variable [1] is updated like any other.
            if dimensions.isEmpty, access.offset == 0, access.shape.rank > 0, !access.strides.contains(0) {
                self = .contiguous
                return
            }
            switch (dimensions.count, strides) {
            case (1, [1]) where access.offset == 0: self = .contiguous
            case (2, [0, 1]) where access.offset == 0: self = .periodic(inner: dimensions[1])
            case (2, [1, 0]) where access.offset == 0: self = .repeated(inner: dimensions[1])
            case (_, _) where strides.allSatisfy { $0 == 0 }:
                self = .strided(dimensions: [], strides: [], offset: access.offset)
            default: self = .strided(dimensions: dimensions, strides: strides, offset: access.offset)
            }
        }
    }

    var instructions: [Instruction] = []
    var operands: [Tensor] = []

    /// The kernel's object for this program over one or more groups of tensors of `counts` elements each.
    func compiled(counts: [Int]) -> ParameterBlock? {
        let instructions = instructions.map(\.encoded)
        let operands = operands.enumerated().map { $1.encoded(buffer: $0) }
        let segments = counts.enumerated().map {
            apus_ew_segment(count: Int64($1), first_buffer: Int64($0 * operands.count))
        }
        guard
            let program = apus_elementwise_create(
                instructions, Int32(instructions.count), operands, Int32(operands.count), segments,
                Int32(segments.count))
        else { return nil }
        return ParameterBlock(adopting: UnsafeRawPointer(program)) { apus_elementwise_destroy(OpaquePointer($0)) }
    }
}

extension ElementwiseProgram.Tensor {
    fileprivate func encoded(buffer: Int) -> apus_ew_operand {
        var result = apus_ew_operand()
        result.type = type.rawValue
        result.is_output = isOutput ? 1 : 0
        result.buffer = Int32(buffer)
        switch access {
        case .contiguous: result.access = UInt8(APUS_EW_CONTIGUOUS.rawValue)
        case .periodic(let inner):
            result.access = UInt8(APUS_EW_PERIODIC.rawValue)
            result.inner = Int64(inner)
        case .repeated(let inner):
            result.access = UInt8(APUS_EW_REPEATED.rawValue)
            result.inner = Int64(inner)
        case .strided(let dimensions, _, let offset) where dimensions.isEmpty:
            result.access = UInt8(APUS_EW_SCALAR.rawValue)
            result.offset = Int64(offset)
        case .strided(let dimensions, let strides, let offset):
            precondition(dimensions.count <= APUS_EW_MAX_RANK)
            result.access = UInt8(APUS_EW_STRIDED.rawValue)
            result.rank = Int32(dimensions.count)
            result.offset = Int64(offset)
            ParameterBlock.fill(&result.dimensions, dimensions)
            ParameterBlock.fill(&result.strides, strides)
        }
        return result
    }
}

extension ElementwiseProgram.Instruction {
    fileprivate var encoded: apus_ew_instruction {
        var result = apus_ew_instruction()
        result.opcode = UInt16(opcode.rawValue)
        result.type = type.laneType.rawValue
        result.target = target.rawValue
        var immediates: [ElementwiseProgram.Source] = []
        func reference(_ source: ElementwiseProgram.Source) -> UInt16 {
            switch source {
            case .register(let index): return UInt16(index)
            case .operand(let index): return UInt16(APUS_EW_OPERAND) + UInt16(index)
            case .constant, .integer:
                let index = immediates.firstIndex(of: source) ?? immediates.count
                if index == immediates.count { immediates.append(source) }
                precondition(index < 2, "an instruction has at most two constants")
                return UInt16(index == 0 ? APUS_EW_IMMEDIATE : APUS_EW_IMMEDIATE2)
            }
        }
        result.destination = reference(destination)
        let none = UInt16(APUS_EW_NONE)
        let references = sources.map(reference) + Array(repeating: none, count: 4 - sources.count)
        (result.a, result.b, result.c, result.d) = (references[0], references[1], references[2], references[3])
        for (index, immediate) in immediates.enumerated() {
            let (floating, integer): (Double, Int64) =
                switch immediate {
                case .constant(let value): (value, 0)
                case .integer(let value): (Double(value), value)
                default: (0, 0)
                }
            if index == 0 {
                (result.immediate, result.integer) = (floating, integer)
            } else {
                (result.immediate2, result.integer2) = (floating, integer)
            }
        }
        return result
    }
}

extension ElementType {
    /// The type in which a kernel's registers hold values: bfloat16 is computed as float32.
    var laneType: ElementType { self == .bfloat16 ? .float32 : self }
}
