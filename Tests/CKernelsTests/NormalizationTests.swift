import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

@Suite(.serialized)
struct NormalizationTests {
    private let shapes = [
        (1, 1), (2, 3), (17, 6), (33, 16), (65, 17), (100, 64), (40, 300), (1000, 10), (900, 70),
        (5, 600), (67, 32), (701, 48), (70, 128), (34, 272),
    ]

    private func parameters(
        _ rows: Int, _ channels: Int, _ type: apus_type,
        relu: Bool = false, joined: Bool = false, masked: Bool = false
    ) -> apus_normalization_parameters {
        apus_normalization_parameters(
            rows: Int64(rows), channels: Int64(channels), type: Int64(type.rawValue), epsilon: 1e-3, relu: relu ? 1 : 0,
            joined: joined ? 1 : 0, masked: masked ? 1 : 0)
    }

    private func scratch(_ p: apus_normalization_parameters) -> TestBuffer {
        TestBuffer(APUS_UINT8, count: Int(withUnsafePointer(to: p) { apus_normalization_scratch_bytes($0) }))
    }

    private func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }

    private func variance(_ x: [Double]) -> Double {
        let m = mean(x)
        return mean(x.map { ($0 - m) * ($0 - m) })
    }

    /// What batch norm does, in float64, with the statistics of x.
    private struct Reference {
        let rows, channels: Int
        var x, scale, offset, residual: [Double]
        var means: [Double] = [], variances: [Double] = [], factors: [Double] = [], hats: [Double] = []
        /// The size of what variances and results are sums of.
        var squares: [Double] = [], sizes: [Double] = []

        init(
            _ rows: Int, _ channels: Int, x: TestBuffer, scale: TestBuffer?, offset: TestBuffer?, residual: TestBuffer?
        ) {
            (self.rows, self.channels, self.x) = (rows, channels, x.values)
            self.scale = scale?.values ?? [Double](repeating: 1, count: channels)
            self.offset = offset?.values ?? [Double](repeating: 0, count: channels)
            self.residual = residual?.values ?? [Double](repeating: 0, count: rows * channels)
            for c in 0..<channels {
                let column = self.column(self.x, c)
                let m = column.reduce(0, +) / Double(rows)
                means.append(m)
                variances.append(column.map { ($0 - m) * ($0 - m) }.reduce(0, +) / Double(rows))
            }
            squares = variances.indices.map { variances[$0] + means[$0] * means[$0] * 1e-3 }
            factors = variances.map { 1 / ($0 + 1e-3).squareRoot() }
            hats = (0..<rows * channels).map { (self.x[$0] - means[$0 % channels]) * factors[$0 % channels] }
            sizes = (0..<rows * channels).map { i in
                let c = i % channels
                return (abs(self.x[i]) + abs(means[c])) * factors[c] * abs(self.scale[c]) + abs(self.offset[c])
                    + abs(self.residual[i])
            }
        }

        func column(_ values: [Double], _ c: Int) -> [Double] { (0..<rows).map { values[$0 * channels + c] } }

        func result(relu: Bool) -> [Double] {
            (0..<rows * channels).map { i in
                let y = hats[i] * scale[i % channels] + offset[i % channels] + residual[i]
                return relu ? max(y, 0) : y
            }
        }

        /// Of the gradient d: dx, dscale, doffset.
        func gradients(_ d: [Double]) -> (dx: [Double], dscale: [Double], doffset: [Double]) {
            let n = Double(rows)
            let doffset = (0..<channels).map { column(d, $0).reduce(0, +) }
            let products = zip(d, hats).map(*)
            let dscale = (0..<channels).map { column(products, $0).reduce(0, +) }
            let dx = (0..<rows * channels).map { i in
                let c = i % channels
                return scale[c] * factors[c] * (d[i] - doffset[c] / n - hats[i] * dscale[c] / n)
            }
            return (dx, dscale, doffset)
        }

        /// The same sums without signs.
        func gradientSizes(_ d: [Double]) -> (dx: [Double], dscale: [Double], doffset: [Double]) {
            let n = Double(rows)
            // A normalized value is as exact as what it is the difference of.
            let reach = (0..<rows * channels).map { (abs(x[$0]) + abs(means[$0 % channels])) * factors[$0 % channels] }
            let doffset = (0..<channels).map { column(d.map(abs), $0).reduce(0, +) }
            let products = zip(d, reach).map { abs($0 * $1) }
            let dscale = (0..<channels).map { column(products, $0).reduce(0, +) }
            let dx = (0..<rows * channels).map { i in
                let c = i % channels
                return abs(scale[c] * factors[c]) * (abs(d[i]) + doffset[c] / n + reach[i] * dscale[c] / n)
            }
            return (dx, dscale, doffset)
        }
    }

    private func copy(_ buffer: TestBuffer) -> TestBuffer { TestBuffer(buffer.type, buffer.values) }

    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16], [false, true])
    func batchNorm(type: apus_type, relu: Bool) {
        var random = SeededGenerator(seed: 14)
        for (round, (rows, channels)) in shapes.enumerated() {
            let joined = round % 2 == 0, masked = relu && channels % 16 == 0 && round % 3 != 0
            let p = parameters(rows, channels, type, relu: relu, joined: joined, masked: masked)
            let count = rows * channels
            #expect(withUnsafePointer(to: p) { apus_normalization_supports_mask($0) } == (channels % 16 == 0))
            let x = TestBuffer(type, random.reals(count, 2).map { $0 + 3 })
            let g = TestBuffer(type, random.reals(count)), g2 = TestBuffer(type, random.reals(count))
            let residual = random.pick([true, false]) ? TestBuffer(type, random.reals(count)) : nil
            let scale = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            let offset = random.pick([true, false]) ? TestBuffer(APUS_FLOAT32, random.reals(channels)) : nil
            let reference = Reference(rows, channels, x: x, scale: scale, offset: offset, residual: residual)
            let want = reference.result(relu: relu)
            let both = zip(g.values, g2.values).map(+), one = g.values
            // By variant: d and what it gives. The same for every instruction set, unless a y is almost 0.
            typealias Gradients = (dx: [Double], dscale: [Double], doffset: [Double])
            var known: [Int: (open: [Bool], d: [Double], gradients: Gradients, sizes: Gradients)] = [:]
            everywhere { _ in
                let scratch = scratch(p)
                let m = TestBuffer(APUS_FLOAT32, count: joined ? 2 * channels : channels)
                let v = joined ? nil : TestBuffer(APUS_FLOAT32, count: channels)
                #expect(runKernel(apus_moments, p, [x, m, v, scratch]) == 0)
                if let v {
                    expectEqual(m, reference.means, 1e-6)
                    expectEqual(v, reference.variances, 1e-6, size: reference.squares)
                } else {
                    expectEqual(
                        m, reference.means + reference.variances, 1e-6, size: reference.means + reference.squares)
                }
                let y = TestBuffer(type, count: count)
                let mask =
                    masked
                    ? TestBuffer(APUS_UINT8, count: withUnsafePointer(to: p) { Int(apus_normalization_mask_bytes($0)) })
                    : nil
                #expect(runKernel(apus_batch_norm, p, [x, m, v, scale, offset, residual, y, mask]) == 0)
                expectEqual(y, want, 2 * tolerance(type), size: reference.sizes, "\(rows) \(channels)")
                let open = y.values.map { !relu || $0 > 0 }
                if let mask {
                    let bits = mask.content
                    #expect((0..<count).allSatisfy { (bits[$0 / 8] >> ($0 % 8) & 1 == 1) == open[$0] })
                }
                let gate = masked ? mask : y
                var results = [m, v, y, mask].compactMap { $0 }

                // With and without a second gradient, with and without dresidual, and with results in place.
                for variant in count < 32768 ? Array(0..<8) : [0, 3, 5, 6] {
                    let second = variant & 1 == 1, wantsResidual = variant & 2 == 2, inPlace = variant & 4 == 4
                    let g = copy(g), h = second ? copy(g2) : nil, x = copy(x)
                    let dresidual = !wantsResidual ? nil : inPlace ? (second ? h! : g) : TestBuffer(type, count: count)
                    let dx = inPlace ? (wantsResidual ? (second ? g : x) : h ?? g) : TestBuffer(type, count: count)
                    let dscale = TestBuffer(APUS_FLOAT32, count: joined ? 2 * channels : channels)
                    let doffset = joined ? nil : TestBuffer(APUS_FLOAT32, count: channels)
                    #expect(
                        runKernel(
                            apus_batch_norm_gradient, p,
                            [x, g, m, v, scale, relu ? gate : nil, h, dx, dscale, doffset, dresidual, scratch]) == 0)
                    if known[variant & 3]?.open != open {
                        let exact = zip(second ? both : one, open).map { $1 ? $0 : 0 }
                        // Rounded as the kernel stores it.
                        let d = wantsResidual ? TestBuffer(type, exact).values : exact
                        known[variant & 3] = (open, d, reference.gradients(d), reference.gradientSizes(d))
                    }
                    let (_, d, (dX, dScale, dOffset), sizes) = known[variant & 3]!
                    let what = "\(rows) \(channels) variant \(variant)"
                    if let dresidual { expectEqual(dresidual, d, tolerance(APUS_FLOAT32), what) }
                    if let doffset {
                        expectEqual(doffset, dOffset, 3e-6, size: sizes.doffset, what)
                        expectEqual(dscale, dScale, 3e-6, size: sizes.dscale, what)
                    } else {
                        expectEqual(dscale, dScale + dOffset, 3e-6, size: sizes.dscale + sizes.doffset, what)
                    }
                    expectEqual(dx, dX, 3 * tolerance(type), size: sizes.dx, what)
                    results += [dx, dscale] + [doffset, dresidual].compactMap { $0 }
                    if variant < 4 {
                        // The sums alone.
                        let again = TestBuffer(APUS_FLOAT32, count: dscale.count)
                        let rest = joined ? nil : TestBuffer(APUS_FLOAT32, count: channels)
                        runKernel(
                            apus_batch_norm_gradient, p,
                            [
                                x, g, m, v, scale, relu ? gate : nil, h, nil, again, rest,
                                dresidual == nil ? nil : TestBuffer(type, count: count), scratch,
                            ])
                        #expect(again.content == dscale.content && rest?.content == doffset?.content)
                    }
                }
                return results
            }
        }
    }

    /// A mask agrees with what is stored: values that bfloat16 rounds to 0, zeros of both signs, NaN, infinity.
    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16])
    func maskOfSpecialValues(type: apus_type) {
        let rows = 4, channels = 32, count = rows * channels
        let odd: [Double] = [
            0, -0.0, 1, -1, .nan, .infinity, -.infinity, 0x1p-133, 0x1p-126, -0x1p-133, 3e38, -3e38, 1e-30,
        ]
        let x = TestBuffer(type, [Double](repeating: 0, count: count))
        let residual = TestBuffer(type, (0..<count).map { odd[$0 % odd.count] })
        // Added to the residual: halves and quarters of the least bfloat16.
        let offset = TestBuffer(
            APUS_FLOAT32, (0..<channels).map { [0, 0x1p-134, 0x1p-135, -0x1p-134, 0x1.8p-134, 0x1p-149][$0 % 6] })
        let m = TestBuffer(APUS_FLOAT32, [Double](repeating: 0, count: channels))
        let v = TestBuffer(APUS_FLOAT32, [Double](repeating: 1, count: channels))
        let p = parameters(rows, channels, type, relu: true, masked: true)
        everywhere { _ in
            let y = TestBuffer(type, count: count), mask = TestBuffer(APUS_UINT8, count: count / 8)
            #expect(runKernel(apus_batch_norm, p, [x, m, v, nil, offset, residual, y, mask]) == 0)
            let ys = y.values, bits = mask.content
            #expect((0..<count).allSatisfy { (bits[$0 / 8] >> ($0 % 8) & 1 == 1) == (ys[$0] > 0) })
            #expect(ys.contains { $0.isNaN } && ys.contains(.infinity))
            return [y, mask]
        }
        let narrow = parameters(rows, 24, type, relu: true, masked: true)
        let y = TestBuffer(type, count: rows * 24), mask = TestBuffer(APUS_UINT8, count: rows * 3)
        #expect(runKernel(apus_batch_norm, narrow, [x, m, v, nil, offset, residual, y, mask]) == 3)
    }

    /// |mean| much greater than the standard deviation, an outlier first, several parts.
    @Test(arguments: [6, 64], [1e3, 1e5])
    func momentsFarFromZero(channels: Int, shift: Double) {
        var random = SeededGenerator(seed: 15)
        let rows = 9001
        var values = random.reals(rows * channels).map { $0 + shift }
        for c in 0..<channels { values[c] += 500 }
        let x = TestBuffer(APUS_FLOAT32, values), xs = x.values, p = parameters(rows, channels, APUS_FLOAT32)
        let columns = (0..<channels).map { c in (0..<rows).map { xs[$0 * channels + c] } }
        everywhere { _ in
            let m = TestBuffer(APUS_FLOAT32, count: channels), v = TestBuffer(APUS_FLOAT32, count: channels)
            runKernel(apus_moments, p, [x, m, v, scratch(p)])
            expectEqual(m, columns.map(mean), 1e-7)
            expectEqual(v, columns.map(variance), 1e-6)
            return [m, v]
        }
    }

    @Test(arguments: [APUS_FLOAT32, APUS_BFLOAT16])
    func layerNorm(type: apus_type) {
        var random = SeededGenerator(seed: 16)
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
            // Without signs; a normalized value is as exact as what it is the difference of.
            let reach = (0..<count).map { (abs(xs[$0]) + abs(means[$0 / channels])) * factors[$0 / channels] }
            let sizes = (0..<count).map { reach[$0] * abs(scales[$0 % channels]) + abs(offsets[$0 % channels]) }
            var dX: [Double] = [], sizeX: [Double] = []
            for r in 0..<rows {
                let line = r * channels..<(r + 1) * channels
                let a = mean(Array(scaled[line])), b = mean(zip(scaled[line], hats[line]).map(*))
                dX += line.map { factors[r] * (scaled[$0] - a - hats[$0] * b) }
                let sizeA = mean(scaled[line].map(abs)),
                    sizeB = mean(zip(scaled[line], reach[line]).map { abs($0 * $1) })
                sizeX += line.map { factors[r] * (abs(scaled[$0]) + sizeA + reach[$0] * sizeB) }
            }
            var dScale = [Double](repeating: 0, count: channels), dOffset = dScale, sizeScale = dScale,
                sizeOffset = dScale
            for i in 0..<count {
                sizeScale[i % channels] += abs(gs[i] * reach[i])
                sizeOffset[i % channels] += abs(gs[i])
                dScale[i % channels] += gs[i] * hats[i]
                dOffset[i % channels] += gs[i]
            }
            everywhere { _ in
                let y = TestBuffer(type, count: count), m = TestBuffer(APUS_FLOAT32, count: rows)
                let f = TestBuffer(APUS_FLOAT32, count: rows)
                #expect(runKernel(apus_layer_norm, p, [x, scale, offset, y, m, f]) == 0)
                expectEqual(m, means, 1e-6)
                expectEqual(f, factors, 3e-6)
                expectEqual(y, want, 2 * tolerance(type), size: sizes)
                let dx = TestBuffer(type, count: count), dscale = TestBuffer(APUS_FLOAT32, count: channels)
                let doffset = TestBuffer(APUS_FLOAT32, count: channels)
                #expect(
                    runKernel(
                        apus_layer_norm_gradient, p,
                        [x, g, scale, m, f, dx, dscale, doffset, scratch(p)]) == 0)
                expectEqual(dx, dX, 3 * tolerance(type), size: sizeX, "\(rows) \(channels)")
                expectEqual(dscale, dScale, 3e-6, size: sizeScale)
                expectEqual(doffset, dOffset, 3e-6, size: sizeOffset)
                return [y, m, f, dx, dscale, doffset]
            }
        }
    }
}
