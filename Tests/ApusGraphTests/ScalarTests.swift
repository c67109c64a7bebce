import ApusGraph
import Testing

@Suite struct ScalarTests {
    @Test(
        arguments: [
            (1.0, UInt16(0x3f80)), (-2, 0xc000), (257, 0x4380), (259, 0x4382), (3.4e38, 0x7f80), (.infinity, 0x7f80),
            (Float(bitPattern: 1), 0),
            (Float(bitPattern: 0x1_0000), 1),
        ] as [(Float, UInt16)])
    func bfloat16RoundsToNearestEven(_ value: Float, _ bits: UInt16) {
        #expect(BFloat16(value).bitPattern == bits)
    }

    @Test func bfloat16KeepsNotANumberAndIsExactBackwards() {
        #expect(BFloat16(.nan).float.isNaN)
        #expect(BFloat16(Float(bitPattern: 0x7f80_0001)).float.isNaN)
        for pattern in stride(from: UInt16(0), through: 0xffff, by: 7) {
            let value = BFloat16(bitPattern: pattern)
            if !value.float.isNaN { #expect(BFloat16(value.float) == value) }
        }
    }

    @Test func integersSaturate() {
        #expect(Scalar.floating(1e30).integer == .max)
        #expect(Scalar.floating(-.infinity).integer == .min)
        #expect(Scalar.floating(.nan).integer == 0)
        #expect(Scalar.floating(-1.9).integer == -1)
        #expect(Scalar.floating(1e30).rounded(to: .int32) == .integer(2_147_483_647))
        #expect(Scalar.floating(-3).rounded(to: .uint8) == .integer(0))
        #expect(Scalar.floating(0.5).rounded(to: .bool) == .integer(1))
    }

    /// The known answers of the paper's implementation.
    @Test(arguments: [
        (
            Philox.Words(0, 0, 0, 0), SIMD2<UInt32>(0, 0),
            Philox.Words(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        ),
        (
            Philox.Words(repeating: .max), SIMD2<UInt32>(repeating: .max),
            Philox.Words(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        (
            Philox.Words(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
            Philox.Words(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ])
    func philox(_ counter: Philox.Words, _ key: SIMD2<UInt32>, _ expected: Philox.Words) {
        #expect(Philox.block(counter: counter, key: key) == expected)
    }
}
