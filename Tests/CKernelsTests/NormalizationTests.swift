import CKernels
import Testing

@Suite(.serialized)
struct NormalizationTests {
    private let shapes = [
        (1, 1), (2, 3), (17, 6), (33, 16), (65, 17), (100, 64), (40, 300), (1000, 10), (900, 70),
        (5, 600),
    ]

    private func parameters(
        _ rows: Int, _ channels: Int, _ type: apus_type,
        relu: Bool = false, joined: Bool = false, masked: Bool = false
    ) -> apus_normalization_parameters {
        apus_normalization_parameters(
            rows: Int64(rows), channels: Int64(channels), type: Int64(type.rawValue), epsilon: 1e-3,
            relu: relu ? 1 : 0, joined: joined ? 1 : 0, masked: masked ? 1 : 0)
    }

    private func scratch(_ p: apus_normalization_parameters) -> TestBuffer {
        TestBuffer(APUS_UINT8, count: Int(withUnsafePointer(to: p) { apus_normalization_scratch_bytes($0) }))
    }

    private func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }

    private func variance(_ x: [Double]) -> Double {
        let m = mean(x)
        return mean(x.map { ($0 - m) * ($0 - m) })
    }

    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16], [false, true])
    func batchNorm(type: apus_type, relu: Bool) {
        var random = TestRandom(14)
        for (rows, channels) in shapes {
            let p = parameters(rows, channels, type, relu: relu), count = rows * channels
            let x = TestBuffer(type, random.reals(count, 2).map { $0 + 3 }), xs = x.values
            let g = TestBuffer(type, random.reals(count)), gs = g.values
            let residual = random.pick([true, false]) ? TestBuffer(type, random.reals(count)) : nil
            let scale = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            let offset = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            func column(_ values: [Double], _ c: Int) -> [Double] { (0..<rows).map { values[$0 * channels + c] } }
            let means = (0..<channels).map { mean(column(xs, $0)) }
            let variances = (0..<channels).map { variance(column(xs, $0)) }
            let factors = variances.map { 1 / ($0 + 1e-3).squareRoot() }
            let scales = scale?.values ?? [Double](repeating: 1, count: channels)
            let offsets = offset?.values ?? [Double](repeating: 0, count: channels)
            let residuals = residual?.values ?? [Double](repeating: 0, count: count)
            let hats = (0..<count).map { (xs[$0] - means[$0 % channels]) * factors[$0 % channels] }
            let want = (0..<count).map { i -> Double in
                let y = hats[i] * scales[i % channels] + offsets[i % channels] + residuals[i]
                return relu ? max(y, 0) : y
            }
            withEveryISAAndThreadCount {
                let scratch = scratch(p)
                let m = TestBuffer(APUS_FLOAT32, count: channels), v = TestBuffer(APUS_FLOAT32, count: channels)
                #expect(runKernel(apus_moments, p, [x, m, v, scratch]) == 0)
                expectEqual(m, means, 1e-6)
                expectEqual(v, variances, 1e-6, magnitude: 1e-3)
                let y = TestBuffer(type, count: count)
                #expect(runKernel(apus_batch_norm, p, [x, m, v, scale, offset, residual, y, nil]) == 0)
                expectEqual(y, want, 2 * tolerance(type), magnitude: 1, "\(rows) \(channels)")

                let ys = y.values
                let masked = (0..<count).map { !relu || ys[$0] > 0 ? gs[$0] : 0 }
                let dOffset = (0..<channels).map { column(masked, $0).reduce(0, +) }
                let dScale = (0..<channels).map { c in
                    (0..<rows).map {
                        masked[$0 * channels + c]
                            * hats[$0 * channels + c]
                    }.reduce(0, +)
                }
                let dX = (0..<count).map { i -> Double in
                    let c = i % channels, n = Double(rows)
                    return scales[c] * factors[c] * (masked[i] - dOffset[c] / n - hats[i] * dScale[c] / n)
                }
                let dx = TestBuffer(type, count: count), dresidual = TestBuffer(type, count: count)
                let dscale = TestBuffer(APUS_FLOAT32, count: channels)
                let doffset = TestBuffer(APUS_FLOAT32, count: channels)
                #expect(
                    runKernel(
                        apus_batch_norm_gradient, p,
                        [x, g, m, v, scale, y, nil, dx, dscale, doffset, dresidual, scratch]) == 0)
                expectEqual(doffset, dOffset, 3e-6, magnitude: 1)
                expectEqual(dscale, dScale, 3e-6, magnitude: Double(rows) / 4)
                expectEqual(dx, dX, 3 * tolerance(type), magnitude: 1)
                expectEqual(dresidual, masked)
                return [m, v, y, dx, dscale, doffset]
            }
        }
    }

    /// What surrounds a normalization in a residual block: two gradients that meet, a mask of what passed the ReLU, statistics behind
    /// each other; with results that overwrite their operands.
    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16], [0, 1, 2])
    func fusedGradient(type: apus_type, overwritten: Int) {
        var random = TestRandom(19)
        for (rows, channels) in [(1, 16), (33, 16), (65, 48), (100, 64), (41, 304), (1000, 32), (5, 608)] {
            let count = rows * channels
            let plain = parameters(rows, channels, type, relu: true)
            let p = parameters(rows, channels, type, relu: true, joined: true, masked: true)
            #expect(withUnsafePointer(to: p) { apus_normalization_supports_mask($0) })
            let maskCount = Int(withUnsafePointer(to: p) { apus_normalization_mask_bytes($0) })
            let x = TestBuffer(type, random.reals(count, 2)), residual = TestBuffer(type, random.reals(count))
            let (g, g2) = (TestBuffer(type, random.reals(count)), TestBuffer(type, random.reals(count)))
            let scale = TestBuffer(APUS_FLOAT32, random.reals(channels))
            let offset = TestBuffer(APUS_FLOAT32, random.reals(channels))
            withEveryISAAndThreadCount {
                let (m, v) = (TestBuffer(APUS_FLOAT32, count: channels), TestBuffer(APUS_FLOAT32, count: channels))
                let moments = TestBuffer(APUS_FLOAT32, count: 2 * channels)
                #expect(runKernel(apus_moments, plain, [x, m, v, scratch(p)]) == 0)
                #expect(runKernel(apus_moments, p, [x, moments, nil, scratch(p)]) == 0)
                expectEqual(moments, m.values + v.values)
                let (y, mask) = (TestBuffer(type, count: count), TestBuffer(APUS_UINT8, count: maskCount))
                #expect(runKernel(apus_batch_norm, p, [x, moments, nil, scale, offset, residual, y, mask]) == 0)
                let (ys, bits) = (y.values, mask.values)
                for i in 0..<count { #expect((ys[i] > 0) == (Int(bits[i / 8]) >> (i % 8) & 1 == 1)) }

                // The same in steps that are known to be right.
                let sum = TestBuffer(type, zip(g.values, g2.values).map { $0 + $1 })
                let known = (0..<3).map {
                    TestBuffer(
                        type == APUS_FLOAT32 ? type : $0 == 0 ? type : APUS_FLOAT32, count: $0 == 0 ? count : channels)
                }
                let knownResidual = TestBuffer(type, count: count)
                #expect(
                    runKernel(
                        apus_batch_norm_gradient, plain,
                        [x, sum, m, v, scale, y, nil, known[0], known[1], known[2], knownResidual, scratch(p)]) == 0)
                let (a, b) = (TestBuffer(type, g.values), TestBuffer(type, g2.values))
                let dx = overwritten == 0 ? TestBuffer(type, count: count) : overwritten == 1 ? a : b
                let dresidual = overwritten == 0 ? TestBuffer(type, count: count) : overwritten == 1 ? b : a
                let sums = TestBuffer(APUS_FLOAT32, count: 2 * channels)
                #expect(
                    runKernel(
                        apus_batch_norm_gradient, p,
                        [x, a, moments, nil, scale, mask, b, dx, sums, nil, dresidual, scratch(p)]) == 0)
                expectEqual(dresidual, knownResidual.values)
                expectEqual(dx, known[0].values, tolerance(type), magnitude: 1)
                expectEqual(sums, known[1].values + known[2].values, 1e-6, magnitude: 1)
                return [y, mask, dx, dresidual, sums]
            }
        }
    }

    /// |mean| much greater than the standard deviation, an outlier first, several parts.
    @Test(arguments: [6, 64], [1e3, 1e5])
    func momentsFarFromZero(channels: Int, shift: Double) {
        var random = TestRandom(15)
        let rows = 9001
        var values = random.reals(rows * channels).map { $0 + shift }
        for c in 0..<channels { values[c] += 500 }
        let x = TestBuffer(APUS_FLOAT32, values), xs = x.values, p = parameters(rows, channels, APUS_FLOAT32)
        let columns = (0..<channels).map { c in (0..<rows).map { xs[$0 * channels + c] } }
        withEveryISAAndThreadCount {
            let m = TestBuffer(APUS_FLOAT32, count: channels), v = TestBuffer(APUS_FLOAT32, count: channels)
            runKernel(apus_moments, p, [x, m, v, scratch(p)])
            expectEqual(m, columns.map(mean), 1e-7)
            expectEqual(v, columns.map(variance), 1e-6)
            return [m, v]
        }
    }

    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16])
    func layerNorm(type: apus_type) {
        var random = TestRandom(16)
        for (rows, channels) in shapes where channels > 1 {
            let p = parameters(rows, channels, type), count = rows * channels
            let x = TestBuffer(type, random.reals(count, 2).map { $0 + 3 }), xs = x.values
            let g = TestBuffer(type, random.reals(count)), gs = g.values
            let scale = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            let offset = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            let scales = scale?.values ?? [Double](repeating: 1, count: channels)
            let offsets = offset?.values ?? [Double](repeating: 0, count: channels)
            let lines = (0..<rows).map { Array(xs[$0 * channels..<($0 + 1) * channels]) }
            let means = lines.map(mean), factors = lines.map { 1 / (variance($0) + 1e-3).squareRoot() }
            let hats = (0..<count).map { (xs[$0] - means[$0 / channels]) * factors[$0 / channels] }
            let want = (0..<count).map { hats[$0] * scales[$0 % channels] + offsets[$0 % channels] }
            let scaled = (0..<count).map { gs[$0] * scales[$0 % channels] }
            var dX: [Double] = []
            for r in 0..<rows {
                let line = r * channels..<(r + 1) * channels
                let a = mean(Array(scaled[line])), b = mean(zip(scaled[line], hats[line]).map(*))
                dX += line.map { factors[r] * (scaled[$0] - a - hats[$0] * b) }
            }
            var dScale = [Double](repeating: 0, count: channels), dOffset = dScale
            for i in 0..<count {
                dScale[i % channels] += gs[i] * hats[i]
                dOffset[i % channels] += gs[i]
            }
            withEveryISAAndThreadCount {
                let y = TestBuffer(type, count: count), m = TestBuffer(APUS_FLOAT32, count: rows)
                let f = TestBuffer(APUS_FLOAT32, count: rows)
                #expect(runKernel(apus_layer_norm, p, [x, scale, offset, y, m, f]) == 0)
                expectEqual(m, means, 1e-6)
                expectEqual(f, factors, 3e-6)
                expectEqual(y, want, 2 * tolerance(type), magnitude: 1)
                let dx = TestBuffer(type, count: count), dscale = TestBuffer(APUS_FLOAT32, count: channels)
                let doffset = TestBuffer(APUS_FLOAT32, count: channels)
                #expect(
                    runKernel(
                        apus_layer_norm_gradient, p,
                        [x, g, scale, m, f, dx, dscale, doffset, scratch(p)]) == 0)
                expectEqual(dx, dX, 3 * tolerance(type), magnitude: 1, "\(rows) \(channels)")
                expectEqual(dscale, dScale, 3e-6, magnitude: 1)
                expectEqual(doffset, dOffset, 3e-6, magnitude: 1)
                return [y, m, f, dx, dscale, doffset]
            }
        }
    }
}
