import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// A 3x3 convolution to check.
private struct Convolution: CustomTestStringConvertible, Sendable {
    var samples = 1, height: Int, width: Int, inputs: Int, outputs: Int
    /// Top, left, bottom, right.
    var pads = [1, 1, 1, 1]
    var bias = false, relu = false
    var threads = 2
    /// Images of bfloat16.
    var bfloat16 = false

    var type: apus_type { bfloat16 ? APUS_BFLOAT16 : APUS_FLOAT32 }
    var outHeight: Int { height + pads[0] + pads[2] - 2 }
    var outWidth: Int { width + pads[1] + pads[3] - 2 }

    var testDescription: String {
        "\(samples)x\(height)x\(width) \(inputs)->\(outputs) pads \(pads) bias: \(bias) relu: \(relu)"
            + (bfloat16 ? " bfloat16" : "")
    }

    var parameters: apus_winograd_parameters {
        apus_winograd_parameters(
            samples: Int64(samples), height: Int64(height), width: Int64(width), channels_in: Int64(inputs),
            channels_out: Int64(outputs), pad_top: Int64(pads[0]), pad_left: Int64(pads[1]),
            pad_bottom: Int64(pads[2]), pad_right: Int64(pads[3]), threads: Int64(threads), relu: relu ? 1 : 0,
            type: Int32(type.rawValue))
    }
}

/// Operands, and what the kernels should make of them.
private struct Expected {
    var x, w, g: TestBuffer
    let bias: TestBuffer?
    var y, dx, dw: [Double]
    /// What the elements are the sums of, without signs.
    var sizeY, sizeX, sizeW: [Double]

    init(_ c: Convolution, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        x = TestBuffer(c.type, random.reals(c.samples * c.height * c.width * c.inputs))
        w = TestBuffer(APUS_FLOAT32, random.reals(9 * c.inputs * c.outputs))
        g = TestBuffer(c.type, random.reals(c.samples * c.outHeight * c.outWidth * c.outputs))
        bias = c.bias ? TestBuffer(APUS_FLOAT32, random.reals(c.outputs)) : nil
        y = [Double](repeating: 0, count: g.count)
        dx = [Double](repeating: 0, count: x.count)
        dw = [Double](repeating: 0, count: w.count)
        (sizeY, sizeX, sizeW) = (y, dx, dw)
        convolve(c)
        if let values = bias?.values {
            for i in y.indices {
                y[i] += values[i % c.outputs]
                sizeY[i] += abs(values[i % c.outputs])
            }
        }
        if c.relu { for i in y.indices { y[i] = max(0, y[i]) } }
    }

    /// The same numbers as those of `other`, with images of the type of `c`.
    init(_ other: Expected, as c: Convolution) {
        self = other
        x = TestBuffer(c.type, other.x.values)
        g = TestBuffer(c.type, other.g.values)
    }

    /// The direct convolution and both gradients, tap by tap.
    private mutating func convolve(_ c: Convolution) {
        let xs = x.values, ws = w.values, gs = g.values
        for sample in 0..<c.samples {
            for row in 0..<c.outHeight {
                for column in 0..<c.outWidth {
                    for tap in 0..<9 {
                        let h = row + tap / 3 - c.pads[0], v = column + tap % 3 - c.pads[1]
                        guard h >= 0, h < c.height, v >= 0, v < c.width else { continue }
                        let from = ((sample * c.height + h) * c.width + v) * c.inputs
                        let to = ((sample * c.outHeight + row) * c.outWidth + column) * c.outputs
                        for i in 0..<c.inputs {
                            let k = (tap * c.inputs + i) * c.outputs, value = xs[from + i]
                            var (sum, size) = (0.0, 0.0)
                            for o in 0..<c.outputs {
                                let (toY, toW, toX) = (value * ws[k + o], value * gs[to + o], gs[to + o] * ws[k + o])
                                y[to + o] += toY
                                dw[k + o] += toW
                                sum += toX
                                sizeY[to + o] += abs(toY)
                                sizeW[k + o] += abs(toW)
                                size += abs(toX)
                            }
                            dx[from + i] += sum
                            sizeX[from + i] += size
                        }
                    }
                }
            }
        }
    }
}

/// The kernels' y, dx and dw.
private func compute(_ c: Convolution, _ e: Expected) -> [TestBuffer] {
    let p = c.parameters
    func scratch(_ bytes: (UnsafePointer<apus_winograd_parameters>?) -> Int64) -> TestBuffer {
        TestBuffer(APUS_UINT8, count: Int(withUnsafePointer(to: p) { bytes($0) }))
    }
    let y = TestBuffer(c.type, count: e.y.count), dx = TestBuffer(c.type, count: e.dx.count)
    let dw = TestBuffer(APUS_FLOAT32, count: e.dw.count)
    #expect(runKernel(apus_winograd, p, [e.x, e.w, e.bias, y, scratch(apus_winograd_scratch_bytes)]) == 0)
    let scratchX = scratch(apus_winograd_gradient_x_scratch_bytes)
    let scratchW = scratch(apus_winograd_gradient_w_scratch_bytes)
    #expect(runKernel(apus_winograd_gradient_x, p, [e.g, e.w, dx, scratchX]) == 0)
    #expect(runKernel(apus_winograd_gradient_w, p, [e.x, e.g, dw, scratchW]) == 0)
    return [y, dx, dw]
}

private func relativeError(_ result: TestBuffer, _ expected: [Double]) -> Double {
    let values = result.values
    guard values.count == expected.count else { return .infinity }
    var error = 0.0, magnitude = 0.0
    for (value, exact) in zip(values, expected) {
        error += (value - exact) * (value - exact)
        magnitude += exact * exact
    }
    return (error / magnitude).squareRoot()
}

/// With images of both types.
private func check(_ c: Convolution, seed: UInt64 = 1) {
    var narrow = c
    narrow.bfloat16 = true
    checkOneType(c, seed: seed)
    checkOneType(narrow, seed: seed)
}

private func checkOneType(_ c: Convolution, seed: UInt64) {
    let e = Expected(c, seed: seed)
    everywhere { _ in
        let results = compute(c, e)
        for (result, exact, size, name) in [
            (results[0], e.y, e.sizeY, "y"), (results[1], e.dx, e.sizeX, "dx"), (results[2], e.dw, e.sizeW, "dw"),
        ] {
            #expect(
                relativeError(result, exact) <= (result.type == APUS_BFLOAT16 ? 3e-3 : 5e-6),
                "\(name) of \(c.testDescription)")
            // The transforms mix the elements of a tile: each is as exact as they are.
            let mean = size.reduce(0, +) / Double(max(1, size.count))
            expectEqual(
                result, exact, tolerance(result.type), size: size.map { 4 * max($0, mean) },
                "\(name) of \(c.testDescription)")
        }
        return results
    }
}

private func zip3<A, B, C>(_ a: [A], _ b: [B], _ c: [C]) -> [(A, B, C)] {
    zip(a, zip(b, c)).map { ($0, $1.0, $1.1) }
}

@Suite(.serialized)
struct WinogradTests {
    /// Images that are whole tiles, one pixel more, one less, primes; channels that are whole vectors or not.
    @Test(arguments: [
        Convolution(samples: 2, height: 4, width: 4, inputs: 16, outputs: 16),
        Convolution(samples: 3, height: 5, width: 9, inputs: 17, outputs: 33, bias: true),
        Convolution(height: 7, width: 11, inputs: 33, outputs: 17, relu: true),
        Convolution(height: 8, width: 8, inputs: 64, outputs: 48, pads: [0, 0, 0, 0], bias: true, relu: true),
        Convolution(height: 13, width: 17, inputs: 20, outputs: 80, pads: [2, 1, 0, 2], bias: true),
        Convolution(height: 4, width: 6, inputs: 130, outputs: 65, pads: [0, 2, 1, 0], relu: true),
        Convolution(height: 3, width: 3, inputs: 16, outputs: 3, pads: [0, 0, 0, 0]),
        Convolution(height: 1, width: 2, inputs: 1, outputs: 1, pads: [2, 2, 2, 2], bias: true),
    ])
    private func smallShapes(_ c: Convolution) { check(c) }

    @Test func everyPadding() {
        var random = SeededGenerator(seed: 3)
        for round in 0..<24 {
            let pads = (0..<4).map { _ in Int.random(in: 0...2, using: &random) }
            check(
                Convolution(
                    samples: 1 + round % 2, height: Int.random(in: 4...11, using: &random),
                    width: Int.random(in: 4...11, using: &random), inputs: random.pick([16, 17, 19]),
                    outputs: random.pick([16, 18, 31]), pads: pads, bias: round % 3 == 0, relu: round % 4 == 0),
                seed: UInt64(round))
        }
    }

    /// Channels in several panels, with the kernel transformed in several parts; several parts of the tiles of dw.
    @Test func manyChannels() {
        check(Convolution(height: 5, width: 6, inputs: 257, outputs: 200, bias: true))
        check(Convolution(samples: 17, height: 21, width: 18, inputs: 16, outputs: 17))
    }

    /// More tiles than one chunk of transformed patches.
    @Test func severalChunks() {
        check(Convolution(samples: 25, height: 5, width: 5, inputs: 1040, outputs: 33, relu: true))
    }

    /// With few and with many channels.
    @Test(arguments: [[48, 96], [200, 176]])
    func threadsParameterDoesNotChangeBits(channels: [Int]) {
        var c = Convolution(samples: 2, height: 14, width: 13, inputs: channels[0], outputs: channels[1])
        let e = Expected(c, seed: 5)
        everywhere(threads: [4]) { place in
            c.threads = 2
            let two = compute(c, e)
            for threads in [1, 3, 16] {
                c.threads = threads
                #expect(compute(c, e) == two, "\(threads) threads, \(place)")
            }
        }
    }

    @Test func infinitiesAndNaNStayInTheirTiles() {
        let c = Convolution(height: 12, width: 12, inputs: 16, outputs: 16, relu: true)
        let e = Expected(c, seed: 6)
        e.x.pointer.storeBytes(of: Float.nan, as: Float.self)
        everywhere { _ in
            let results = compute(c, e), y = results[0].values
            #expect(y[0].isNaN)
            #expect(!y[11 * 16].isNaN && !y[y.count - 1].isNaN)
            return results
        }
    }

    /// bfloat16 results are the float32 results of the same numbers, rounded; with infinities and NaN among them.
    @Test(arguments: [[17, 33], [130, 65]])
    func bfloat16IsRoundedFloat32(channels: [Int]) {
        var c = Convolution(samples: 2, height: 9, width: 10, inputs: channels[0], outputs: channels[1])
        c.bfloat16 = true
        let e = Expected(c, seed: 8)
        for (i, bits) in [0x7fc0, 0xff81, 0x7f80, 0xff80, 0x0001, 0x7f7f].enumerated() {
            for buffer in [e.x, e.g] {
                buffer.pointer.storeBytes(of: UInt16(bits), toByteOffset: 2 * 97 * i, as: UInt16.self)
            }
        }
        var wide = c
        wide.bfloat16 = false
        let same = Expected(e, as: wide)
        everywhere { _ in
            let results = compute(c, e)
            for (name, result, exact) in zip3(["y", "dx", "dw"], results, compute(wide, same).map(\.values)) {
                let rounded = TestBuffer(result.type, exact).values
                let equal = zip(result.values, rounded).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
                #expect(equal, "\(name)")
            }
            #expect(results[0].values.contains { $0.isNaN } && results[0].values.contains { !$0.isNaN })
            return results
        }
    }

    /// Without a kernel, y is the bias: ties, numbers too small and too large, and NaN, which must not overflow.
    @Test func roundsToNearestEven() {
        let bits: [UInt32] = [
            0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x3f81_7fff, 0xbf81_8000, 0x0000_8001, 0x7f7f_ffff, 0xff80_0000,
            0x7f80_0001, 0xffff_ffff,
        ]
        let c = Convolution(height: 5, width: 5, inputs: 3, outputs: 3 * bits.count, bias: true, bfloat16: true)
        let e = Expected(c, seed: 9)
        memset(e.w.pointer, 0, 4 * e.w.count)
        for i in 0..<c.outputs {
            e.bias!.pointer.storeBytes(of: bits[i % bits.count], toByteOffset: 4 * i, as: UInt32.self)
        }
        let rounded = TestBuffer(APUS_BFLOAT16, e.bias!.values).values
        everywhere { _ in
            let y = compute(c, e)[0]
            expectEqual(y, (0..<y.count).map { rounded[$0 % c.outputs] })
            return [y]
        }
    }

    @Test func emptyBatch() {
        let c = Convolution(samples: 0, height: 4, width: 4, inputs: 16, outputs: 16)
        let results = compute(c, Expected(c, seed: 7))
        #expect(results[2].values.allSatisfy { $0 == 0 })
    }

    @Test func refusesWhatItCannot() {
        for pads in [[3, 1, 1, 1], [1, -1, 1, 1]] {
            var p = Convolution(height: 8, width: 8, inputs: 16, outputs: 16, pads: pads).parameters
            #expect(!apus_winograd_supports(&p))
            #expect(apus_winograd([], &p) == Int32(APUS_STATUS_UNSUPPORTED.rawValue))
        }
        var small = Convolution(height: 2, width: 8, inputs: 16, outputs: 16, pads: [0, 0, 0, 0]).parameters
        #expect(!apus_winograd_supports(&small))
        var exotic = Convolution(height: 8, width: 8, inputs: 16, outputs: 16).parameters
        exotic.type = Int32(APUS_FLOAT64.rawValue)
        #expect(!apus_winograd_supports(&exotic))
        var idle = Convolution(height: 8, width: 8, inputs: 16, outputs: 16, threads: 0).parameters
        #expect(!apus_winograd_supports(&idle))
    }
}
