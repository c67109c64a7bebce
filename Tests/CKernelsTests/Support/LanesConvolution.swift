import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

typealias LanesKernel = (UnsafePointer<UnsafeMutableRawPointer?>?, UnsafeRawPointer?) -> Int32

func call<Parameters>(
    _ kernel: LanesKernel, _ buffers: [UnsafeMutableRawPointer?],
    _ parameters: Parameters
) -> Int32 {
    withUnsafePointer(to: parameters) { pointer in buffers.withUnsafeBufferPointer { kernel($0.baseAddress, pointer) } }
}

extension SeededGenerator {
    /// Small integers: float32 arithmetic on them is exact, and ties are frequent.
    mutating func smallIntegers(_ count: Int, _ bound: Int) -> [Float] {
        (0..<count).map { _ in Float(below(2 * bound + 1) - bound) }
    }

    mutating func floats(_ count: Int) -> [Float] { reals(count).map { Float($0) } }
}

/// A tensor in the dense layout `[samples][height][width][channels]`.
struct Dense {
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

    /// The largest difference of an element to one in lanes, relative to its size; infinite if a NaN differs.
    func difference(_ lanes: [Float], size: [Double]) -> Double {
        var largest = 0.0
        forEach { largest = max(largest, relativeError(Double(lanes[$1]), values[$0], size: size[$0])) }
        return largest
    }
}

private func relativeError(_ value: Double, _ exact: Double, size: Double) -> Double {
    if value == exact || value.isNaN && exact.isNaN { return 0 }
    let error = abs(value - exact) / size
    return error.isNaN ? .infinity : error
}

/// As `Dense.difference`.
func difference(_ expected: [Double], _ values: [Float], size: [Double]) -> Double {
    guard expected.count == values.count, size.count == values.count else { return .infinity }
    return values.indices.map { relativeError(Double(values[$0]), expected[$0], size: size[$0]) }.max() ?? 0
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// One convolution and its plain reference.
struct LanesConvolution {
    var parameters: apus_lanes_convolution_parameters
    var x, result, g, dx: Dense
    var w, bias: [Float]
    /// For each result element in dense order, the positions of the window that get the gradient: one or none.
    var chosen: [Int?]
    var dw, db: [Double]
    /// The same sums without signs: what an element is the sum of.
    var resultSize, dxSize, dwSize, dbSize: [Double]

    init(
        _ n: Int, _ inputs: Int, _ outputs: Int, _ size: (Int, Int), _ kernel: (Int, Int),
        pad: (Int, Int, Int, Int) = (0, 0, 0, 0), relu: Bool, pool: Bool, exact: Bool, nan: Bool = false
    ) {
        var random = SeededGenerator(seed: UInt64(n * 7919 + inputs * 104_729 + outputs * 31 + size.0 * 17 + kernel.1))
        let make: (Int) -> [Float] = { exact ? random.smallIntegers($0, 2) : random.floats($0) }
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
        var spread = full, fullSize = full
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
                        var size = abs(sum)
                        products(s, h, v, o) {
                            let product = image.values[$0] * Double(weights[$1])
                            sum += product
                            size += abs(product)
                        }
                        full[s, h, v, o] = sum
                        fullSize[s, h, v, o] = size
                    }
                }
            }
        }
        chosen = Array(repeating: nil, count: result.values.count)
        resultSize = result.values
        for s in 0..<n {
            for h in 0..<result.height {
                for v in 0..<result.width {
                    for o in 0..<outputs {
                        let window = (0..<step * step).map { full[s, h * step + $0 / step, v * step + $0 % step, o] }
                        let places = (0..<step * step).map {
                            fullSize[s, h * step + $0 / step, v * step + $0 % step, o]
                        }
                        let largest = window.contains(where: \.isNaN) ? .nan : window.max()!
                        let at = result.index(s, h, v, o)
                        resultSize[at] = places.max()!
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
        var (sizeX, sizeW, sizeB) = (gradientX.values, gradientW, gradientB)
        for s in 0..<n {
            for h in 0..<full.height {
                for v in 0..<full.width {
                    for o in 0..<outputs {
                        let gradient = spread[s, h, v, o]
                        guard gradient != 0 else { continue }
                        gradientB[o] += gradient
                        sizeB[o] += abs(gradient)
                        products(s, h, v, o) {
                            let (toX, toW) = (gradient * Double(weights[$1]), gradient * image.values[$0])
                            gradientX.values[$0] += toX
                            gradientW[$1] += toW
                            sizeX[$0] += abs(toX)
                            sizeW[$1] += abs(toW)
                        }
                    }
                }
            }
        }
        (dx, dw, db) = (gradientX, gradientW, gradientB)
        (dxSize, dwSize, dbSize) = (sizeX, sizeW, sizeB)
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

    func check(tolerance: Double) {
        var p = parameters
        let (x, w, bias) = (Guarded(self.x.lanes), Guarded(self.w), Guarded(self.bias))
        let needsMasks = p.relu != 0 || p.pool != 0
        let expectedMasks = masks
        let maskCount = Int(apus_lanes_convolution_mask_bytes(&p)) / 2
        #expect(maskCount == (needsMasks ? expectedMasks.count : 0))
        let g = Guarded(self.g.lanes)
        everywhere { _ in
            let (y, m) = (Guarded<Float>(result.laneCount), Guarded<UInt16>(maskCount))
            let scratch = Guarded<UInt8>(Int(apus_lanes_convolution_scratch_bytes(&p)))
            #expect(
                call(
                    apus_lanes_convolution,
                    [
                        x.start, w.start, bias.start, y.start, m.start,
                        scratch.start,
                    ], p) == 0)
            #expect(result.difference(y.values, size: resultSize) <= tolerance, "forward \(p)")
            #expect(y.isIntact && m.isIntact && scratch.isIntact, "forward wrote too far \(p)")
            // Without masks the result is the same.
            let plain = Guarded<Float>(result.laneCount)
            #expect(
                call(
                    apus_lanes_convolution,
                    [
                        x.start, w.start, bias.start, plain.start, nil,
                        scratch.start,
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
            let masks = needsMasks ? m.start : nil
            #expect(
                call(
                    apus_lanes_convolution_gradient,
                    [
                        x.start, w.start, g.start, masks, dx.start,
                        dw.start,
                        db.start, scratch2.start,
                    ], p) == 0)
            #expect(self.dx.difference(dx.values, size: dxSize) <= tolerance, "dx \(p)")
            #expect(difference(self.dw, dw.values, size: dwSize) <= tolerance, "dw \(p)")
            #expect(difference(self.db, db.values, size: dbSize) <= tolerance, "db \(p)")
            // One at a time gives the same bits.
            let (dx2, dw2, db2) = (Guarded<Float>(dx.count), Guarded<Float>(w.count), Guarded<Float>(bias.count))
            for wanted in [[dx2.start, nil, nil], [nil, dw2.start, nil], [nil, nil, db2.start]] {
                let x = wanted[1] == nil ? nil : x.start, w = wanted[0] == nil ? nil : w.start
                #expect(
                    call(
                        apus_lanes_convolution_gradient, [x, w, g.start, masks] + wanted + [scratch2.start],
                        p) == 0)
            }
            #expect(bits(dx2.values) == bits(dx.values))
            #expect(bits(dw2.values) == bits(dw.values) && bits(db2.values) == bits(db.values))
            #expect(dx.isIntact && dw.isIntact && db.isIntact && scratch2.isIntact, "gradient wrote too far \(p)")
            return [bits(y.values), bits(dx.values), bits(dw.values), bits(db.values)]
        }
    }
}
