import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

@Suite(.serialized)
struct PoolTests {
    @Test(arguments: floatTypes)
    func everyPool(type: apus_type) {
        var random = SeededGenerator(seed: 12)
        for round in 0..<40 {
            let n = round == 39 ? 17 : random.pick([1, 2, 3])
            let h = Int.random(in: 2...9, using: &random), w = Int.random(in: 2...9, using: &random)
            let c = round == 38 ? 200 : random.pick([1, 2, 6, 16, 17, 33])
            let window = (random.pick([1, 2, 2, 3]), random.pick([1, 2, 2, 3]))
            let stride = (random.pick([1, 2, 3]), random.pick([1, 2, 3]))
            func pad(_ window: Int) -> Int { Int.random(in: 0..<window, using: &random) }
            let top = pad(window.0), bottom = pad(window.0), left = pad(window.1), right = pad(window.1)
            let p = apus_pool_parameters(
                samples: Int64(n), height: Int64(h), width: Int64(w), channels: Int64(c),
                window_height: Int64(window.0), window_width: Int64(window.1), stride_height: Int64(stride.0),
                stride_width: Int64(stride.1), pad_top: Int64(top), pad_left: Int64(left), pad_bottom: Int64(bottom),
                pad_right: Int64(right), type: Int64(type.rawValue), count_padding: Int64(round % 2))
            let oh = h + top + bottom < window.0 ? 0 : (h + top + bottom - window.0) / stride.0 + 1
            let ow = w + left + right < window.1 ? 0 : (w + left + right - window.1) / stride.1 + 1
            #expect(withUnsafePointer(to: p) { Int(apus_pool_height($0)) } == oh)
            #expect(withUnsafePointer(to: p) { Int(apus_pool_width($0)) } == ow)

            // Few values, so that there are ties; a NaN at times.
            var values = random.integers(n * h * w * c, -2..<3)
            let plain = TestBuffer(type, values), plainValues = plain.values
            if round % 4 == 0 { for i in Swift.stride(from: 0, to: values.count, by: 11) { values[i] = .nan } }
            let x = TestBuffer(type, values), v = TestBuffer(type, random.reals(values.count))
            let g = TestBuffer(type, random.reals(n * oh * ow * c))
            let vs = v.values, gs = g.values
            var maxima: [Double] = [], chosen: [Double] = [], averages: [Double] = []
            var positions: [UInt8] = []
            var maxGradient = [Double](repeating: 0, count: values.count), averageGradient = maxGradient
            // Without signs.
            var averageSizes: [Double] = [], maxGradientSizes = maxGradient, averageGradientSizes = maxGradient
            for at in 0..<n * oh * ow * c {
                let channel = at % c, column = at / c % ow, row = at / c / ow % oh, sample = at / c / ow / oh
                var places: [Int] = []
                for i in max(0, row * stride.0 - top)..<min(h, row * stride.0 - top + window.0) {
                    for j in max(0, column * stride.1 - left)..<min(w, column * stride.1 - left + window.1) {
                        places.append(((sample * h + i) * w + j) * c + channel)
                    }
                }
                var best = places[0]
                for place in places where !values[best].isNaN && (values[place] > values[best] || values[place].isNaN) {
                    best = place
                }
                maxima.append(values[best])
                let place = best / c % (h * w)
                let (i, j) = (place / w - (row * stride.0 - top), place % w - (column * stride.1 - left))
                positions.append(UInt8(i * window.1 + j))
                chosen.append(vs[best])
                maxGradient[best] += gs[at]
                maxGradientSizes[best] += abs(gs[at])
                let divisor = Double(round % 2 == 1 ? window.0 * window.1 : places.count)
                averages.append(places.map { plainValues[$0] }.reduce(0, +) / divisor)
                averageSizes.append(places.map { abs(plainValues[$0]) }.reduce(0, +) / divisor)
                for place in places {
                    averageGradient[place] += gs[at] / divisor
                    averageGradientSizes[place] += abs(gs[at]) / divisor
                }
            }
            everywhere { _ in
                let scratch = TestBuffer(
                    APUS_UINT8,
                    count: Int(
                        withUnsafePointer(to: p) {
                            apus_pool_gradient_scratch_bytes($0)
                        }))
                let results = [g.count, g.count, x.count, g.count, x.count].map { TestBuffer(type, count: $0) }
                #expect(runKernel(apus_max_pool, p, [x, results[0]]) == 0)
                #expect(runKernel(apus_max_pool_select, p, [x, v, results[1]]) == 0)
                #expect(runKernel(apus_max_pool_gradient, p, [x, g, results[2], scratch]) == 0)
                #expect(runKernel(apus_average_pool, p, [plain, results[3]]) == 0)
                #expect(runKernel(apus_average_pool_gradient, p, [g, results[4], scratch]) == 0)
                let indexed = TestBuffer(type, count: g.count), indices = TestBuffer(APUS_UINT8, count: g.count)
                let gradient = TestBuffer(type, count: x.count)
                #expect(runKernel(apus_max_pool_indexed, p, [x, indexed, indices]) == 0)
                #expect(runKernel(apus_max_pool_indexed_gradient, p, [g, indices, gradient]) == 0)
                expectEqual(indexed, maxima, 0, "maximum")
                #expect(indices.content == positions)
                #expect(gradient.content == results[2].content)
                expectEqual(results[0], maxima, 0, "maximum")
                expectEqual(results[1], chosen, 0, "select")
                expectEqual(results[2], maxGradient, tolerance(type), size: maxGradientSizes, "gradient of the maximum")
                expectEqual(results[3], averages, tolerance(type), size: averageSizes, "average")
                expectEqual(
                    results[4], averageGradient, tolerance(type), size: averageGradientSizes, "gradient of the average")
                return results + [indexed, indices, gradient]
            }
        }
    }

    /// Positions are bytes.
    @Test func largestWindow() {
        var p = apus_pool_parameters(
            samples: 1, height: 16, width: 16, channels: 1, window_height: 16, window_width: 16, stride_height: 16,
            stride_width: 16, pad_top: 0, pad_left: 0, pad_bottom: 0, pad_right: 0, type: 0, count_padding: 0)
        let x = TestBuffer(APUS_FLOAT32, (0..<256).map(Double.init)), g = TestBuffer(APUS_FLOAT32, [3])
        everywhere { _ in
            let y = TestBuffer(APUS_FLOAT32, count: 1), indices = TestBuffer(APUS_UINT8, count: 1)
            let dx = TestBuffer(APUS_FLOAT32, count: 256)
            #expect(runKernel(apus_max_pool_indexed, p, [x, y, indices]) == 0)
            #expect(runKernel(apus_max_pool_indexed_gradient, p, [g, indices, dx]) == 0)
            #expect(indices.content == [255] && y.values == [255] && dx.values == (0..<256).map { $0 == 255 ? 3 : 0 })
            return [dx]
        }
        p.window_height = 17
        p.pad_top = 1
        #expect(runKernel(apus_max_pool_indexed, p, [x, nil, nil]) == 3)
        #expect(runKernel(apus_max_pool_indexed_gradient, p, [g, nil, nil]) == 3)
    }

    /// Large enough for threads.
    @Test(arguments: [(2, 2, 0), (3, 2, 1), (3, 1, 1)])
    func threads(window: Int, stride: Int, padding: Int) {
        var random = SeededGenerator(seed: 13)
        let p = apus_pool_parameters(
            samples: 3, height: 24, width: 25, channels: 70, window_height: Int64(window), window_width: Int64(window),
            stride_height: Int64(stride), stride_width: Int64(stride), pad_top: Int64(padding),
            pad_left: Int64(padding), pad_bottom: Int64(padding), pad_right: Int64(padding), type: 0, count_padding: 0)
        let x = TestBuffer(APUS_FLOAT32, random.reals(3 * 24 * 25 * 70))
        let count = withUnsafePointer(to: p) { Int(3 * apus_pool_height($0) * apus_pool_width($0) * 70) }
        everywhere { _ in
            let y = TestBuffer(APUS_FLOAT32, count: count), select = TestBuffer(APUS_FLOAT32, count: count)
            let dx = TestBuffer(APUS_FLOAT32, count: x.count), average = TestBuffer(APUS_FLOAT32, count: x.count)
            runKernel(apus_max_pool, p, [x, y])
            runKernel(apus_max_pool_select, p, [x, x, select])
            #expect(y.content == select.content)
            runKernel(apus_max_pool_gradient, p, [x, y, dx, nil])
            runKernel(apus_average_pool_gradient, p, [y, average, nil])
            let indexed = TestBuffer(APUS_FLOAT32, count: count), indices = TestBuffer(APUS_UINT8, count: count)
            let again = TestBuffer(APUS_FLOAT32, count: x.count)
            runKernel(apus_max_pool_indexed, p, [x, indexed, indices])
            runKernel(apus_max_pool_indexed_gradient, p, [y, indices, again])
            #expect(indexed.content == y.content && again.content == dx.content)
            // Every gradient arrives somewhere.
            let sum = y.values.reduce(0, +)
            #expect(abs(dx.values.reduce(0, +) - sum) < 1e-5 * abs(sum))
            #expect(abs(average.values.reduce(0, +) - sum) < 1e-5 * abs(sum))
            return [y, dx, average, indices]
        }
    }
}
