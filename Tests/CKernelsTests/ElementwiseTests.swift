import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// What each instruction of an elementwise program computes.
@Suite(.serialized)
struct ElementwiseTests {
    static let counts = [1, 3, 17, 33, 1000, 1031, 2053]

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
                let program = ElementwiseProgram(
                    [instruction(opcode, to: .operand(1), .operand(0))], [operand(0), operand(1, output: true)],
                    count: Self.arguments.count)
                program?.run([x, y])
                expectClose(
                    y.values(), Self.arguments.map { function(Double($0)) }, absolute: 1.2e-38,
                    "opcode \(opcode.rawValue), \(place)")

                let wide = Self.arguments.map(Double.init)
                let x64 = Memory(wide)
                let y64 = Memory([Double](repeating: 9, count: wide.count))
                ElementwiseProgram(
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
            for count in Self.counts {
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
                        ElementwiseProgram(
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
                        ElementwiseProgram(
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

    /// As in Python, a remainder that is 0 has the sign of the divisor.
    @Test func signsOfZeroAndFiniteNumbers() {
        let x: [Float] = [4, -4, 0, -0.0, .nan, .infinity, -.infinity, 3e38, -3e38, 1e-37]
        let y: [Float] = [2, 2, -2, -2, 1, 1, 1, 3e38, 3e38, 1]
        everywhere { place in
            let remainders = Memory([Float](repeating: 9, count: x.count))
            ElementwiseProgram(
                [instruction(APUS_EW_REMAINDER, to: .operand(2), .operand(0), .operand(1))],
                [operand(0), operand(1), operand(2, output: true)], count: x.count)?
                .run([Memory(x), Memory(y), remainders])
            let signs = remainders.values(Float.self).prefix(4).map { $0 == 0 ? $0.sign : nil }
            #expect(signs == [.plus, .plus, .minus, .minus], "\(place)")
            let finite = Memory([UInt8](repeating: 9, count: x.count))
            ElementwiseProgram(
                [instruction(APUS_EW_IS_FINITE, to: .operand(1), .operand(0))],
                [operand(0), operand(1, APUS_BOOL, output: true)], count: x.count)?
                .run([Memory(x), finite])
            #expect(finite.values() == x.map { $0.isFinite ? 1 : 0 as UInt8 }, "\(place)")
            return [remainders, finite]
        }
    }

    // MARK: Integers

    private func integers<T: FixedWidthInteger>(_ type: apus_type, _: T.Type) {
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
                ElementwiseProgram(
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
        func cast<A, B>(_ values: [A], _ from: apus_type, _ to: apus_type, _: B.Type) -> [B] {
            let result = Memory([UInt64](repeating: 0, count: values.count))  // room for any type
            ElementwiseProgram(
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
            ElementwiseProgram(
                [instruction(APUS_EW_CAST, to: .operand(0), .operand(0), target: APUS_BFLOAT16)],
                [operand(0, output: true)], count: 4)?.run([bfloats])
            #expect(bfloats.values() == rounded)
        }
    }
}
