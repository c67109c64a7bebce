import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// The definition of the header, word by word.
private struct Reference {
    var seed: UInt64 = 0x1122_3344_5566_7788, step: UInt64 = 0x99_0000_0005, stream: UInt64 = 0x0123_4567_89ab_cdef

    func group(_ g: Int) -> [UInt32] {
        func low(_ x: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: x) }
        func high(_ x: UInt64) -> UInt32 { UInt32(x >> 32) }
        let g = UInt64(g)
        var c = [low(g), high(g) ^ high(stream), low(stream), low(step) ^ high(step)]
        var k = [low(seed), high(seed)]
        for _ in 0..<10 {
            let p0 = UInt64(c[0]) * 0xD251_1F53
            let p1 = UInt64(c[2]) * 0xCD9E_8D57
            c = [high(p1) ^ c[1] ^ k[0], low(p1), high(p0) ^ c[3] ^ k[1], low(p0)]
            k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
        }
        return c
    }

    func words(_ count: Int) -> [UInt32] { (0..<(count + 3) / 4).flatMap(group) }

    func wideWords(_ count: Int) -> [UInt64] {
        let w = words(2 * count + 2)
        return (0..<count + 1).map { UInt64(w[2 * $0]) | UInt64(w[2 * $0 + 1]) << 32 }
    }

    /// `count` elements from the kernel.
    func draw<T>(
        _ distribution: apus_random_distribution, _ type: apus_type, _ zero: T, _ count: Int, _ first: Double = 0,
        _ second: Double = 1, low: Int64 = 0, high: Int64 = 1
    ) -> [T] {
        let parameters = apus_random_parameters(
            distribution: Int32(distribution.rawValue), type: Int32(type.rawValue), count: Int64(count), stream: stream,
            first: first, second: second, low: low, high: high)
        var key = [Int64(bitPattern: seed), Int64(bitPattern: step)]
        var output = [T](repeating: zero, count: count + 16)  // the last 16 must stay
        let status = key.withUnsafeMutableBytes { key in
            output.withUnsafeMutableBytes { output in
                withUnsafePointer(to: parameters) { apus_random([key.baseAddress, output.baseAddress], $0) }
            }
        }
        #expect(status == 0)
        output.withUnsafeBytes { bytes in
            let zeros = [T](repeating: zero, count: 16)
            zeros.withUnsafeBytes { #expect(bytes.suffix($0.count).elementsEqual($0), "written past the end") }
        }
        return Array(output.prefix(count))
    }
}

private let limit = erf(2.0.squareRoot())

@Suite(.serialized)
struct RandomTests {
    private static let counts = [1, 3, 33, 64, 65, 9001]

    /// The vectors that the authors of Philox publish with Random123.
    @Test(
        arguments: [
            ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([.max, .max, .max, .max], [.max, .max], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ] as [([UInt32], [UInt32], [UInt32])])
    func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
        var out = [UInt32](repeating: 0, count: 4)
        apus_philox(counter, key, &out)
        #expect(out == expected)
    }

    /// Integers over the whole range are the raw words, moved by 2^31.
    @Test func words() {
        let reference = Reference()
        everywhere { place in
            for count in Self.counts {
                let words = reference.draw(
                    APUS_RANDOM_INTEGER, APUS_INT32, Int32(0), count, low: Int64(Int32.min), high: Int64(Int32.max) + 1)
                #expect(
                    words.map { UInt32(bitPattern: $0) ^ 0x8000_0000 } == Array(reference.words(count).prefix(count)),
                    "\(place)")
            }
        }
    }

    @Test func integersAndBernoulli() {
        let reference = Reference()
        everywhere { place in
            for count in Self.counts {
                let words = reference.words(count).prefix(count)
                let wide = reference.wideWords(count).prefix(count)
                #expect(
                    reference.draw(APUS_RANDOM_INTEGER, APUS_INT32, Int32(0), count, low: -5, high: 100)
                        == words.map { Int32((UInt64($0) * 105) >> 32) - 5 }, "\(place)")
                #expect(
                    reference.draw(APUS_RANDOM_INTEGER, APUS_INT64, Int64(0), count, low: -5, high: 1_000_000_000_000)
                        == wide.map { Int64($0.multipliedFullWidth(by: 1_000_000_000_005).high) - 5 }, "\(place)")
                let coins = words.map { UInt64($0) < UInt64((0.3 * 0x1p32).rounded()) }
                #expect(
                    reference.draw(APUS_RANDOM_BERNOULLI, APUS_BOOL, UInt8(0), count, 0.3) == coins.map { $0 ? 1 : 0 })
                #expect(
                    reference.draw(APUS_RANDOM_BERNOULLI, APUS_FLOAT32, Float(0), count, 0.3)
                        == coins.map { $0 ? 1 : 0 })
                #expect(reference.draw(APUS_RANDOM_BERNOULLI, APUS_BOOL, UInt8(0), count, 1).allSatisfy { $0 == 1 })
                #expect(reference.draw(APUS_RANDOM_BERNOULLI, APUS_BOOL, UInt8(0), count, 0).allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func uniform() {
        let reference = Reference()
        everywhere { place in
            var drawn: [AnyHashable] = []
            for count in Self.counts {
                let words = reference.words(count).prefix(count)
                let wide = reference.wideWords(count).prefix(count)
                let x = reference.draw(APUS_RANDOM_UNIFORM, APUS_FLOAT32, Float(0), count, -1, 3)
                for (x, w) in zip(x, words) {
                    #expect(abs(Double(x) - (-1 + 4 * Double(w >> 8) * 0x1p-24)) < 3e-7 && x < 3)
                }
                let y = reference.draw(APUS_RANDOM_UNIFORM, APUS_FLOAT64, 0.0, count, -1, 3)
                for (y, w) in zip(y, wide) { #expect(abs(y - (-1 + 4 * Double(w >> 11) * 0x1p-53)) < 1e-15 && y < 3) }
                let b = reference.draw(APUS_RANDOM_UNIFORM, APUS_BFLOAT16, UInt16(0), count)
                for (b, w) in zip(b, words) {
                    let value = Float(bitPattern: UInt32(b) << 16)
                    let u = Float(w >> 8) * 0x1p-24
                    #expect(value < 1 && abs(value - u) <= max(u / 256, 0))
                }
                drawn += [x, y, b] as [AnyHashable]
            }
            return drawn
        }
    }

    @Test func normals() {
        let reference = Reference()
        everywhere { place in
            var drawn: [AnyHashable] = []
            for count in Self.counts {
                let words = reference.words(count + 1)
                let wide = reference.wideWords(count + 1)
                let x = reference.draw(APUS_RANDOM_NORMAL, APUS_FLOAT32, Float(0), count, 1, 2)
                let y = reference.draw(APUS_RANDOM_NORMAL, APUS_FLOAT64, 0.0, count, 1, 2)
                for i in 0..<count {
                    let pair = i / 2 * 2
                    func normal(_ u: Double, _ t: Double) -> Double {
                        1 + 2 * (-2 * log(u)).squareRoot() * (i % 2 == 0 ? cos(t) : sin(t))
                    }
                    let narrow = normal(
                        Double(words[pair]) * 0x1p-32 + 0x1p-33,
                        2 * .pi * Double(Int32(bitPattern: words[pair + 1])) * 0x1p-32)
                    #expect(abs(Double(x[i]) - narrow) < 5e-6, "\(place), element \(i)")
                    let exact = normal(
                        (Double(wide[pair] >> 11) + 0.5) * 0x1p-53,
                        2 * .pi * Double(Int64(bitPattern: wide[pair + 1]) >> 11) * 0x1p-53)
                    #expect(abs(y[i] - exact) < 1e-11, "\(place), element \(i)")
                }
                drawn += [x, y] as [AnyHashable]
            }
            return drawn
        }
    }

    @Test func truncatedNormals() {
        let reference = Reference()
        everywhere { place in
            var drawn: [AnyHashable] = []
            for count in Self.counts {
                let words = reference.words(count)
                let wide = reference.wideWords(count)
                let x = reference.draw(APUS_RANDOM_TRUNCATED_NORMAL, APUS_FLOAT32, Float(0), count)
                let y = reference.draw(APUS_RANDOM_TRUNCATED_NORMAL, APUS_FLOAT64, 0.0, count)
                for i in 0..<count {
                    let narrow = (Double(Int32(bitPattern: words[i])) + 0.5) * 0x1p-31 * limit
                    #expect(
                        abs(erf(Double(x[i]) / 2.0.squareRoot()) - narrow) < 4e-7 && abs(x[i]) <= 2,
                        "\(place), element \(i)")
                    let exact = (Double(Int64(bitPattern: wide[i])) + 0.5) * 0x1p-63 * limit
                    #expect(
                        abs(erf(y[i] / 2.0.squareRoot()) - exact) < 1e-14 && abs(y[i]) <= 2, "\(place), element \(i)")
                }
                drawn += [x, y] as [AnyHashable]
            }
            return drawn
        }
    }

    /// Mean, variance and fourth moment, within five standard errors.
    @Test func moments() {
        let count = 1 << 18
        let n = Double(count)
        let x = Reference(seed: 7, step: 1, stream: 0).draw(APUS_RANDOM_NORMAL, APUS_FLOAT32, Float(0), count).map(
            Double.init)
        #expect(abs(x.reduce(0, +) / n) < 5 / n.squareRoot())
        #expect(abs(x.reduce(0) { $0 + $1 * $1 } / n - 1) < 5 * (2 / n).squareRoot())
        #expect(abs(x.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n - 3) < 5 * (96 / n).squareRoot())
    }

    @Test func refusesNonsense() {
        func status(_ distribution: apus_random_distribution, _ type: apus_type, low: Int64 = 0, high: Int64 = 1)
            -> Int32
        {
            var parameters = apus_random_parameters()
            (parameters.distribution, parameters.type) = (Int32(distribution.rawValue), Int32(type.rawValue))
            (parameters.low, parameters.high) = (low, high)
            var key: [Int64] = [0, 0]
            var output = [0.0]
            return key.withUnsafeMutableBytes { key in
                output.withUnsafeMutableBytes { output in
                    apus_random([key.baseAddress, output.baseAddress], &parameters)
                }
            }
        }
        #expect(status(APUS_RANDOM_UNIFORM, APUS_INT32) == 1)
        #expect(status(APUS_RANDOM_INTEGER, APUS_FLOAT32) == 1)
        #expect(status(APUS_RANDOM_INTEGER, APUS_INT32, low: 3, high: 3) == 1)
        #expect(status(APUS_RANDOM_INTEGER, APUS_INT32, low: 0, high: 1 << 33) == 1)
        #expect(status(APUS_RANDOM_INTEGER, APUS_INT64, low: 0, high: 1 << 33) == 0)
    }
}
