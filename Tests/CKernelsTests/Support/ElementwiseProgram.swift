import ApusTestKit
import CKernels
import Foundation
import Testing

// MARK: Elementwise programs

typealias Opcode = apus_elementwise_opcode

/// A source or destination of an instruction.
enum Place {
    case register(Int)
    case operand(Int)
    case immediate(Double)
    case immediate2(Double)

    var reference: UInt16 {
        switch self {
        case .register(let r): UInt16(r)
        case .operand(let k): UInt16(APUS_EW_OPERAND + k)
        case .immediate: UInt16(APUS_EW_IMMEDIATE)
        case .immediate2: UInt16(APUS_EW_IMMEDIATE2)
        }
    }
}

func instruction(
    _ opcode: Opcode, _ type: apus_type = APUS_FLOAT32, to destination: Place, _ sources: Place...,
    target: apus_type = APUS_FLOAT32
) -> apus_ew_instruction {
    var i = apus_ew_instruction()
    i.opcode = UInt16(opcode.rawValue)
    i.type = UInt8(type.rawValue)
    i.target = UInt8(target.rawValue)
    i.destination = destination.reference
    let references = sources.map(\.reference) + Array(repeating: UInt16(APUS_EW_NONE), count: 4 - sources.count)
    (i.a, i.b, i.c, i.d) = (references[0], references[1], references[2], references[3])
    for source in sources {
        if case .immediate(let x) = source { (i.immediate, i.integer) = (x, Int64(x)) }
        if case .immediate2(let x) = source { (i.immediate2, i.integer2) = (x, Int64(x)) }
    }
    return i
}

func operand(
    _ buffer: Int, _ type: apus_type = APUS_FLOAT32, _ access: apus_ew_access = APUS_EW_CONTIGUOUS,
    output: Bool = false, shared: Bool = false, inner: Int = 0, dimensions: [Int] = [], strides: [Int] = [],
    offset: Int = 0
) -> apus_ew_operand {
    var o = apus_ew_operand()
    o.type = UInt8(type.rawValue)
    o.access = UInt8(access.rawValue)
    o.is_output = output ? 1 : 0
    o.is_shared = shared ? 1 : 0
    o.buffer = Int32(buffer)
    o.inner = Int64(inner)
    o.rank = Int32(dimensions.count)
    o.offset = Int64(offset)
    withUnsafeMutableBytes(of: &o.dimensions) { bytes in
        for (axis, d) in dimensions.enumerated() { bytes.bindMemory(to: Int64.self)[axis] = Int64(d) }
    }
    withUnsafeMutableBytes(of: &o.strides) { bytes in
        for (axis, s) in strides.enumerated() { bytes.bindMemory(to: Int64.self)[axis] = Int64(s) }
    }
    return o
}

/// A compiled elementwise program.
final class ElementwiseProgram {
    let pointer: OpaquePointer

    init?(_ tape: [apus_ew_instruction], _ operands: [apus_ew_operand], segments: [(count: Int, first: Int)]) {
        let segments = segments.map { apus_ew_segment(count: Int64($0.count), first_buffer: Int64($0.first)) }
        guard
            let pointer = apus_elementwise_create(
                tape, Int32(tape.count), operands, Int32(operands.count), segments, Int32(segments.count))
        else { return nil }
        self.pointer = pointer
    }

    convenience init?(_ tape: [apus_ew_instruction], _ operands: [apus_ew_operand], count: Int) {
        self.init(tape, operands, segments: [(count, 0)])
    }

    deinit { apus_elementwise_destroy(pointer) }

    var specialization: String? { apus_elementwise_specialization(pointer).map { String(cString: $0) } }

    func run(_ memories: [Memory]) {
        let buffers = memories.map { Optional($0.start) }
        #expect(apus_elementwise(buffers, UnsafeRawPointer(pointer)) == 0)
        for (i, memory) in memories.enumerated() { #expect(memory.isIntact, "buffer \(i)") }
    }
}

// MARK: Checks

func expectClose(
    _ actual: [Float], _ expected: [Double], relative: Double = 4e-7, absolute: Double = 1e-37, _ comment: String
) {
    #expect(actual.count == expected.count)
    for (i, (a, e)) in zip(actual, expected).enumerated() {
        let rounded = Float(e)
        if a == rounded || (a.isNaN && rounded.isNaN) { continue }
        if abs(Double(a) - e) <= relative * abs(e) + absolute { continue }
        Issue.record("\(comment): element \(i) is \(a), expected \(rounded)")
        return
    }
}

/// Roughly normal numbers.
func normal(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float((0..<4).reduce(0.0) { sum, _ in sum + random.real(1.5) }) }
}

func bfloat16(_ x: Float) -> UInt16 {
    let bits = x.bitPattern
    return x.isNaN ? UInt16(bits >> 16) | 0x40 : UInt16((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)
}

func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
