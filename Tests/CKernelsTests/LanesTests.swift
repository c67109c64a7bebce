import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

@Suite(.serialized) struct LanesTests {
    @Test(arguments: [(1, 1, 1, 1), (16, 4, 4, 1), (17, 3, 5, 3), (33, 7, 1, 17), (128, 5, 5, 2), (3, 1, 2, 33)])
    func packing(n: Int, h: Int, w: Int, c: Int) {
        var random = SeededGenerator(seed: 5)
        let dense = Dense(n, h, w, c) { random.floats($0) }
        let x = Guarded(dense.values.map { Float($0) })
        let images = Guarded((0..<x.count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        var p = apus_lanes_pack_parameters(
            samples: Int64(n), height: Int64(h), width: Int64(w), channels: Int64(c),
            type: Int32(APUS_FLOAT32.rawValue), scale: 2, offset: 0.5)
        everywhere { _ in
            var results: [Memory] = []
            for (source, type, scaled) in [
                (x.start, APUS_FLOAT32, dense.values.map { $0 * 2 + 0.5 }),
                (images.start, APUS_UINT8, images.values.map { Double($0) * 2 + 0.5 }),
            ] {
                p.type = Int32(type.rawValue)
                var expected = dense
                expected.values = scaled
                let lanes = Guarded<Float>(dense.laneCount), back = Guarded<Float>(x.count)
                #expect(call(apus_lanes_pack, [source, lanes.start], p) == 0)
                let inLanes = expected.lanes.map(Double.init)
                #expect(difference(inLanes, lanes.values, size: inLanes.map { abs($0) + 1 }) < 1e-6)
                #expect(call(apus_lanes_unpack, [lanes.start, back.start], p) == 0)
                #expect(difference(scaled, back.values, size: scaled.map { abs($0) + 1 }) < 1e-6)
                #expect(lanes.isIntact && back.isIntact)
                results += [lanes, back]
            }
            return results
        }
        p.type = Int32(APUS_INT64.rawValue)
        #expect(call(apus_lanes_pack, [x.start, x.start], p) != 0)
    }

    @Test func lenet() {
        LanesConvolution(
            19, 1, 6, (28, 28), (5, 5), pad: (2, 2, 2, 2), relu: true, pool: true,
            exact: true
        ).check(tolerance: 0)
        LanesConvolution(35, 6, 16, (14, 14), (5, 5), relu: true, pool: true, exact: true).check(tolerance: 0)
    }

    @Test(arguments: [false, true], [false, true]) func oddShapes(relu: Bool, pool: Bool) {
        for (n, i, o, size, kernel, pad) in [
            (1, 1, 1, (3, 3), (3, 3), (0, 0, 0, 0)),
            (3, 3, 5, (7, 11), (3, 3), (1, 1, 1, 1)),
            (17, 2, 7, (9, 6), (1, 1), (0, 0, 0, 0)),
            (16, 7, 3, (6, 13), (2, 4), (1, 0, 0, 2)),
            (33, 1, 2, (17, 19), (3, 2), (0, 3, 1, 0)),
            (2, 5, 13, (8, 9), (7, 6), (3, 2, 3, 3)),
            (1, 2, 3, (13, 12), (11, 11), (5, 5, 5, 5)),
            (5, 32, 31, (4, 5), (3, 3), (1, 1, 1, 1)),
            (4, 11, 1, (5, 17), (1, 1), (2, 1, 0, 3)),
            (2, 1, 4, (2, 2), (5, 5), (4, 4, 4, 4)),
        ] {
            LanesConvolution(n, i, o, size, kernel, pad: pad, relu: relu, pool: pool, exact: true).check(tolerance: 0)
        }
    }

    @Test func manyBlocksAndReals() {
        LanesConvolution(
            150, 3, 4, (6, 6), (3, 3), pad: (1, 1, 1, 1), relu: false, pool: false,
            exact: true
        ).check(tolerance: 0)
        LanesConvolution(40, 6, 9, (12, 10), (5, 5), relu: false, pool: false, exact: false).check(tolerance: 1e-6)
        LanesConvolution(
            20, 8, 8, (9, 9), (3, 3), pad: (1, 1, 1, 1), relu: true, pool: true,
            exact: false
        ).check(tolerance: 1e-6)
    }

    @Test(arguments: [false, true], [false, true]) func nanPassesThrough(relu: Bool, pool: Bool) {
        LanesConvolution(
            18, 2, 4, (8, 8), (3, 3), pad: (1, 1, 1, 1), relu: relu, pool: pool, exact: true,
            nan: true
        ).check(tolerance: 0)
    }

    @Test func missingMasksAreRefused() {
        let case0 = LanesConvolution(1, 1, 1, (4, 4), (3, 3), relu: true, pool: false, exact: true)
        #expect(call(apus_lanes_convolution_gradient, Array(repeating: nil, count: 8), case0.parameters) != 0)
    }

    @Test(arguments: [
        (2, 2, 2, 2, 0, 0, 0, 0), (3, 3, 2, 2, 1, 1, 1, 1), (3, 2, 1, 3, 0, 1, 2, 0), (1, 1, 1, 1, 0, 0, 0, 0),
        (
            5, 7,
            5, 7, 0, 0, 0, 0
        ),
    ])
    func pooling(wh: Int, ww: Int, sh: Int, sw: Int, top: Int, left: Int, bottom: Int, right: Int) {
        var random = SeededGenerator(seed: 11)
        for (n, c, h, w) in [(17, 3, 7, 9), (1, 1, 5, 7), (32, 5, 8, 11)] {
            let x = Dense(n, h, w, c) { random.smallIntegers($0, 3) }
            let rows = (h + top + bottom - wh) / sh + 1, columns = (w + left + right - ww) / sw + 1
            let g = Dense(n, rows, columns, c) { random.smallIntegers($0, 3) }
            for countPadding in [false, true] {
                var maximum = g, mean = g
                var maximumGradient = Dense(n, h, w, c), meanGradient = Dense(n, h, w, c)
                for s in 0..<n {
                    for r in 0..<rows {
                        for v in 0..<columns {
                            for k in 0..<c {
                                var places: [(Int, Int)] = []
                                for y in 0..<wh {
                                    for z in 0..<ww {
                                        let (row, column) = (r * sh + y - top, v * sw + z - left)
                                        if row >= 0, row < h, column >= 0, column < w { places.append((row, column)) }
                                    }
                                }
                                let values = places.map { x[s, $0.0, $0.1, k] }
                                let largest = values.max()!, divisor = Double(countPadding ? wh * ww : places.count)
                                let first = places[values.firstIndex(of: largest)!]
                                maximum[s, r, v, k] = largest
                                mean[s, r, v, k] = values.reduce(0, +) / divisor
                                maximumGradient[s, first.0, first.1, k] += g[s, r, v, k]
                                for place in places { meanGradient[s, place.0, place.1, k] += g[s, r, v, k] / divisor }
                            }
                        }
                    }
                }
                let p = apus_lanes_pool_parameters(
                    samples: Int64(n), channels: Int64(c), height: Int64(h), width: Int64(w), window_height: Int64(wh),
                    window_width: Int64(ww), stride_height: Int64(sh), stride_width: Int64(sw), pad_top: Int64(top),
                    pad_left: Int64(left), pad_bottom: Int64(bottom), pad_right: Int64(right),
                    count_padding: countPadding ? 1 : 0)
                let (xs, gs) = (Guarded(x.lanes), Guarded(g.lanes))
                everywhere { _ in
                    let (y, z) = (Guarded<Float>(g.laneCount), Guarded<Float>(g.laneCount))
                    let (dy, dz) = (Guarded<Float>(x.laneCount), Guarded<Float>(x.laneCount))
                    #expect(call(apus_lanes_max_pool, [xs.start, y.start], p) == 0)
                    #expect(call(apus_lanes_max_pool_gradient, [xs.start, gs.start, dy.start], p) == 0)
                    #expect(call(apus_lanes_average_pool, [xs.start, z.start], p) == 0)
                    #expect(call(apus_lanes_average_pool_gradient, [gs.start, dz.start], p) == 0)
                    let (one, ones) = (g.values.map { _ in 1.0 }, x.values.map { _ in 1.0 })
                    #expect(maximum.difference(y.values, size: one) == 0)
                    #expect(maximumGradient.difference(dy.values, size: ones) == 0)
                    // Means of numbers up to 3, and at most their shares.
                    #expect(mean.difference(z.values, size: one) < 1e-6)
                    #expect(meanGradient.difference(dz.values, size: ones) < 1e-6)
                    #expect(y.isIntact && z.isIntact && dy.isIntact && dz.isIntact)
                    return [bits(y.values), bits(dy.values), bits(z.values), bits(dz.values)]
                }
            }
        }
    }
}
