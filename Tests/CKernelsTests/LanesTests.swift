import CKernels
import Testing

/// Memory with exactly `count` elements and a guard behind them, which must survive.
private final class Guarded<Element> {
    let memory: UnsafeMutableRawBufferPointer
    let count: Int
    private let used: Int

    init(_ count: Int) {
        self.count = count
        used = count * MemoryLayout<Element>.stride
        memory = .allocate(byteCount: used + 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xFF)  // NaN as Float
    }

    convenience init(_ values: [Element]) {
        self.init(values.count)
        values.withUnsafeBytes { memory.copyMemory(from: UnsafeRawBufferPointer($0)) }
    }

    deinit { memory.deallocate() }

    var address: UnsafeMutableRawPointer { memory.baseAddress! }
    var values: [Element] { Array(memory.bindMemory(to: Element.self).prefix(count)) }
    var intact: Bool { memory[used..<used + 64].allSatisfy { $0 == 0xFF } }
}

private typealias Kernel = (UnsafePointer<UnsafeMutableRawPointer?>?, UnsafeRawPointer?) -> Int32

private func call<Parameters>(
    _ kernel: Kernel, _ buffers: [UnsafeMutableRawPointer?],
    _ parameters: Parameters
) -> Int32 {
    withUnsafePointer(to: parameters) { pointer in buffers.withUnsafeBufferPointer { kernel($0.baseAddress, pointer) } }
}

/// Runs `check` with every instruction set, on one thread and on two; `check` returns results whose bits must not
/// depend on the number of threads.
private func everywhere(_ check: () -> [[UInt32]]) {
    kernelLock.lock()
    defer {
        apus_set_isa(APUS_ISA_AVX512)
        apus_set_own_thread_count(0)
        kernelLock.unlock()
    }
    for isa in [APUS_ISA_BASELINE, APUS_ISA_AVX2, APUS_ISA_AVX512] {
        apus_set_isa(isa)
        var results: [[[UInt32]]] = []
        for threads in [1, 2, 3] {
            apus_set_own_thread_count(Int32(threads))
            results.append(check())
        }
        #expect(results[0] == results[1], "bits depend on threads, instruction set \(isa.rawValue)")
        #expect(results[0] == results[2], "bits depend on threads, instruction set \(isa.rawValue)")
    }
}

private struct Random {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
    /// Small integers: float32 arithmetic on them is exact, and ties are frequent.
    mutating func integers(_ count: Int, _ bound: Int) -> [Float] {
        (0..<count).map { _ in Float(Int(next() % UInt64(2 * bound + 1)) - bound) }
    }
    mutating func reals(_ count: Int) -> [Float] { (0..<count).map { _ in Float(next() % 2001) / 1000 - 1 } }
}

/// A tensor in the dense layout `[samples][height][width][channels]`.
private struct Dense {
    var samples, height, width, channels: Int
    var values: [Double]

    init(_ samples: Int, _ height: Int, _ width: Int, _ channels: Int) {
        (self.samples, self.height, self.width, self.channels) = (samples, height, width, channels)
        values = Array(repeating: 0, count: samples * height * width * channels)
    }

    init(_ samples: Int, _ height: Int, _ width: Int, _ channels: Int, _ make: (Int) -> [Float]) {
        self.init(samples, height, width, channels)
        values = make(values.count).map(Double.init)
    }

    func index(_ n: Int, _ h: Int, _ w: Int, _ c: Int) -> Int { ((n * height + h) * width + w) * channels + c }
    subscript(_ n: Int, _ h: Int, _ w: Int, _ c: Int) -> Double {
        get { values[index(n, h, w, c)] }
        set { values[index(n, h, w, c)] = newValue }
    }

    func lane(_ n: Int, _ h: Int, _ w: Int, _ c: Int) -> Int {
        ((((n / 16) * channels + c) * height + h) * width + w) * 16 + n % 16
    }
    var laneCount: Int { (samples + 15) / 16 * 16 * height * width * channels }

    private func forEach(_ body: (Int, Int) -> Void) {
        for n in 0..<samples {
            for h in 0..<height {
                for w in 0..<width {
                    for c in 0..<channels {
                        body(index(n, h, w, c), lane(n, h, w, c))
                    }
                }
            }
        }
    }

    var lanes: [Float] {
        var result = [Float](repeating: 0, count: laneCount)
        forEach { result[$1] = Float(values[$0]) }
        return result
    }

    /// The largest difference to a tensor in lanes, relative to the largest value; infinite if a NaN differs.
    func difference(_ lanes: [Float]) -> Double {
        var largest = 0.0
        forEach {
            let error = abs(values[$0] - Double(lanes[$1]))
            largest = max(largest, error.isNaN ? (values[$0].isNaN && lanes[$1].isNaN ? 0 : .infinity) : error)
        }
        return relative(largest, values)
    }
}

private func relative(_ error: Double, _ values: [Double]) -> Double {
    error / max(1, values.lazy.filter { !$0.isNaN }.map { abs($0) }.max() ?? 1)
}

private func difference(_ values: [Double], _ others: [Float]) -> Double {
    relative(zip(values, others).map { $1.isNaN ? .infinity : abs($0 - Double($1)) }.max() ?? 0, values)
}

private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// One convolution and its plain reference.
private struct Convolution {
    var parameters: apus_lanes_convolution_parameters
    var x, result, g, dx: Dense
    var w, bias: [Float]
    /// For each result element in dense order, the positions of the window that get the gradient: one or none.
    var chosen: [Int?]
    var dw, db: [Double]

    init(
        _ n: Int, _ inputs: Int, _ outputs: Int, _ size: (Int, Int), _ kernel: (Int, Int),
        pad: (Int, Int, Int, Int) = (0, 0, 0, 0), relu: Bool, pool: Bool, exact: Bool, nan: Bool = false
    ) {
        var random = Random(state: UInt64(n * 7919 + inputs * 104_729 + outputs * 31 + size.0 * 17 + kernel.1))
        let make: (Int) -> [Float] = { exact ? random.integers($0, 2) : random.reals($0) }
        x = Dense(n, size.0, size.1, inputs, make)
        w = make(kernel.0 * kernel.1 * inputs * outputs)
        bias = make(outputs)
        let (top, left, bottom, right) = pad
        parameters = .init(
            samples: Int64(n), channels_in: Int64(inputs), channels_out: Int64(outputs), height: Int64(size.0),
            width: Int64(size.1),
            kernel_height: Int64(kernel.0), kernel_width: Int64(kernel.1), pad_top: Int64(top), pad_left: Int64(left),
            pad_bottom: Int64(bottom), pad_right: Int64(right), relu: relu ? 1 : 0, pool: pool ? 1 : 0)
        if nan { x[0, size.0 / 2, size.1 / 2, 0] = .nan }
        let step = pool ? 2 : 1
        var full = Dense(n, size.0 + top + bottom - kernel.0 + 1, size.1 + left + right - kernel.1 + 1, outputs)
        result = Dense(n, full.height / step, full.width / step, outputs)
        g = Dense(n, result.height, result.width, outputs, make)
        var spread = full
        let (image, weights, biases) = (x, w, bias)
        /// Calls `body` with each input element and weight that make a convolution element.
        func products(_ s: Int, _ h: Int, _ v: Int, _ o: Int, _ body: (Int, Int) -> Void) {
            for ky in 0..<kernel.0 {
                for kx in 0..<kernel.1 {
                    let (row, column) = (h + ky - top, v + kx - left)
                    guard row >= 0, row < size.0, column >= 0, column < size.1 else { continue }
                    for i in 0..<inputs {
                        body(image.index(s, row, column, i), ((ky * kernel.1 + kx) * inputs + i) * outputs + o)
                    }
                }
            }
        }
        for s in 0..<n {
            for h in 0..<full.height {
                for v in 0..<full.width {
                    for o in 0..<outputs {
                        var sum = Double(biases[o])
                        products(s, h, v, o) { sum += image.values[$0] * Double(weights[$1]) }
                        full[s, h, v, o] = sum
                    }
                }
            }
        }
        chosen = Array(repeating: nil, count: result.values.count)
        for s in 0..<n {
            for h in 0..<result.height {
                for v in 0..<result.width {
                    for o in 0..<outputs {
                        let window = (0..<step * step).map { full[s, h * step + $0 / step, v * step + $0 % step, o] }
                        let largest = window.contains(where: \.isNaN) ? .nan : window.max()!
                        let at = result.index(s, h, v, o)
                        result.values[at] = relu && largest <= 0 ? 0 : largest
                        if let place = window.firstIndex(of: largest), !relu || largest > 0 {
                            chosen[at] = place
                            spread[s, h * step + place / step, v * step + place % step, o] = g.values[at]
                        }
                    }
                }
            }
        }
        var (gradientX, gradientW, gradientB) = (
            Dense(n, size.0, size.1, inputs), w.map { _ in 0.0 },
            bias.map { _ in 0.0 }
        )
        for s in 0..<n {
            for h in 0..<full.height {
                for v in 0..<full.width {
                    for o in 0..<outputs {
                        let gradient = spread[s, h, v, o]
                        guard gradient != 0 else { continue }
                        gradientB[o] += gradient
                        products(s, h, v, o) {
                            gradientX.values[$0] += gradient * Double(weights[$1])
                            gradientW[$1] += gradient * image.values[$0]
                        }
                    }
                }
            }
        }
        (dx, dw, db) = (gradientX, gradientW, gradientB)
    }

    /// The masks as the kernel should write them, without lanes that hold no sample.
    var masks: [UInt16] {
        let positions = parameters.pool != 0 ? 4 : 1
        var masks = [UInt16](repeating: 0, count: result.laneCount / 16 * positions)
        let r = result
        for n in 0..<r.samples {
            for h in 0..<r.height {
                for w in 0..<r.width {
                    for c in 0..<r.channels {
                        guard let place = chosen[result.index(n, h, w, c)] else { continue }
                        masks[result.lane(n, h, w, c) / 16 * positions + place] |= 1 << UInt16(n % 16)
                    }
                }
            }
        }
        return masks
    }

    func check(tolerance: Double, withBias: Bool = true) {
        var p = parameters
        let (x, w, bias) = (Guarded(self.x.lanes), Guarded(self.w), Guarded(self.bias))
        let needsMasks = p.relu != 0 || p.pool != 0
        let expectedMasks = masks
        let maskCount = Int(apus_lanes_convolution_mask_bytes(&p)) / 2
        #expect(maskCount == (needsMasks ? expectedMasks.count : 0))
        let g = Guarded(self.g.lanes)
        everywhere {
            let (y, m) = (Guarded<Float>(result.laneCount), Guarded<UInt16>(maskCount))
            let scratch = Guarded<UInt8>(Int(apus_lanes_convolution_scratch_bytes(&p)))
            #expect(
                call(
                    apus_lanes_convolution,
                    [
                        x.address, w.address, bias.address, y.address, m.address,
                        scratch.address,
                    ], p) == 0)
            #expect(result.difference(y.values) <= tolerance, "forward \(p)")
            #expect(y.intact && m.intact && scratch.intact, "forward wrote too far \(p)")
            // Without masks the result is the same.
            let plain = Guarded<Float>(result.laneCount)
            #expect(
                call(
                    apus_lanes_convolution,
                    [
                        x.address, w.address, bias.address, plain.address, nil,
                        scratch.address,
                    ], p) == 0)
            #expect(bits(plain.values) == bits(y.values), "forward without masks \(p)")
            guard !self.x.values.contains(where: \.isNaN) else { return [bits(y.values)] }

            var realLanes = m.values
            let positions = p.pool != 0 ? 4 : 1
            if p.samples % 16 != 0, needsMasks {
                let area = result.height * result.width * result.channels * positions
                for i in (maskCount - area)..<maskCount { realLanes[i] &= (1 << UInt16(p.samples % 16)) - 1 }
            }
            if tolerance == 0, needsMasks { #expect(realLanes == expectedMasks, "masks \(p)") }

            let (dx, dw, db) = (Guarded<Float>(dx.laneCount), Guarded<Float>(w.count), Guarded<Float>(bias.count))
            let scratch2 = Guarded<UInt8>(Int(apus_lanes_convolution_gradient_scratch_bytes(&p)))
            let masks = needsMasks ? m.address : nil
            #expect(
                call(
                    apus_lanes_convolution_gradient,
                    [
                        x.address, w.address, g.address, masks, dx.address,
                        dw.address,
                        db.address, scratch2.address,
                    ], p) == 0)
            #expect(self.dx.difference(dx.values) <= tolerance, "dx \(p)")
            #expect(difference(self.dw, dw.values) <= tolerance, "dw \(p)")
            #expect(difference(self.db, db.values) <= tolerance, "db \(p)")
            // One at a time gives the same bits.
            let (dx2, dw2, db2) = (Guarded<Float>(dx.count), Guarded<Float>(w.count), Guarded<Float>(bias.count))
            for wanted in [[dx2.address, nil, nil], [nil, dw2.address, nil], [nil, nil, db2.address]] {
                let x = wanted[1] == nil ? nil : x.address, w = wanted[0] == nil ? nil : w.address
                #expect(
                    call(
                        apus_lanes_convolution_gradient, [x, w, g.address, masks] + wanted + [scratch2.address],
                        p) == 0)
            }
            #expect(bits(dx2.values) == bits(dx.values))
            #expect(bits(dw2.values) == bits(dw.values) && bits(db2.values) == bits(db.values))
            #expect(dx.intact && dw.intact && db.intact && scratch2.intact, "gradient wrote too far \(p)")
            return [bits(y.values), bits(dx.values), bits(dw.values), bits(db.values)]
        }
    }
}

@Suite(.serialized) struct LanesTests {
    @Test(arguments: [(1, 1, 1, 1), (16, 4, 4, 1), (17, 3, 5, 3), (33, 7, 1, 17), (128, 5, 5, 2), (3, 1, 2, 33)])
    func packing(n: Int, h: Int, w: Int, c: Int) {
        var random = Random(state: 5)
        let dense = Dense(n, h, w, c) { random.reals($0) }
        let x = Guarded(dense.values.map { Float($0) })
        let images = Guarded((0..<x.count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        var p = apus_lanes_pack_parameters(
            samples: Int64(n), height: Int64(h), width: Int64(w), channels: Int64(c),
            type: Int32(APUS_FLOAT32.rawValue), scale: 2, offset: 0.5)
        everywhere {
            for (source, type, scaled) in [
                (x.address, APUS_FLOAT32, dense.values.map { $0 * 2 + 0.5 }),
                (images.address, APUS_UINT8, images.values.map { Double($0) * 2 + 0.5 }),
            ] {
                p.type = Int32(type.rawValue)
                var expected = dense
                expected.values = scaled
                let lanes = Guarded<Float>(dense.laneCount), back = Guarded<Float>(x.count)
                #expect(call(apus_lanes_pack, [source, lanes.address], p) == 0)
                #expect(difference(expected.lanes.map(Double.init), lanes.values) < 1e-6)
                #expect(call(apus_lanes_unpack, [lanes.address, back.address], p) == 0)
                #expect(difference(scaled, back.values) < 1e-6)
                #expect(lanes.intact && back.intact)
            }
            return []
        }
        p.type = Int32(APUS_INT64.rawValue)
        #expect(call(apus_lanes_pack, [x.address, x.address], p) != 0)
    }

    @Test func lenet() {
        Convolution(
            19, 1, 6, (28, 28), (5, 5), pad: (2, 2, 2, 2), relu: true, pool: true,
            exact: true
        ).check(tolerance: 0)
        Convolution(35, 6, 16, (14, 14), (5, 5), relu: true, pool: true, exact: true).check(tolerance: 0)
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
            Convolution(n, i, o, size, kernel, pad: pad, relu: relu, pool: pool, exact: true).check(tolerance: 0)
        }
    }

    @Test func manyBlocksAndReals() {
        Convolution(
            150, 3, 4, (6, 6), (3, 3), pad: (1, 1, 1, 1), relu: false, pool: false,
            exact: true
        ).check(tolerance: 0)
        Convolution(40, 6, 9, (12, 10), (5, 5), relu: false, pool: false, exact: false).check(tolerance: 1e-6)
        Convolution(
            20, 8, 8, (9, 9), (3, 3), pad: (1, 1, 1, 1), relu: true, pool: true,
            exact: false
        ).check(tolerance: 1e-6)
    }

    @Test(arguments: [false, true], [false, true]) func nanPassesThrough(relu: Bool, pool: Bool) {
        Convolution(
            18, 2, 4, (8, 8), (3, 3), pad: (1, 1, 1, 1), relu: relu, pool: pool, exact: true,
            nan: true
        ).check(tolerance: 0)
    }

    @Test func missingMasksAreRefused() {
        let case0 = Convolution(1, 1, 1, (4, 4), (3, 3), relu: true, pool: false, exact: true)
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
        var random = Random(state: 11)
        for (n, c, h, w) in [(17, 3, 7, 9), (1, 1, 5, 7), (32, 5, 8, 11)] {
            let x = Dense(n, h, w, c) { random.integers($0, 3) }
            let rows = (h + top + bottom - wh) / sh + 1, columns = (w + left + right - ww) / sw + 1
            let g = Dense(n, rows, columns, c) { random.integers($0, 3) }
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
                everywhere {
                    let (y, z) = (Guarded<Float>(g.laneCount), Guarded<Float>(g.laneCount))
                    let (dy, dz) = (Guarded<Float>(x.laneCount), Guarded<Float>(x.laneCount))
                    #expect(call(apus_lanes_max_pool, [xs.address, y.address], p) == 0)
                    #expect(call(apus_lanes_max_pool_gradient, [xs.address, gs.address, dy.address], p) == 0)
                    #expect(call(apus_lanes_average_pool, [xs.address, z.address], p) == 0)
                    #expect(call(apus_lanes_average_pool_gradient, [gs.address, dz.address], p) == 0)
                    #expect(maximum.difference(y.values) == 0 && maximumGradient.difference(dy.values) == 0)
                    #expect(mean.difference(z.values) < 1e-6 && meanGradient.difference(dz.values) < 1e-6)
                    #expect(y.intact && z.intact && dy.intact && dz.intact)
                    return [bits(y.values), bits(dy.values), bits(z.values), bits(dz.values)]
                }
            }
        }
    }
}
