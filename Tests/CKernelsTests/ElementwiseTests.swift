import CKernels
import Foundation
import Testing

// MARK: Elementwise programs

private typealias Opcode = apus_elementwise_opcode
private typealias ElementType = apus_type

/// A source or destination of an instruction.
private enum Place {
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

private func instruction(
    _ opcode: Opcode, _ type: ElementType = APUS_FLOAT32, to destination: Place, _ sources: Place...,
    target: ElementType = APUS_FLOAT32
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

private func operand(
    _ buffer: Int, _ type: ElementType = APUS_FLOAT32, _ access: apus_ew_access = APUS_EW_CONTIGUOUS,
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
private final class Program {
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

/// A tensor in memory with a guard behind its end.
private final class Memory {
    let start: UnsafeMutableRawPointer
    let bytes: Int

    init<T>(_ values: [T]) {
        bytes = values.count * MemoryLayout<T>.stride
        start = .allocate(byteCount: bytes + 64, alignment: 64)
        values.withUnsafeBytes { start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: bytes) }
        memset(start + bytes, 0x5a, 64)
    }

    deinit { start.deallocate() }

    var isIntact: Bool { (0..<64).allSatisfy { start.load(fromByteOffset: bytes + $0, as: UInt8.self) == 0x5a } }

    func values<T>(_ type: T.Type = T.self) -> [T] {
        Array(UnsafeRawBufferPointer(start: start, count: bytes).bindMemory(to: T.self))
    }
}

// MARK: Checks

private let counts = [1, 3, 17, 33, 1000, 1031, 2053]

/// Runs a check with every instruction set, on one thread and on two.
private func everywhere(_ check: (String) throws -> Void) rethrows {
    kernelLock.lock()
    defer {
        apus_set_isa(APUS_ISA_AVX512)
        apus_set_own_thread_count(0)
        kernelLock.unlock()
    }
    for isa in [APUS_ISA_AVX512, APUS_ISA_AVX2, APUS_ISA_BASELINE] {
        for threads: Int32 in [1, 2] {
            apus_set_isa(isa)
            apus_set_own_thread_count(threads)
            try check("isa \(isa.rawValue), \(threads) threads")
        }
    }
}

private func expectClose(
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

private func normal(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        var sum = 0.0
        for _ in 0..<4 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            sum += Double(state >> 40) / Double(1 << 24) - 0.5
        }
        return Float(sum * 3)
    }
}

private func bfloat16(_ x: Float) -> UInt16 {
    let bits = x.bitPattern
    return x.isNaN ? UInt16(bits >> 16) | 0x40 : UInt16((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)
}

private func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

@Suite(.serialized)
struct ElementwiseTests {
    // MARK: Functions

    private static let functions: [(Opcode, @Sendable (Double) -> Double)] = [
        (APUS_EW_NEG, { -$0 }), (APUS_EW_ABS, { abs($0) }), (APUS_EW_SQUARE, { $0 * $0 }),
        (APUS_EW_SIGN, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }), (APUS_EW_RELU, { $0 < 0 ? 0 : $0 }),
        (APUS_EW_EXP, { exp($0) }), (APUS_EW_EXPM1, { expm1($0) }), (APUS_EW_LOG, { log($0) }),
        (APUS_EW_LOG1P, { log1p($0) }), (APUS_EW_SQRT, { $0.squareRoot() }),
        (APUS_EW_RSQRT, { 1 / $0.squareRoot() }), (APUS_EW_RECIPROCAL, { 1 / $0 }), (APUS_EW_SIN, { sin($0) }),
        (APUS_EW_COS, { cos($0) }), (APUS_EW_TANH, { tanh($0) }), (APUS_EW_SIGMOID, { 1 / (1 + exp(-$0)) }),
        (APUS_EW_ERF, { erf($0) }), (APUS_EW_FLOOR, { $0.rounded(.down) }), (APUS_EW_CEIL, { $0.rounded(.up) }),
        (APUS_EW_ROUND, { $0.rounded(.toNearestOrEven) }),
    ]

    /// Magnitudes from 1e-8 to 1e3, values near 1, large arguments and the special values.
    private static let arguments: [Float] = {
        let spread = normal(1200).enumerated().map { $1 * pow(10, Float($0 % 23) / 2 - 8) }
        let nearOne = normal(300, seed: 2).map { 1 + $0 * 1e-3 }
        let far = normal(300, seed: 3).map { $0 * 3000 }
        let special: [Float] = [
            0, -0.0, 1, -1, .infinity, -.infinity, .nan, Float(bitPattern: 70000), -Float(bitPattern: 70000), 2.5, 3.5,
            -0.5, 88.6, 88.8, -87.5,
            -103, 9999, -1e4, 1.2e4, 1e6, 3e38,
        ]
        return special + spread + nearOne + far
    }()

    @Test func functions() {
        everywhere { place in
            for (opcode, function) in Self.functions {
                let x = Memory(Self.arguments)
                let y = Memory([Float](repeating: 9, count: Self.arguments.count))
                let program = Program(
                    [instruction(opcode, to: .operand(1), .operand(0))], [operand(0), operand(1, output: true)],
                    count: Self.arguments.count)
                program?.run([x, y])
                expectClose(
                    y.values(), Self.arguments.map { function(Double($0)) }, absolute: 1.2e-38,
                    "opcode \(opcode.rawValue), \(place)")

                let wide = Self.arguments.map(Double.init)
                let x64 = Memory(wide)
                let y64 = Memory([Double](repeating: 9, count: wide.count))
                Program(
                    [instruction(opcode, APUS_FLOAT64, to: .operand(1), .operand(0))],
                    [operand(0, APUS_FLOAT64), operand(1, APUS_FLOAT64, output: true)], count: wide.count)?
                    .run([x64, y64])
                for (a, x) in zip(y64.values(Double.self), wide) {
                    let e = function(x)
                    #expect(a == e || abs(a - e) <= 1e-15 * abs(e) || (a.isNaN && e.isNaN), "\(opcode.rawValue)(\(x))")
                }
            }
        }
    }

    // MARK: Binary operations

    private static let binaries: [(Opcode, @Sendable (Double, Double) -> Double)] = [
        (APUS_EW_ADD, { $0 + $1 }), (APUS_EW_SUB, { $0 - $1 }), (APUS_EW_MUL, { $0 * $1 }), (APUS_EW_DIV, { $0 / $1 }),
        (APUS_EW_MIN, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
        (APUS_EW_MAX, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }), (APUS_EW_POW, { pow($0, $1) }),
        (
            APUS_EW_REMAINDER,
            { x, y in
                let r = fmod(x, y)
                return r != 0 && (r < 0) != (y < 0) ? r + y : r
            }
        ),
        (APUS_EW_RELU_MASK, { $1 > 0 ? $0 : 0 }), (APUS_EW_SIGMOID_GRADIENT, { $0 * $1 * (1 - $1) }),
        (APUS_EW_TANH_GRADIENT, { $0 * (1 - $1 * $1) }),
    ]
    private static let comparisons: [(Opcode, @Sendable (Double, Double) -> Bool)] = [
        (APUS_EW_EQ, { $0 == $1 }), (APUS_EW_NE, { $0 != $1 }), (APUS_EW_LT, { $0 < $1 }), (APUS_EW_LE, { $0 <= $1 }),
        (APUS_EW_GT, { $0 > $1 }), (APUS_EW_GE, { $0 >= $1 }),
    ]

    /// Tensor with tensor, immediate, scalar operand, on either side; through registers as well as in place.
    @Test func binaries() {
        everywhere { place in
            for count in counts {
                var a = normal(count)
                var b = normal(count, seed: 2)
                if count > 3 { (a[1], b[2], a[0], b[0]) = (.nan, .nan, .infinity, 0.5) }
                let constant: Float = 0.5
                let fill = [Float](repeating: constant, count: count)
                let shapes: [([Float], [Float], Place, Place, apus_ew_access, apus_ew_access)] = [
                    (a, b, .operand(0), .operand(1), APUS_EW_CONTIGUOUS, APUS_EW_CONTIGUOUS),
                    (a, fill, .operand(0), .immediate(0.5), APUS_EW_CONTIGUOUS, APUS_EW_CONTIGUOUS),
                    (fill, b, .immediate(0.5), .operand(1), APUS_EW_CONTIGUOUS, APUS_EW_CONTIGUOUS),
                    (a, fill, .operand(0), .operand(1), APUS_EW_CONTIGUOUS, APUS_EW_SCALAR),
                    (fill, b, .operand(0), .operand(1), APUS_EW_SCALAR, APUS_EW_CONTIGUOUS),
                ]
                for (x, y, source, other, accessA, accessB) in shapes {
                    let inputs = [Memory(x), Memory(y)]
                    for (opcode, function) in Self.binaries {
                        let out = Memory([Float](repeating: 9, count: count))
                        Program(
                            [instruction(opcode, to: .operand(2), source, other)],
                            [
                                operand(0, APUS_FLOAT32, accessA), operand(1, APUS_FLOAT32, accessB),
                                operand(2, output: true),
                            ],
                            count: count)?.run(inputs + [out])
                        let absolute =
                            opcode == APUS_EW_TANH_GRADIENT || opcode == APUS_EW_SIGMOID_GRADIENT ? 1e-6 : 1e-37
                        expectClose(
                            out.values(), zip(x, y).map { function(Double($0), Double($1)) }, absolute: absolute,
                            "opcode \(opcode.rawValue), \(place), count \(count)")
                    }
                    for (opcode, function) in Self.comparisons {
                        let out = Memory([UInt8](repeating: 9, count: count))
                        Program(
                            [instruction(opcode, to: .operand(2), source, other)],
                            [
                                operand(0, APUS_FLOAT32, accessA), operand(1, APUS_FLOAT32, accessB),
                                operand(2, APUS_BOOL, output: true),
                            ], count: count)?.run(inputs + [out])
                        #expect(out.values() == zip(x, y).map { function(Double($0), Double($1)) ? 1 : 0 as UInt8 })
                    }
                }
            }
        }
    }

    // MARK: Integers

    private func integers<T: FixedWidthInteger>(_ type: ElementType, _: T.Type) {
        let interesting: [T] = [0, 1, 2, 3, 7, 100, .max, .min, T.max - 1, 0 &- 1, 0 &- 2, 0 &- 7]
        let a = interesting.flatMap { x in interesting.map { _ in x } }
        let b = interesting.flatMap { _ in interesting }
        var functions: [(Opcode, (T, T) -> T)] = [
            (APUS_EW_ADD, { $0 &+ $1 }), (APUS_EW_SUB, { $0 &- $1 }), (APUS_EW_MUL, { $0 &* $1 }),
            (APUS_EW_DIV, { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }),
            (
                APUS_EW_REMAINDER,
                { x, y in
                    if y == 0 { return 0 }
                    let r = x.remainderReportingOverflow(dividingBy: y).partialValue
                    return r != 0 && (r < 0) != (y < 0) ? r + y : r
                }
            ),
            (APUS_EW_MIN, { min($0, $1) }), (APUS_EW_MAX, { max($0, $1) }), (APUS_EW_AND, { $0 & $1 }),
            (APUS_EW_OR, { $0 | $1 }), (APUS_EW_XOR, { $0 ^ $1 }), (APUS_EW_SELECT, { $0 & 1 == 1 ? $0 : $1 }),
            (APUS_EW_FMA, { $0 &* $1 &+ $0 }),
        ]
        if T.isSigned {
            functions.append(
                (
                    APUS_EW_POW,
                    { x, y in
                        if y < 0 { return x == 1 ? 1 : x == -1 ? (y & 1 == 0 ? 1 : -1) : 0 }
                        return (0..<64).reversed().reduce(T(1)) { $0 &* $0 &* ((y >> T($1)) & 1 == 1 ? x : 1) }
                    }
                ))
        }
        everywhere { place in
            for (opcode, function) in functions {
                let out = Memory([T](repeating: 5, count: a.count))
                let odd = Memory(a.map { UInt8(truncatingIfNeeded: $0 & 1) })
                let sources: [Place] =
                    opcode == APUS_EW_SELECT
                    ? [.operand(3), .operand(0), .operand(1)]
                    : [.operand(0), .operand(1), .operand(0)]
                let step =
                    opcode == APUS_EW_SELECT || opcode == APUS_EW_FMA
                    ? instruction(opcode, type, to: .operand(2), sources[0], sources[1], sources[2])
                    : instruction(opcode, type, to: .operand(2), sources[0], sources[1])
                Program(
                    [step],
                    [operand(0, type), operand(1, type), operand(2, type, output: true), operand(3, APUS_BOOL)],
                    count: a.count)?.run([Memory(a), Memory(b), out, odd])
                #expect(out.values() == zip(a, b).map(function), "opcode \(opcode.rawValue), \(place)")
            }
        }
    }

    @Test func int32() { integers(APUS_INT32, Int32.self) }
    @Test func int64() { integers(APUS_INT64, Int64.self) }
    @Test func uint8() { integers(APUS_UINT8, UInt8.self) }

    // MARK: Casts

    @Test func casts() {
        func saturating<T: FixedWidthInteger>(_ x: Double) -> T {
            x.isNaN ? 0 : x >= Double(T.max) ? .max : x <= Double(T.min) ? .min : T(x)
        }
        let floats: [Float] = [
            0, 1.9, -1.9, 255.5, 256, -0.5, .nan, .infinity, -.infinity, 2e9, 2_147_483_648, -2_147_483_648, 3e9, -3e9,
            9e18,
            9.3e18, -9.3e18, 1e30, 16_777_216,
        ]
        func cast<A, B>(_ values: [A], _ from: ElementType, _ to: ElementType, _: B.Type) -> [B] {
            let result = Memory([UInt64](repeating: 0, count: values.count))  // room for any type
            Program(
                [
                    instruction(APUS_EW_COPY, from, to: .register(0), .operand(0)),
                    instruction(APUS_EW_CAST, from, to: .register(0), .register(0), target: to),
                    instruction(APUS_EW_COPY, to, to: .operand(1), .register(0)),
                ], [operand(0, from), operand(1, to, output: true)], count: values.count)?.run([Memory(values), result])
            return Array(result.values(B.self).prefix(values.count))
        }
        everywhere { _ in
            #expect(cast(floats, APUS_FLOAT32, APUS_INT32, Int32.self) == floats.map { saturating(Double($0)) })
            #expect(cast(floats, APUS_FLOAT32, APUS_INT64, Int64.self) == floats.map { saturating(Double($0)) })
            #expect(cast(floats, APUS_FLOAT32, APUS_UINT8, UInt8.self) == floats.map { saturating(Double($0)) })
            #expect(cast(floats, APUS_FLOAT32, APUS_BOOL, UInt8.self) == floats.map { $0 != 0 ? 1 : 0 })
            let wide = floats.map(Double.init)
            #expect(cast(wide, APUS_FLOAT64, APUS_INT32, Int32.self) == wide.map { saturating($0) })
            #expect(cast(wide, APUS_FLOAT64, APUS_INT64, Int64.self) == wide.map { saturating($0) })
            #expect(
                cast(Array(wide.dropFirst(7)), APUS_FLOAT64, APUS_FLOAT32, Float.self) == Array(floats.dropFirst(7)))
            let integers: [Int64] = [0, 1, -1, 255, 256, 1 << 31, 1 << 40, .max, .min, (1 << 53) + 1]
            #expect(cast(integers, APUS_INT64, APUS_FLOAT64, Double.self) == integers.map(Double.init))
            #expect(cast(integers, APUS_INT64, APUS_FLOAT32, Float.self) == integers.map { Float($0) })
            #expect(
                cast(integers, APUS_INT64, APUS_INT32, Int32.self) == integers.map { Int32(truncatingIfNeeded: $0) })
            #expect(cast(integers, APUS_INT64, APUS_BOOL, UInt8.self) == integers.map { $0 != 0 ? 1 : 0 })
            #expect(cast([0, 7, 255] as [UInt8], APUS_UINT8, APUS_INT64, Int64.self) == [0, 7, 255])
            let rounded = [Float(1.00390625), 1.01, -3.3, 1e-3].map { float(bfloat16($0)) }
            let bfloats = Memory([Float(1.00390625), 1.01, -3.3, 1e-3])
            Program(
                [instruction(APUS_EW_CAST, to: .operand(0), .operand(0), target: APUS_BFLOAT16)],
                [operand(0, output: true)], count: 4)?.run([bfloats])
            #expect(bfloats.values() == rounded)
        }
    }

    // MARK: Operands

    /// ((x + row) * column) with every kind of broadcast, in float32 and bfloat16, and a transposed copy.
    @Test func broadcasts() {
        let shapes = [(1, 1), (3, 5), (7, 10), (33, 16), (5, 1024), (3, 1501), (129, 17), (2, 4099), (700, 3)]
        everywhere { place in
            for (rows, columns) in shapes {
                for type in [APUS_FLOAT32, APUS_BFLOAT16] {
                    let count = rows * columns
                    func memory(_ x: [Float]) -> (Memory, [Float]) {
                        if type == APUS_FLOAT32 { return (Memory(x), x) }
                        let bits = x.map(bfloat16)
                        return (Memory(bits), bits.map(float))
                    }
                    let (xs, x) = memory(normal(count))
                    let (rs, r) = memory(normal(columns, seed: 2))
                    let (cs, c) = memory(normal(rows, seed: 3))
                    let (out, _) = memory([Float](repeating: 9, count: count))
                    let expected = (0..<count).map { (x[$0] + r[$0 % columns]) * c[$0 / columns] }
                    let operands = [
                        operand(0, type), operand(1, type, APUS_EW_PERIODIC, inner: columns),
                        operand(2, type, APUS_EW_REPEATED, inner: columns), operand(3, type, output: true),
                    ]
                    let tape = [
                        instruction(APUS_EW_ADD, to: .register(5), .operand(0), .operand(1)),
                        instruction(APUS_EW_MUL, to: .operand(3), .register(5), .operand(2)),
                    ]
                    Program(tape, operands, count: count)?.run([xs, rs, cs, out])
                    func check(_ expected: [Float], _ what: String) {
                        if type == APUS_FLOAT32 {
                            #expect(out.values(Float.self) == expected, "\(what) \(place) \(rows)x\(columns)")
                        } else {
                            #expect(
                                out.values(UInt16.self) == expected.map(bfloat16), "\(what) \(place) \(rows)x\(columns)"
                            )
                        }
                    }
                    check(expected, "broadcast")
                    Program(
                        [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))],
                        [
                            operand(0, type, APUS_EW_STRIDED, dimensions: [columns, rows], strides: [1, columns]),
                            operand(1, type, output: true),
                        ], count: count)?.run([xs, out])
                    check((0..<count).map { x[$0 % rows * columns + $0 / rows] }, "transposed")
                    Program(
                        [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))],
                        [
                            operand(
                                0, type, APUS_EW_STRIDED, dimensions: [rows, columns], strides: [0, -1],
                                offset: columns - 1),
                            operand(1, type, output: true),
                        ], count: count)?.run([xs, out])
                    check((0..<count).map { x[columns - 1 - $0 % columns] }, "reversed first row")
                }
            }
        }
    }

    @Test func sixAxes() {
        let sizes = [3, 2, 5, 1, 4, 7]
        let count = sizes.reduce(1, *)
        let order = [4, 2, 0, 5, 1, 3]
        let strides = (0..<6).map { sizes[($0 + 1)...].reduce(1, *) }
        let x = normal(count)
        let out = Memory([Float](repeating: 0, count: count))
        Program(
            [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))],
            [
                operand(
                    0, APUS_FLOAT32, APUS_EW_STRIDED, dimensions: order.map { sizes[$0] },
                    strides: order.map { strides[$0] }),
                operand(1, output: true),
            ], count: count)?.run([Memory(x), out])
        let expected = (0..<count).map { i in
            var rest = i
            var source = 0
            for axis in order.reversed() {
                source += rest % sizes[axis] * strides[axis]
                rest /= sizes[axis]
            }
            return x[source]
        }
        #expect(out.values() == expected)
    }

    // MARK: Programs

    /// One call over many tensors: scalars computed once, updates in place, a bfloat16 copy, and sums.
    @Test func segments() {
        let sizes = [1, 10, 1023, 1024, 0, 1025, 30011]
        var results: [String: [[UInt64]]] = [:]
        everywhere { place in
            var memories = [Memory([Float(0.1)]), Memory([Int64(3)])]
            var weights: [[Float]] = []
            var gradients: [[Float]] = []
            for (i, size) in sizes.enumerated() {
                weights.append(normal(size, seed: UInt64(i + 1)))
                gradients.append(normal(size, seed: UInt64(i + 100)))
                memories += [
                    Memory(weights[i]), Memory(gradients[i]), Memory([UInt16](repeating: 1, count: size)),
                    Memory([Double(7)]),
                ]
            }
            let program = Program(
                [
                    instruction(APUS_EW_CAST, APUS_INT64, to: .register(5), .operand(1)),
                    instruction(APUS_EW_POW, to: .register(5), .immediate(0.9), .register(5)),
                    instruction(APUS_EW_SUB, to: .register(5), .immediate(1), .register(5)),
                    instruction(APUS_EW_DIV, to: .register(6), .operand(0), .register(5)),
                    instruction(APUS_EW_FNMA, to: .operand(2), .operand(3), .register(6), .operand(2)),
                    instruction(APUS_EW_COPY, to: .operand(4), .operand(2)),
                    instruction(APUS_EW_SQUARE, to: .register(1), .operand(3)),
                    instruction(APUS_EW_REDUCE_SUM, to: .operand(5), .register(1)),
                ],
                [
                    operand(0, APUS_FLOAT32, APUS_EW_SCALAR, shared: true),
                    operand(1, APUS_INT64, APUS_EW_SCALAR, shared: true),
                    operand(0, output: true), operand(1), operand(2, APUS_BFLOAT16, output: true),
                    operand(3, APUS_FLOAT64, APUS_EW_SCALAR, output: true),
                ], segments: sizes.enumerated().map { ($1, 2 + 4 * $0) })
            #expect(program != nil)
            program?.run(memories)
            let rate = 0.1 / (1 - pow(0.9, 3))
            var bits: [[UInt64]] = []
            for i in sizes.indices {
                let updated: [Float] = memories[2 + 4 * i].values()
                expectClose(
                    updated, zip(weights[i], gradients[i]).map { Double($0) - rate * Double($1) }, absolute: 1e-6,
                    "weights \(i) \(place)")
                #expect(memories[4 + 4 * i].values() == updated.map(bfloat16))
                let sum: Double = memories[5 + 4 * i].values()[0]
                let expected = gradients[i].reduce(0.0) { $0 + Double($1) * Double($1) }
                #expect(abs(sum - expected) <= 1e-6 * expected, "sum \(i), \(place)")
                bits.append(updated.map { UInt64($0.bitPattern) } + [sum.bitPattern])
            }
            // The same bits for any number of threads.
            let isa = String(place.prefix(6))
            if let other = results[isa] { #expect(other == bits, "\(place)") } else { results[isa] = bits }
        }
    }

    /// More tensors and values than a block has, spread over registers that are used again and again.
    @Test func longProgram() {
        everywhere { place in
            let count = 5003
            let x = normal(count)
            let out = Memory([Float](repeating: 0, count: count))
            var tape = [instruction(APUS_EW_FMA, to: .register(0), .operand(0), .immediate(0.5), .immediate2(0.25))]
            var expected = x.map { Double($0) * 0.5 + 0.25 }
            for step in 1..<32 {
                tape.append(instruction(APUS_EW_TANH, to: .register(step), .register(step - 1)))
                tape.append(
                    instruction(
                        APUS_EW_AXPBY, to: .register(step), .register(step), .immediate(2), .operand(0),
                        .immediate2(0.1)))
                expected = zip(expected, x).map { tanh($0) * 2 + Double($1) * 0.1 }
            }
            tape.append(instruction(APUS_EW_CLAMP, to: .operand(1), .register(31), .immediate(-1.5), .immediate2(1.5)))
            Program(tape, [operand(0), operand(1, output: true)], count: count)?.run([Memory(x), out])
            expectClose(out.values(), expected.map { min(max($0, -1.5), 1.5) }, relative: 2e-5, absolute: 2e-5, place)
        }
    }

    @Test func selects() {
        everywhere { place in
            for count in counts {
                let x = normal(count)
                let y = normal(count, seed: 2)
                let out = Memory([Float](repeating: 0, count: count))
                Program(
                    [
                        instruction(APUS_EW_GT, to: .register(0), .operand(0), .operand(1)),
                        instruction(APUS_EW_NOT, APUS_BOOL, to: .register(1), .register(0)),
                        instruction(APUS_EW_SELECT, to: .operand(2), .register(1), .operand(0), .immediate(-7)),
                    ], [operand(0), operand(1), operand(2, output: true)], count: count)?.run([
                        Memory(x), Memory(y), out,
                    ])
                #expect(out.values() == zip(x, y).map { $0 > $1 ? -7 : $0 }, "\(place)")
            }
        }
    }

    // MARK: Fused loops

    private enum Rule: String, CaseIterable {
        case sgd, momentum, adam
        case corrected = "adam corrected"
        case l2 = "adam l2"
        case adamw
    }

    /// The optimizers' elementwise programs find their loops, whose results are the interpreter's.
    @Test func specializations() {
        func tape(_ rule: Rule) -> [apus_ew_instruction] {
            let w = Place.operand(0)
            let g = Place.operand(1)
            let m = Place.operand(2)
            let v = Place.operand(3)
            let rate = Place.operand(4)
            switch rule {
            case .sgd: return [instruction(APUS_EW_FNMA, to: w, rate, g, w)]
            case .momentum:
                return [
                    instruction(APUS_EW_FMA, to: m, m, .immediate(0.9), g),
                    instruction(APUS_EW_FNMA, to: w, m, rate, w),
                ]
            default: break
            }
            var tape: [apus_ew_instruction] = []
            var gradient = g
            if rule == .l2 {
                tape.append(instruction(APUS_EW_FMA, to: .register(5), w, .immediate(0.01), g))
                gradient = .register(5)
            }
            tape += [
                instruction(APUS_EW_SQUARE, to: .register(0), gradient),
                instruction(APUS_EW_AXPBY, to: v, .register(0), .immediate(0.001), v, .immediate2(0.999)),
                instruction(APUS_EW_AXPBY, to: m, m, .immediate(0.9), gradient, .immediate2(0.1)),
            ]
            if rule == .adam {
                tape += [
                    instruction(APUS_EW_SQRT, to: .register(1), v), instruction(APUS_EW_MUL, to: .register(2), rate, m),
                ]
            } else {
                tape += [
                    instruction(APUS_EW_DIV, to: .register(1), v, .operand(6)),
                    instruction(APUS_EW_SQRT, to: .register(1), .register(1)),
                    instruction(APUS_EW_DIV, to: .register(2), m, .operand(5)),
                    instruction(APUS_EW_MUL, to: .register(2), .register(2), rate),
                ]
            }
            tape += [
                instruction(APUS_EW_ADD, to: .register(1), .register(1), .immediate(1e-8)),
                instruction(APUS_EW_DIV, to: .register(2), .register(2), .register(1)),
                rule == .adamw
                    ? instruction(APUS_EW_FMS, to: w, w, .immediate(0.9999), .register(2))
                    : instruction(APUS_EW_SUB, to: w, w, .register(2)),
            ]
            return tape
        }
        everywhere { place in
            for rule in Rule.allCases {
                let moments = rule == .sgd ? 0 : rule == .momentum ? 1 : 2
                let operands = [
                    operand(0, output: true), operand(1), operand(2, output: moments > 0),
                    operand(3, output: moments > 1),
                    operand(4, APUS_FLOAT32, APUS_EW_SCALAR), operand(5, APUS_FLOAT32, APUS_EW_SCALAR),
                    operand(6, APUS_FLOAT32, APUS_EW_SCALAR),
                ]
                for count in [1, 33, 20011] {
                    var results: [[Float]] = []
                    for disabled in [true, false] {
                        apus_elementwise_disable_specializations(disabled)
                        let program = Program(tape(rule), operands, count: count)
                        apus_elementwise_disable_specializations(false)
                        #expect(program?.specialization == (disabled ? nil : rule.rawValue))
                        let memories = [
                            Memory(normal(count)), Memory(normal(count, seed: 2)), Memory(normal(count, seed: 3)),
                            Memory(normal(count, seed: 4).map { $0 * $0 }), Memory([Float(0.01)]), Memory([Float(0.3)]),
                            Memory([Float(0.2)]),
                        ]
                        program?.run(memories)
                        results.append(memories[0].values() + memories[2].values() + memories[3].values())
                    }
                    expectClose(results[1], results[0].map(Double.init), absolute: 1e-6, "\(rule), \(place)")
                }
            }
            // Another association, another function of the weights, or one more output: not these loops.
            let other = [
                instruction(APUS_EW_MUL, to: .register(0), .operand(1), .operand(1)),
                instruction(APUS_EW_FNMA, to: .operand(0), .register(0), .operand(2), .operand(0)),
            ]
            let operands = [operand(0, output: true), operand(1), operand(2, APUS_FLOAT32, APUS_EW_SCALAR)]
            #expect(Program(other, operands, count: 9)?.specialization == nil)
        }
    }

    // MARK: Refusals

    @Test func refusesNonsense() {
        let operands = [operand(0), operand(1, output: true)]
        let bad: [[apus_ew_instruction]] = [
            [],
            [instruction(APUS_EW_ADD, to: .operand(1), .register(0), .operand(0))],  // register never written
            [instruction(APUS_EW_NEG, to: .operand(0), .operand(0))],  // destination is no output
            [instruction(APUS_EW_NEG, to: .operand(2), .operand(0))],  // no such operand
            [instruction(APUS_EW_NEG, to: .register(0), .operand(0))],  // output never written
            [
                instruction(APUS_EW_NEG, to: .register(32), .operand(0)),
                instruction(APUS_EW_NEG, to: .operand(1), .operand(0)),
            ],
            [instruction(APUS_EW_EXP, APUS_INT32, to: .operand(1), .operand(0))],  // not for integers
            [instruction(APUS_EW_CAST, to: .operand(1), .operand(0), target: APUS_INT32)],  // result has another type
            [instruction(APUS_EW_GT, to: .operand(1), .operand(0), .operand(0))],
            [instruction(APUS_EW_OPCODE_COUNT, to: .operand(1), .operand(0))],
        ]
        for tape in bad { #expect(Program(tape, operands, count: 8) == nil) }
        let copy = [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))]
        #expect(Program(copy, operands, count: 8) != nil)
        #expect(Program(copy, operands, count: -1) == nil)
        let strided = operand(0, APUS_FLOAT32, APUS_EW_STRIDED, dimensions: [3, 3], strides: [1, 3])
        #expect(Program(copy, [strided, operands[1]], count: 8) == nil)
        #expect(Program(copy, [operand(0, APUS_FLOAT32, APUS_EW_PERIODIC), operands[1]], count: 8) == nil)
        #expect(
            Program(copy, [operands[0], operand(1, APUS_FLOAT32, APUS_EW_PERIODIC, output: true, inner: 2)], count: 8)
                == nil)
    }
}
