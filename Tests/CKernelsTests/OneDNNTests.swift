import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

/// oneDNN's convolutions and matrix products against sums in Float64, written from the definition.
@Suite(.serialized) struct OneDNNTests {
    typealias Element = apus_type
    typealias Plan = OpaquePointer

    struct Case: CustomTestStringConvertible, Sendable {
        var n = 2, h = 7, w = 5, inputs = 3, outputs = 4, kernelH = 3, kernelW = 3
        var strideH = 1, strideW = 1, top = 0, left = 0, bottom = 0, right = 0, dilation = 1, groups = 1
        var hasBias = true, relu = false

        var outH: Int { (h + top + bottom - dilation * (kernelH - 1) - 1) / strideH + 1 }
        var outW: Int { (w + left + right - dilation * (kernelW - 1) - 1) / strideW + 1 }
        var imageCount: Int { n * h * w * inputs }
        var kernelCount: Int { kernelH * kernelW * inputs / groups * outputs }
        var resultCount: Int { n * outH * outW * outputs }

        var testDescription: String {
            "\(n)×\(h)×\(w)×\(inputs)→\(outputs) kernel \(kernelH)×\(kernelW) stride \(strideH),\(strideW) "
                + "padding \(top),\(left),\(bottom),\(right) dilation \(dilation) groups \(groups)"
                + (hasBias ? " bias" : "") + (relu ? " relu" : "")
        }

        func shape(_ type: Element) -> apus_convolution_shape {
            apus_convolution_shape(
                n: Int64(n), h: Int64(h), w: Int64(w), in_channels: Int64(inputs), out_channels: Int64(outputs),
                kernel_h: Int64(kernelH), kernel_w: Int64(kernelW), stride_h: Int64(strideH), stride_w: Int64(strideW),
                pad_top: Int64(top), pad_left: Int64(left), pad_bottom: Int64(bottom), pad_right: Int64(right),
                dilation_h: Int64(dilation), dilation_w: Int64(dilation), groups: Int64(groups),
                type: Int32(type.rawValue), has_bias: hasBias ? 1 : 0, relu: relu ? 1 : 0, prepared: 0)
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
                                let (row, column) = (
                                    i * strideH + u * dilation - top, j * strideW + v * dilation - left
                                )
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
        Case(),
        Case(inputs: 17, outputs: 33, hasBias: false, relu: true),
        Case(strideH: 2, strideW: 2, top: 1, left: 1, bottom: 1, right: 1, relu: true),
        Case(h: 9, strideH: 3, strideW: 2, top: 2, left: 0, bottom: 1, right: 2),
        Case(h: 8, w: 8, strideH: 3, strideW: 3),
        Case(kernelH: 1, kernelW: 1),
        Case(h: 6, w: 9, inputs: 24, outputs: 20, kernelH: 1, kernelW: 1, strideH: 2, strideW: 2),
        Case(h: 1, w: 1, inputs: 32, outputs: 32, kernelH: 1, kernelW: 1),
        Case(n: 1, h: 1, w: 1, top: 1, left: 1, bottom: 1, right: 1),
        Case(h: 1, w: 11, kernelH: 1, kernelW: 5, left: 2, right: 2),
        Case(n: 3, h: 1, w: 19, inputs: 5, outputs: 7, kernelH: 1, kernelW: 4, strideW: 2, left: 3, dilation: 2),
        Case(h: 11, w: 11, dilation: 2),
        Case(h: 11, w: 12, strideH: 3, strideW: 3, top: 1, left: 1, right: 2, dilation: 2),
        Case(inputs: 4, outputs: 6, groups: 2),
        Case(
            h: 9, w: 8, inputs: 32, outputs: 32, strideH: 2, strideW: 1, top: 1, left: 1, bottom: 1, right: 1, groups: 2
        ),
        Case(inputs: 5, outputs: 5, top: 1, left: 1, bottom: 1, right: 1, groups: 5),
        Case(inputs: 17, outputs: 17, strideH: 2, strideW: 2, top: 1, left: 0, bottom: 0, right: 1, groups: 17),
        Case(inputs: 5, outputs: 10, top: 1, left: 1, bottom: 1, right: 1, groups: 5),
        Case(
            h: 13, w: 13, inputs: 8, outputs: 8, strideH: 2, strideW: 2, top: 2, left: 2, bottom: 2, right: 2,
            dilation: 2, groups: 8),
        Case(n: 1, h: 8, w: 8, inputs: 64, outputs: 32, kernelH: 5, kernelW: 5, top: 2, left: 2, bottom: 2, right: 2),
    ]

    /// Reproducible numbers in −1..<1, rounded to what `type` holds.
    private func numbers(_ count: Int, _ seed: UInt64, _ type: Element) -> TestBuffer {
        var random = SeededGenerator(seed: seed)
        return TestBuffer(type, random.reals(count))
    }

    // MARK: Plans

    typealias Constructor = (
        UnsafePointer<apus_convolution_shape>?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<CChar>?, Int
    ) -> Plan?

    private func convolution(_ make: Constructor, _ shape: apus_convolution_shape) -> (
        plan: Plan?, status: Int32, message: String
    ) {
        var message = [CChar](repeating: 0, count: 512)
        var status: Int32 = -1
        let plan = withUnsafePointer(to: shape) { make($0, &status, &message, message.count) }
        return (plan, status, message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }

    /// Runs a plan and destroys it.
    private func run(_ plan: Plan, _ memories: [TestBuffer?]) {
        defer { apus_onednn_plan_destroy(plan) }
        #expect(execute(plan, memories) == 0)
        #expect(String(cString: apus_onednn_plan_name(plan)).contains("ref") == false)
    }

    /// Runs a plan with scratch memory that is not a number before.
    private func execute(_ plan: Plan, _ memories: [TestBuffer?]) -> Int32 {
        let all = memories + [TestBuffer(APUS_UINT8, count: Int(apus_onednn_plan_scratch_bytes(plan)))]
        let status = apus_onednn_run(all.map { $0?.pointer }, UnsafeRawPointer(plan))
        for buffer in all { #expect(buffer?.isIntact ?? true) }
        return status
    }

    /// Whether oneDNN multiplies bfloat16 on this CPU.
    private static let multipliesBFloat16: Bool = {
        var shape = Case().shape(APUS_BFLOAT16), status: Int32 = 0
        let plan = apus_onednn_convolution_forward(&shape, &status, nil, 0)
        defer { apus_onednn_plan_destroy(plan) }
        return plan != nil
    }()

    @Test(.disabled(if: multipliesBFloat16, "this CPU multiplies bfloat16")) func bfloat16IsRefusedWhereTheCPULacksIt()
    {
        let (plan, status, message) = convolution(apus_onednn_convolution_forward, Case().shape(APUS_BFLOAT16))
        apus_onednn_plan_destroy(plan)
        #expect(plan == nil && status > 100 && message.contains("bfloat16"))
    }

    // MARK: Convolutions

    @Test(arguments: cases) func convolution(_ c: Case) throws { try check(c, APUS_FLOAT32) }

    @Test(.enabled(if: multipliesBFloat16, "oneDNN multiplies no bfloat16 on this CPU"), arguments: cases)
    func convolutionOfBFloat16(_ c: Case) throws { try check(c, APUS_BFLOAT16) }

    private func check(_ c: Case, _ type: Element) throws {
        let images = numbers(c.imageCount, 1, type), x = images.values
        // A kernel is float32 always, its gradient unrounded.
        let kernelMemory = TestBuffer(APUS_FLOAT32, numbers(c.kernelCount, 2, type).values),
            kernel = kernelMemory.values
        let biasMemory = numbers(c.outputs, 3, APUS_FLOAT32), bias = biasMemory.values
        let gradient = numbers(c.resultCount, 4, type), g = gradient.values

        var y = g.indices.map { c.hasBias ? bias[$0 % c.outputs] : 0 }
        var (dx, dk, db) = (x.map { _ in 0.0 }, kernel.map { _ in 0.0 }, bias.map { _ in 0.0 })
        // Without signs.
        var (sizeY, sizeX, sizeK, sizeB) = (y.map(abs), dx, dk, db)
        c.forEachProduct { i, k, o in
            let (toY, toX, toK) = (x[i] * kernel[k], g[o] * kernel[k], g[o] * x[i])
            y[o] += toY
            dx[i] += toX
            dk[k] += toK
            sizeY[o] += abs(toY)
            sizeX[i] += abs(toX)
            sizeK[k] += abs(toK)
        }
        for (index, value) in g.enumerated() {
            db[index % c.outputs] += value
            sizeB[index % c.outputs] += abs(value)
        }
        if c.relu { y = y.map { max(0, $0) } }
        let shape = c.shape(type)

        let result = TestBuffer(type, count: c.resultCount)
        run(
            try #require(convolution(apus_onednn_convolution_forward, shape).plan),
            [images, kernelMemory, c.hasBias ? biasMemory : nil, result])
        expectEqual(result, y, tolerance(type), size: sizeY, "y")

        let imageGradient = TestBuffer(type, count: c.imageCount)
        run(
            try #require(convolution(apus_onednn_convolution_input_gradient, shape).plan),
            [gradient, kernelMemory, imageGradient])
        expectEqual(imageGradient, dx, tolerance(type), size: sizeX, "dx")

        let kernelGradient = TestBuffer(APUS_FLOAT32, count: c.kernelCount)
        let biasGradient = c.hasBias ? TestBuffer(APUS_FLOAT32, count: c.outputs) : nil
        run(
            try #require(convolution(apus_onednn_convolution_kernel_gradient, shape).plan),
            [images, gradient, kernelGradient, biasGradient])
        expectEqual(kernelGradient, dk, tolerance(APUS_FLOAT32), size: sizeK, "dk")
        if let biasGradient { expectEqual(biasGradient, db, tolerance(APUS_FLOAT32), size: sizeB, "db") }
    }

    @Test func badShapesAreRefused() throws {
        func reason(_ change: (inout apus_convolution_shape) -> Void) -> String {
            var shape = Case().shape(APUS_FLOAT32)
            change(&shape)
            let (plan, status, message) = convolution(apus_onednn_convolution_kernel_gradient, shape)
            #expect(plan == nil)
            #expect(status == 102)
            apus_onednn_plan_destroy(plan)
            return message
        }
        #expect(reason { $0.kernel_h = 8 }.contains("the window is larger than the padded image"))
        #expect(reason { $0.stride_w = 0 }.contains("strides, dilations and groups must be positive"))
        #expect(reason { $0.groups = 0 }.contains("strides, dilations and groups must be positive"))
        #expect(reason { $0.groups = 2 }.contains("groups do not divide the channels"))
        #expect(reason { $0.pad_right = -1 }.contains("the padding is negative"))
        #expect(reason { $0.type = Int32(APUS_FLOAT64.rawValue) }.contains("images are float32 or bfloat16"))
        #expect(
            reason { $0.kernel_h = 8 }.contains(
                "the kernel gradient of the convolution of [2, 7, 5, 3] with a kernel [8, 3, 3, 4]"))
    }

    @Test func aMissingBufferIsAnError() throws {
        let c = Case()
        let plan = try #require(convolution(apus_onednn_convolution_forward, c.shape(APUS_FLOAT32)).plan)
        defer { apus_onednn_plan_destroy(plan) }
        let memories = [
            TestBuffer(APUS_FLOAT32, count: c.imageCount), nil, nil, TestBuffer(APUS_FLOAT32, count: c.resultCount),
        ]
        #expect(execute(plan, memories) == 102)
    }

    // MARK: Threads

    /// A plan follows the number of threads, moves to other buffers, and leaves libgomp's default as it was.
    @Test func plansRunWithAnyNumberOfThreads() throws {
        let number = apus_thread_count()
        let c = Case(n: 4, h: 12, w: 12, inputs: 24, outputs: 40, top: 1, left: 1, bottom: 1, right: 1)
        let images = numbers(c.imageCount, 1, APUS_FLOAT32), x = images.values
        let gradient = numbers(c.resultCount, 2, APUS_FLOAT32), g = gradient.values
        var dk = [Double](repeating: 0, count: c.kernelCount), sizes = dk
        c.forEachProduct { i, k, o in
            dk[k] += g[o] * x[i]
            sizes[k] += abs(g[o] * x[i])
        }
        let set = try #require(InstructionSet.available.last)
        for planned in 1...3 {
            let plan = try set.use(threads: Int32(planned)) {
                try #require(convolution(apus_onednn_convolution_kernel_gradient, c.shape(APUS_FLOAT32)).plan)
            }
            defer { apus_onednn_plan_destroy(plan) }
            for running in 1...3 {
                let kernelGradient = TestBuffer(APUS_FLOAT32, count: c.kernelCount)
                let biasGradient = TestBuffer(APUS_FLOAT32, count: c.outputs)
                set.use(threads: Int32(running)) {
                    #expect(execute(plan, [images, gradient, kernelGradient, biasGradient]) == 0)
                }
                expectEqual(
                    kernelGradient, dk, tolerance(APUS_FLOAT32), size: sizes, "planned \(planned), running \(running)")
            }
        }
        #expect(apus_thread_count() == number)
    }

    /// The scratch memory of a plan has a part for each thread that it was made for: more of them must not write beyond it.
    @Test(arguments: cases) func moreThreadsThanPlanned(_ c: Case) throws {
        let (x, g) = (numbers(c.imageCount, 1, APUS_FLOAT32), numbers(c.resultCount, 2, APUS_FLOAT32))
        let (kernel, bias) = (numbers(c.kernelCount, 3, APUS_FLOAT32), numbers(c.outputs, 4, APUS_FLOAT32))
        let set = try #require(InstructionSet.available.last)
        let shape = c.shape(APUS_FLOAT32)
        func result(_ make: Constructor, _ inputs: [TestBuffer?], _ counts: [Int?], running: Int32) throws
            -> [TestBuffer?]
        {
            let plan = try set.use(threads: 1) { try #require(convolution(make, shape).plan) }
            defer { apus_onednn_plan_destroy(plan) }
            let outputs = counts.map { $0.map { TestBuffer(APUS_FLOAT32, count: $0) } }
            set.use(threads: running) { #expect(execute(plan, inputs + outputs) == 0) }
            return outputs
        }
        let directions: [(Constructor, [TestBuffer?], [Int?])] = [
            (apus_onednn_convolution_forward, [x, kernel, c.hasBias ? bias : nil], [c.resultCount]),
            (apus_onednn_convolution_input_gradient, [g, kernel], [c.imageCount]),
            (apus_onednn_convolution_kernel_gradient, [x, g], [c.kernelCount, c.hasBias ? c.outputs : nil]),
        ]
        for (make, inputs, counts) in directions {
            let one = try result(make, inputs, counts, running: 1)
            #expect(try result(make, inputs, counts, running: 9) == one, "\(c.testDescription)")
        }
    }

    // MARK: Matrix products

    struct Product: Sendable {
        var batch, m, n, k: Int
        var transposedA, transposedB, sharedB: Bool
    }

    static let products: [Product] = [
        (1, 1, 1, 1), (1, 17, 33, 5), (3, 17, 33, 5), (2, 1, 7, 13), (2, 7, 1, 13), (2, 13, 7, 1), (2, 31, 64, 96),
    ]
    .flatMap { batch, m, n, k in
        (0..<8).map { bits in
            Product(
                batch: batch, m: m, n: n, k: k, transposedA: bits & 1 > 0, transposedB: bits & 2 > 0,
                sharedB: bits & 4 > 0)
        }
    }

    @Test func matrixProducts() throws { try checkProducts(APUS_FLOAT32, APUS_FLOAT32) }

    @Test(
        .enabled(if: multipliesBFloat16, "oneDNN multiplies no bfloat16 on this CPU"),
        arguments: [APUS_FLOAT32, APUS_BFLOAT16])
    func matrixProductsOfBFloat16(_ resultType: Element) throws { try checkProducts(APUS_BFLOAT16, resultType) }

    private func checkProducts(_ type: Element, _ resultType: Element) throws {
        for p in Self.products {
            let (m, n, k) = (Int64(p.m), Int64(p.n), Int64(p.k))
            var shape = apus_onednn_matrix_shape(
                batch: Int64(p.batch), m: m, n: n, k: k,
                a_batch_stride: m * k, a_row_stride: p.transposedA ? 1 : k, a_column_stride: p.transposedA ? m : 1,
                b_batch_stride: p.sharedB ? 0 : k * n, b_row_stride: p.transposedB ? 1 : n,
                b_column_stride: p.transposedB ? k : 1,
                c_batch_stride: m * n, c_row_stride: n, type: Int32(type.rawValue),
                result_type: Int32(resultType.rawValue))
            let aMemory = numbers(p.batch * p.m * p.k, 5, type), a = aMemory.values
            let bMemory = numbers((p.sharedB ? 1 : p.batch) * p.k * p.n, 6, type), b = bMemory.values
            var expected = [Double](repeating: 0, count: p.batch * p.m * p.n), sizes = expected
            for t in 0..<p.batch {
                for i in 0..<p.m {
                    for j in 0..<p.n {
                        for l in 0..<p.k {
                            let left =
                                t * Int(shape.a_batch_stride) + i * Int(shape.a_row_stride) + l
                                * Int(shape.a_column_stride)
                            let right =
                                t * Int(shape.b_batch_stride) + l * Int(shape.b_row_stride) + j
                                * Int(shape.b_column_stride)
                            expected[(t * p.m + i) * p.n + j] += a[left] * b[right]
                            sizes[(t * p.m + i) * p.n + j] += abs(a[left] * b[right])
                        }
                    }
                }
            }
            var status: Int32 = -1
            var message = [CChar](repeating: 0, count: 256)
            let plan = try #require(apus_onednn_matrix_product(&shape, &status, &message, message.count), "\(p)")
            let result = TestBuffer(resultType, count: expected.count)
            run(plan, [aMemory, bMemory, result])
            expectEqual(result, expected, tolerance(resultType), size: sizes, "\(p)")
        }
    }

    @Test func theVersionIsKnown() {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, -1, -1)
        #expect(apus_onednn_version(&major, &minor, &patch) == 0)
        #expect(major >= 2 && minor >= 0 && patch >= 0)
    }
}
