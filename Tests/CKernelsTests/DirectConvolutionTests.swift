import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

/// The plain loops, and products of unfolded pixels.
@Suite(.serialized)
struct DirectConvolutionTests {
    @Test(arguments: [APUS_FLOAT32, APUS_FLOAT64])
    func forwardAndGradients(type: apus_type) {
        var random = SeededGenerator(seed: 17)
        for round in 0..<41 {
            // More than one block of unfolded pixels.
            let isLarge = round == 40
            let n = isLarge ? 3 : random.pick([1, 2]), groups = isLarge ? 1 : random.pick([1, 1, 2, 3])
            let h = isLarge ? 39 : Int.random(in: 1...8, using: &random),
                w = isLarge ? 41 : Int.random(in: 1...8, using: &random)
            let ci = isLarge ? 32 : random.pick([1, 2, 5]),
                co = isLarge ? 2 : round == 39 ? 150 : random.pick([1, 3, 16, 33, 66])
            let kernel = isLarge ? (3, 3) : (random.pick([1, 2, 3]), random.pick([1, 2, 3]))
            let stride = isLarge ? (1, 1) : (random.pick([1, 2, 3]), random.pick([1, 2]))
            let dilation = (random.pick([1, 1, 2]), random.pick([1, 1, 2]))
            let pads = (0..<4).map { _ in Int.random(in: (round % 5 == 0 ? -1 : 0)...2, using: &random) }
            let roomH = h + pads[0] + pads[2] - dilation.0 * (kernel.0 - 1) - 1
            let roomW = w + pads[1] + pads[3] - dilation.1 * (kernel.1 - 1) - 1
            if roomH < 0 || roomW < 0 { continue }
            let oh = roomH / stride.0 + 1, ow = roomW / stride.1 + 1, inC = ci * groups, outC = co * groups
            let p = apus_direct_convolution_parameters(
                samples: Int64(n), height: Int64(h), width: Int64(w), channels_in: Int64(inC),
                channels_out: Int64(outC),
                kernel_height: Int64(kernel.0), kernel_width: Int64(kernel.1), stride_height: Int64(stride.0),
                stride_width: Int64(stride.1), dilation_height: Int64(dilation.0), dilation_width: Int64(dilation.1),
                pad_top: Int64(pads[0]), pad_left: Int64(pads[1]), pad_bottom: Int64(pads[2]),
                pad_right: Int64(pads[3]), groups: Int64(groups), type: Int64(type.rawValue))
            let x = TestBuffer(type, random.reals(n * h * w * inC)), xs = x.values
            let k = TestBuffer(type, random.reals(kernel.0 * kernel.1 * ci * outC)), ks = k.values
            let bias = round % 3 == 0 ? nil : TestBuffer(type, random.reals(outC))
            let g = TestBuffer(type, random.reals(n * oh * ow * outC)), gs = g.values
            var y = [Double](repeating: 0, count: g.count), dx = [Double](repeating: 0, count: x.count)
            var dw = [Double](repeating: 0, count: k.count)
            var (sizeY, sizeX, sizeW) = (y, dx, dw)
            for at in 0..<g.count {
                let o = at % outC, column = at / outC % ow, row = at / outC / ow % oh, sample = at / outC / ow / oh
                y[at] = bias?.values[o] ?? 0
                sizeY[at] = abs(y[at])
                for i in 0..<kernel.0 {
                    let r = row * stride.0 + i * dilation.0 - pads[0]
                    for j in 0..<kernel.1 where r >= 0 && r < h {
                        let c = column * stride.1 + j * dilation.1 - pads[1]
                        for channel in 0..<ci where c >= 0 && c < w {
                            let from = ((sample * h + r) * w + c) * inC + o / co * ci + channel
                            let weight = ((i * kernel.1 + j) * ci + channel) * outC + o
                            let (product, toX, toW) = (xs[from] * ks[weight], gs[at] * ks[weight], gs[at] * xs[from])
                            y[at] += product
                            dx[from] += toX
                            dw[weight] += toW
                            sizeY[at] += abs(product)
                            sizeX[from] += abs(toX)
                            sizeW[weight] += abs(toW)
                        }
                    }
                }
            }
            everywhere { _ in
                let results = [g.count, x.count, k.count].map { TestBuffer(type, count: $0) }
                #expect(runKernel(apus_direct_convolution, p, [x, k, bias, results[0]]) == 0)
                #expect(runKernel(apus_direct_convolution_gradient_x, p, [g, k, results[1]]) == 0)
                #expect(runKernel(apus_direct_convolution_gradient_w, p, [x, g, results[2]]) == 0)
                expectEqual(results[0], y, tolerance(type), size: sizeY, "y")
                expectEqual(results[1], dx, tolerance(type), size: sizeX, "dx")
                expectEqual(results[2], dw, tolerance(type), size: sizeW, "dw")
                guard groups == 1, type == APUS_FLOAT32 else { return results }
                return results + unfolded(p, x, k, bias, g, y, dx, dw, (sizeY, sizeX, sizeW))
            }
        }
    }
    /// The same by unfolding; and once more with a residual and a ReLU.
    private func unfolded(
        _ convolution: apus_direct_convolution_parameters, _ x: TestBuffer, _ k: TestBuffer, _ bias: TestBuffer?,
        _ g: TestBuffer, _ y: [Double], _ dx: [Double], _ dw: [Double], _ sizes: ([Double], [Double], [Double])
    ) -> [TestBuffer] {
        var p = apus_unfolded_parameters(convolution: convolution, relu: 0, adds: 0)
        let results = [g.count, x.count, k.count, g.count].map { TestBuffer(APUS_FLOAT32, count: $0) }
        func scratch(_ bytes: Int64) -> TestBuffer { TestBuffer(APUS_UINT8, count: Int(bytes)) }
        let forward = scratch(apus_unfolded_convolution_scratch_bytes(&p))
        let toX = scratch(apus_unfolded_convolution_gradient_x_scratch_bytes(&p))
        let toW = scratch(apus_unfolded_convolution_gradient_w_scratch_bytes(&p))
        #expect(runKernel(apus_unfolded_convolution, p, [x, k, bias, results[0], nil, forward]) == 0)
        #expect(runKernel(apus_unfolded_convolution_gradient_x, p, [g, k, results[1], toX]) == 0)
        #expect(runKernel(apus_unfolded_convolution_gradient_w, p, [x, g, results[2], toW]) == 0)
        expectEqual(results[0], y, 2e-6, size: sizes.0, "unfolded y")
        expectEqual(results[1], dx, 2e-6, size: sizes.1, "unfolded dx")
        expectEqual(results[2], dw, 2e-6, size: sizes.2, "unfolded dw")
        (p.relu, p.adds) = (1, 1)
        #expect(runKernel(apus_unfolded_convolution, p, [x, k, bias, results[3], g, forward]) == 0)
        let (added, residual) = (zip(y, g.values).map { max(0, $0 + $1) }, zip(sizes.0, g.values).map { $0 + abs($1) })
        expectEqual(results[3], added, 2e-6, size: residual, "unfolded relu(y + r)")
        return results
    }
}
