import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// Operands, whole programs, and the loops that stand in for some.
@Suite(.serialized)
struct ElementwiseProgramTests {
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
                    ElementwiseProgram(tape, operands, count: count)?.run([xs, rs, cs, out])
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
                    ElementwiseProgram(
                        [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))],
                        [
                            operand(0, type, APUS_EW_STRIDED, dimensions: [columns, rows], strides: [1, columns]),
                            operand(1, type, output: true),
                        ], count: count)?.run([xs, out])
                    check((0..<count).map { x[$0 % rows * columns + $0 / rows] }, "transposed")
                    ElementwiseProgram(
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
        ElementwiseProgram(
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
            let program = ElementwiseProgram(
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
            for i in sizes.indices {
                let updated: [Float] = memories[2 + 4 * i].values()
                expectClose(
                    updated, zip(weights[i], gradients[i]).map { Double($0) - rate * Double($1) }, absolute: 1e-6,
                    "weights \(i) \(place)")
                #expect(memories[4 + 4 * i].values() == updated.map(bfloat16))
                let sum: Double = memories[5 + 4 * i].values()[0]
                let expected = gradients[i].reduce(0.0) { $0 + Double($1) * Double($1) }
                #expect(abs(sum - expected) <= 1e-6 * expected, "sum \(i), \(place)")
            }
            return memories
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
            ElementwiseProgram(tape, [operand(0), operand(1, output: true)], count: count)?.run([Memory(x), out])
            expectClose(out.values(), expected.map { min(max($0, -1.5), 1.5) }, relative: 2e-5, absolute: 2e-5, place)
            return out
        }
    }

    @Test func selects() {
        everywhere { place in
            for count in ElementwiseTests.counts {
                let x = normal(count)
                let y = normal(count, seed: 2)
                let out = Memory([Float](repeating: 0, count: count))
                ElementwiseProgram(
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
        case sgd, momentum, velocity, adam
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
            case .velocity:
                return [
                    instruction(APUS_EW_MUL, to: .register(0), rate, g),
                    instruction(APUS_EW_FMS, to: m, m, .immediate(0.9), .register(0)),
                    instruction(APUS_EW_ADD, to: w, w, m),
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
                // An epsilon that is seen.
                instruction(APUS_EW_ADD, to: .register(1), .register(1), .immediate(0.125)),
                instruction(APUS_EW_DIV, to: .register(2), .register(2), .register(1)),
                rule == .adamw
                    ? instruction(APUS_EW_FMS, to: w, w, .immediate(0.9999), .register(2))
                    : instruction(APUS_EW_SUB, to: w, w, .register(2)),
            ]
            return tape
        }
        everywhere { place in
            var updated: [[Float]] = []
            for rule in Rule.allCases {
                let moments = rule == .sgd ? 0 : rule == .momentum || rule == .velocity ? 1 : 2
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
                        let program = ElementwiseProgram(tape(rule), operands, count: count)
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
                    updated += results
                }
            }
            // Another association, another function of the weights, or one more output: not these loops.
            let other = [
                instruction(APUS_EW_MUL, to: .register(0), .operand(1), .operand(1)),
                instruction(APUS_EW_FNMA, to: .operand(0), .register(0), .operand(2), .operand(0)),
            ]
            let operands = [operand(0, output: true), operand(1), operand(2, APUS_FLOAT32, APUS_EW_SCALAR)]
            #expect(ElementwiseProgram(other, operands, count: 9)?.specialization == nil)
            return updated
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
        for tape in bad { #expect(ElementwiseProgram(tape, operands, count: 8) == nil) }
        let copy = [instruction(APUS_EW_COPY, to: .operand(1), .operand(0))]
        #expect(ElementwiseProgram(copy, operands, count: 8) != nil)
        #expect(ElementwiseProgram(copy, operands, count: -1) == nil)
        let strided = operand(0, APUS_FLOAT32, APUS_EW_STRIDED, dimensions: [3, 3], strides: [1, 3])
        #expect(ElementwiseProgram(copy, [strided, operands[1]], count: 8) == nil)
        #expect(ElementwiseProgram(copy, [operand(0, APUS_FLOAT32, APUS_EW_PERIODIC), operands[1]], count: 8) == nil)
        #expect(
            ElementwiseProgram(
                copy, [operands[0], operand(1, APUS_FLOAT32, APUS_EW_PERIODIC, output: true, inner: 2)], count: 8)
                == nil)
    }
}
