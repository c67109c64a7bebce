import CKernels
import Testing

/// oneDNN's convolutions against sums in Float64, written from the definition.
@Suite struct OneDNNTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var n = 2, h = 7, w = 5, inputs = 3, outputs = 4, kernelH = 3, kernelW = 3
        var strideH = 1, strideW = 1, top = 0, left = 0, bottom = 0, right = 0, dilation = 1, groups = 1
        var type = APUS_FLOAT32

        var outH: Int { (h + top + bottom - dilation * (kernelH - 1) - 1) / strideH + 1 }
        var outW: Int { (w + left + right - dilation * (kernelW - 1) - 1) / strideW + 1 }
        var testDescription: String {
            "\(n)×\(h)×\(w)×\(inputs)→\(outputs) kernel \(kernelH)×\(kernelW) stride \(strideH),\(strideW) "
                + "padding \(top),\(left),\(bottom),\(right) dilation \(dilation) groups \(groups) type \(type.rawValue)"
        }

        var shape: apus_onednn_convolution_shape {
            apus_onednn_convolution_shape(
                n: Int64(n), h: Int64(h), w: Int64(w), in_channels: Int64(inputs), out_channels: Int64(outputs),
                kernel_h: Int64(kernelH), kernel_w: Int64(kernelW), stride_h: Int64(strideH), stride_w: Int64(strideW),
                pad_top: Int64(top), pad_left: Int64(left), pad_bottom: Int64(bottom), pad_right: Int64(right),
                dilation_h: Int64(dilation), dilation_w: Int64(dilation), groups: Int64(groups),
                type: Int32(type.rawValue), has_bias: 1, relu: 0)
        }

        /// Calls `body` with the indices of input, kernel and output of every product of the convolution.
        func forEachProduct(_ body: (_ x: Int, _ k: Int, _ y: Int) -> Void) {
            let groupIn = inputs / groups
            let groupOut = outputs / groups
            for sample in 0..<n {
                for i in 0..<outH {
                    for j in 0..<outW {
                        for u in 0..<kernelH {
                            for v in 0..<kernelW {
                                let (row, column) = (i * strideH + u * dilation - top, j * strideW + v * dilation - left)
                                guard (0..<h).contains(row), (0..<w).contains(column) else { continue }
                                for o in 0..<outputs {
                                    for c in 0..<groupIn {
                                        let channel = o / groupOut * groupIn + c
                                        body(
                                            ((sample * h + row) * w + column) * inputs + channel,
                                            ((u * kernelW + v) * groupIn + c) * outputs + o,
                                            ((sample * outH + i) * outW + j) * outputs + o)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    static let cases: [Case] = [
        Case(), Case(inputs: 17, outputs: 33), Case(strideH: 2, strideW: 2, top: 1, left: 1, bottom: 1, right: 1),
        Case(h: 9, strideH: 3, strideW: 2, top: 2, left: 0, bottom: 1, right: 2), Case(kernelH: 1, kernelW: 1),
        Case(h: 1, w: 1, inputs: 32, outputs: 32, kernelH: 1, kernelW: 1), Case(h: 1, w: 11, kernelH: 1, kernelW: 5, left: 2, right: 2),
        Case(h: 11, w: 11, dilation: 2), Case(inputs: 4, outputs: 6, groups: 2), Case(inputs: 5, outputs: 5, top: 1, left: 1, bottom: 1, right: 1, groups: 5),
        Case(n: 1, h: 8, w: 8, inputs: 64, outputs: 32, kernelH: 5, kernelW: 5, top: 2, left: 2, bottom: 2, right: 2),
    ]

    /// Reproducible numbers in -1...1, multiples of 1/64 so that bfloat16 holds them exactly.
    private func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
        var state = seed &* 2 &+ 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int(state >> 40) % 129 - 64) / 64
        }
    }

    private func relativeError(_ a: [Float], _ b: [Double]) -> Double {
        var difference = 0.0
        var norm = 0.0
        for (x, y) in zip(a, b) {
            difference += (Double(x) - y) * (Double(x) - y)
            norm += y * y
        }
        return (difference / max(norm, 1e-30)).squareRoot()
    }

    /// Runs a plan on copies of the inputs; the outputs are written in place.
    private func run(_ direction: apus_onednn_direction, _ shape: apus_onednn_convolution_shape, _ buffers: [UnsafeMutableRawPointer?]) throws {
        var message = [CChar](repeating: 0, count: 256)
        let plan = withUnsafePointer(to: shape) { apus_onednn_plan_convolution(direction, $0, &message, 256) }
        let unwrapped = try #require(plan, "no plan")
        defer { apus_onednn_plan_destroy(unwrapped) }
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: Int(apus_onednn_plan_scratch_bytes(unwrapped)) + 64, alignment: 64)
        defer { scratch.deallocate() }
        let all = buffers + [scratch]
        let status = all.withUnsafeBufferPointer { apus_onednn_run($0.baseAddress, UnsafeRawPointer(unwrapped)) }
        #expect(status == 0)
    }

    private func withBuffers(_ arrays: [[Float]], _ body: ([UnsafeMutableRawPointer?]) throws -> Void) rethrows -> [[Float]] {
        let pointers = arrays.map { array -> UnsafeMutableRawPointer in
            let pointer = UnsafeMutableRawPointer.allocate(byteCount: max(64, 4 * array.count), alignment: 64)
            array.withUnsafeBytes { pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            return pointer
        }
        defer { pointers.forEach { $0.deallocate() } }
        try body(pointers)
        return zip(pointers, arrays).map { Array(UnsafeBufferPointer(start: $0.assumingMemoryBound(to: Float.self), count: $1.count)) }
    }

    @Test(arguments: cases) func float32(_ c: Case) throws {
        let x = numbers(c.n * c.h * c.w * c.inputs, 1)
        let kernel = numbers(c.kernelH * c.kernelW * c.inputs / c.groups * c.outputs, 2)
        let bias = numbers(c.outputs, 3)
        let g = numbers(c.n * c.outH * c.outW * c.outputs, 4)

        var y = g.indices.map { Double(bias[$0 % c.outputs]) }
        var dx = x.map { _ in 0.0 }
        var dk = kernel.map { _ in 0.0 }
        var db = bias.map { _ in 0.0 }
        c.forEachProduct { i, k, o in
            y[o] += Double(x[i]) * Double(kernel[k])
            dx[i] += Double(g[o]) * Double(kernel[k])
            dk[k] += Double(g[o]) * Double(x[i])
        }
        for (index, value) in g.enumerated() { db[index % c.outputs] += Double(value) }

        let forward = try withBuffers([x, kernel, bias, g.map { _ in .nan }]) { try run(APUS_ONEDNN_FORWARD, c.shape, $0) }
        #expect(relativeError(forward[3], y) < 1e-6)
        let input = try withBuffers([g, kernel, x.map { _ in .nan }]) { try run(APUS_ONEDNN_INPUT_GRADIENT, c.shape, $0) }
        #expect(relativeError(input[2], dx) < 1e-6)
        let weights = try withBuffers([x, g, kernel.map { _ in .nan }, bias.map { _ in .nan }]) {
            try run(APUS_ONEDNN_KERNEL_GRADIENT, c.shape, $0)
        }
        #expect(relativeError(weights[2], dk) < 1e-6)
        #expect(relativeError(weights[3], db) < 1e-6)
    }
}
