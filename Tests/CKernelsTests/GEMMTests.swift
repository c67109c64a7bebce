import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// A product to check, with everything that changes its path through the kernel.
private struct Product: CustomTestStringConvertible, Sendable {
    enum Layout: Sendable { case rows, columns, strided }

    var m: Int, n: Int, k: Int
    var batch = 1
    var a = Layout.rows, b = Layout.rows
    var activation = APUS_ACTIVATION_NONE
    var bias = false, derivative = false, columnSums = false
    /// Whether a tensor is added, which may be the one that is overwritten.
    var adds = false, addsInPlace = false
    var sharesA = false, sharesB = false
    var alpha: Float = 1
    /// Unused elements after each row of C.
    var gap = 0

    var testDescription: String {
        "\(batch)x \(m)x\(k)x\(n) a: \(a) b: \(b) activation: \(activation.rawValue) bias: \(bias) "
            + "derivative: \(derivative) adds: \(adds) in place: \(addsInPlace) sums: \(columnSums) alpha: \(alpha)"
    }

    func strides(_ layout: Layout, rows: Int, columns: Int) -> (row: Int, column: Int, matrix: Int) {
        switch layout {
        case .rows: (columns, 1, rows * columns)
        case .columns: (1, rows, rows * columns)
        case .strided: (columns * 3 + 1, 3, rows * (columns * 3 + 1))
        }
    }

    var parameters: apus_gemm_parameters {
        var p = apus_gemm_parameters()
        (p.batch, p.m, p.n, p.k) = (Int64(batch), Int64(m), Int64(n), Int64(k))
        let a = strides(self.a, rows: m, columns: k), b = strides(self.b, rows: k, columns: n)
        (p.a_row_stride, p.a_column_stride) = (Int64(a.row), Int64(a.column))
        (p.b_row_stride, p.b_column_stride) = (Int64(b.row), Int64(b.column))
        p.a_batch_stride = sharesA ? 0 : Int64(a.matrix)
        p.b_batch_stride = sharesB ? 0 : Int64(b.matrix)
        p.c_row_stride = Int64(n + gap)
        p.c_batch_stride = Int64(m * (n + gap))
        p.activation = Int32(activation.rawValue)
        p.has_bias = bias ? 1 : 0
        p.derivative = derivative ? 1 : 0
        p.adds = adds ? 1 : 0
        p.column_sums = columnSums ? 1 : 0
        p.alpha = alpha
        return p
    }
}

/// Operands and results of a product. The buffers end where the tensors end, with a guard after the outputs.
private final class Operands {
    let product: Product
    let a, b, c, bias, y, sums, added: UnsafeMutableBufferPointer<Float>
    let initialC: [Float]
    private static let guardValue: Float = 12345

    init(_ product: Product, seed: UInt64 = 1) {
        self.product = product
        var random = SeededGenerator(seed: seed)
        func buffer(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: (count + 16) * 4, alignment: 64)
            let floats = memory.bindMemory(to: Float.self, capacity: count + 16)
            for i in 0..<count { floats[i] = Float(random.real()) }
            for i in count..<count + 16 { floats[i] = Self.guardValue }
            return .init(start: floats, count: count)
        }
        let p = product.parameters
        a = buffer(product.strides(product.a, rows: product.m, columns: product.k).matrix * product.batch)
        b = buffer(product.strides(product.b, rows: product.k, columns: product.n).matrix * product.batch)
        c = buffer(Int(p.c_batch_stride) * product.batch)
        bias = buffer(product.n)
        y = buffer(c.count)
        sums = buffer(product.n * product.batch)
        added = buffer(c.count)
        initialC = Array(c)
    }

    deinit {
        for buffer in [a, b, c, bias, y, sums, added] { UnsafeMutableRawPointer(buffer.baseAddress!).deallocate() }
    }

    /// Computes C anew.
    func run() {
        _ = c.update(from: initialC)
        var p = product.parameters
        let bytes = Int(apus_gemm_scratch_bytes(&p))
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
        defer { scratch.deallocate() }
        scratch.initializeMemory(as: Float.self, repeating: .nan, count: bytes / 4)
        scratch.storeBytes(of: Self.guardValue, toByteOffset: bytes, as: Float.self)
        let pointers: [UnsafeMutableRawPointer?] = [
            .init(a.baseAddress!), .init(b.baseAddress!), .init(c.baseAddress!),
            product.bias ? .init(bias.baseAddress!) : nil, product.derivative ? .init(y.baseAddress!) : nil,
            product.columnSums ? .init(sums.baseAddress!) : nil,
            product.adds ? .init((product.addsInPlace ? c : added).baseAddress!) : nil, bytes > 0 ? scratch : nil,
        ]
        #expect(apus_gemm_float32(pointers, &p) == 0)
        #expect(scratch.load(fromByteOffset: bytes, as: Float.self) == Self.guardValue)
        for buffer in [c, sums] {
            #expect((0..<16).allSatisfy { buffer.baseAddress![buffer.count + $0] == Self.guardValue })
        }
    }

    /// The largest error of C and of the sums, relative to the sum of the magnitudes that were added.
    func largestError() -> Double {
        let p = product.parameters
        var largest = 0.0
        func note(_ value: Float, _ expected: Double, _ magnitude: Double) {
            let error = abs(Double(value) - expected) / (magnitude + 1e-30)
            largest = error.isNaN ? .infinity : max(largest, error)
        }
        for z in 0..<product.batch {
            for i in 0..<product.m {
                for j in 0..<product.n + product.gap {
                    let at = z * Int(p.c_batch_stride) + i * Int(p.c_row_stride) + j
                    guard j < product.n else {
                        note(c[at], Double(initialC[at]), 0)
                        continue
                    }
                    var sum = 0.0, magnitude = 0.0
                    for k in 0..<product.k {
                        let x = a[z * Int(p.a_batch_stride) + i * Int(p.a_row_stride) + k * Int(p.a_column_stride)]
                        let w = b[z * Int(p.b_batch_stride) + k * Int(p.b_row_stride) + j * Int(p.b_column_stride)]
                        sum += Double(x) * Double(w)
                        magnitude += abs(Double(x) * Double(w))
                    }
                    sum *= Double(product.alpha)
                    magnitude *= abs(Double(product.alpha))
                    if product.bias {
                        sum += Double(bias[j])
                        magnitude += abs(Double(bias[j]))
                    }
                    if product.adds {
                        let other = Double(product.addsInPlace ? initialC[at] : added[at])
                        sum += other
                        magnitude += abs(other)
                    }
                    let output = Double(y[at])
                    if product.derivative {
                        let slope =
                            switch product.activation {
                            case APUS_ACTIVATION_RELU: output > 0 ? 1.0 : 0
                            case APUS_ACTIVATION_SIGMOID: output * (1 - output)
                            case APUS_ACTIVATION_TANH: 1 - output * output
                            default: 1.0
                            }
                        note(c[at], sum * slope, magnitude * abs(slope))
                    } else {
                        switch product.activation {
                        case APUS_ACTIVATION_RELU: note(c[at], max(sum, 0), magnitude)
                        case APUS_ACTIVATION_SIGMOID: note(c[at], 1 / (1 + exp(-sum)), magnitude + 1)
                        case APUS_ACTIVATION_TANH: note(c[at], tanh(sum), magnitude + 1)
                        default: note(c[at], sum, magnitude)
                        }
                    }
                }
            }
            if product.columnSums {
                for j in 0..<product.n {
                    let column = (0..<product.k).map { k in
                        Double(b[z * Int(p.b_batch_stride) + k * Int(p.b_row_stride) + j * Int(p.b_column_stride)])
                    }
                    note(sums[z * product.n + j], column.reduce(0, +), column.reduce(0) { $0 + abs($1) })
                }
            }
        }
        return largest
    }
}

@Suite("Matrix product", .serialized)
struct GEMMTests {
    /// Shapes around the tile sizes, each with another combination of the rest.
    private static let products: [Product] = {
        let sizes = [1, 2, 3, 6, 7, 10, 13, 16, 17, 31, 33, 64, 65, 97]
        var generator = SeededGenerator(seed: 7)
        func random(_ bound: Int) -> Int { generator.below(bound) }
        let activations = [
            APUS_ACTIVATION_NONE, APUS_ACTIVATION_RELU, APUS_ACTIVATION_SIGMOID, APUS_ACTIVATION_TANH,
        ]
        let layouts: [Product.Layout] = [.rows, .columns, .rows, .columns, .strided]
        var products = (0..<160).map { index in
            var product = Product(m: sizes[random(14)], n: sizes[random(14)], k: sizes[random(14)])
            product.batch = [1, 1, 1, 2, 3][random(5)]
            product.a = layouts[random(5)]
            product.b = layouts[random(5)]
            product.adds = random(4) == 0
            product.addsInPlace = random(2) == 0
            product.activation = activations[random(4)]
            product.bias = random(2) == 0
            product.derivative = random(3) == 0
            product.columnSums = random(2) == 0
            product.sharesA = random(4) == 0
            product.sharesB = random(4) == 0
            product.alpha = [1, -0.375][random(2)]
            product.gap = random(3) == 0 ? 5 : 0
            return product
        }
        // Several blocks of k and of rows, and packing of both operands.
        products.append(
            Product(
                m: 300, n: 270, k: 1100, a: .columns, activation: APUS_ACTIVATION_RELU, bias: true, columnSums: true))
        products.append(Product(m: 37, n: 19, k: 2100, b: .columns, activation: APUS_ACTIVATION_TANH, derivative: true))
        products.append(Product(m: 260, n: 60, k: 1030, columnSums: true, adds: true, addsInPlace: true))
        products.append(
            Product(m: 30, n: 40, k: 2050, activation: APUS_ACTIVATION_RELU, bias: true, adds: true, gap: 3))
        // Many rows: blocks that follow each other, of one panel and of two, the last one shorter.
        products.append(Product(m: 531, n: 20, k: 33, activation: APUS_ACTIVATION_RELU, bias: true, adds: true))
        products.append(Product(m: 515, n: 70, k: 19, b: .columns, adds: true, addsInPlace: true))
        // Tall ones, in parts and their transpose, and where more than the product is wanted.
        products.append(Product(m: 65, n: 17, k: 25_601, a: .columns, alpha: -0.375, gap: 5))
        products.append(Product(m: 18, n: 64, k: 25_650, a: .columns, gap: 2))
        products.append(Product(m: 67, n: 3, k: 30_003, a: .columns, columnSums: true, adds: true, addsInPlace: true))
        products.append(Product(m: 4, n: 66, k: 30_010, a: .columns, activation: APUS_ACTIVATION_RELU, bias: true))
        return products
    }()

    @Test(
        "agrees with Float64 on every instruction set, with the same bits for 1, 2 and 5 threads",
        arguments: products)
    private func agrees(_ product: Product) {
        let operands = Operands(product)
        for set in InstructionSet.available {
            let results = [1, 2, 5].map { threads in
                set.use(threads: threads) {
                    operands.run()
                    return (Array(operands.c) + Array(operands.sums)).map(\.bitPattern)
                }
            }
            #expect(results[1] == results[0] && results[2] == results[0], "\(set.testDescription)")
            #expect(operands.largestError() < 1e-6, "\(set.testDescription)")
        }
    }

    @Test("a matrix is copied where it does not stay in the CPU's second-level cache")
    func cachesDecideWhatIsCopied() {
        func bytes(_ k: Int, _ n: Int) -> [Int64] {
            [256, 512, 1024, 2048].map { (kilobytes: Int) in
                var p = Product(m: 128, n: n, k: k).parameters
                return apus_gemm_scratch_bytes_with(&p, Int64(kilobytes) << 10)
            }
        }
        #expect(bytes(784, 256) == [802_816, 802_816, 0, 0])
        #expect(bytes(256, 256) == [0, 0, 0, 0])
        // More than 1 MiB is copied everywhere.
        #expect(bytes(600, 512) == Array(repeating: 600 * 512 * 4, count: 4))
    }

    @Test("an empty sum is zero, plus bias and activation")
    func emptySum() {
        let operands = Operands(
            Product(m: 7, n: 19, k: 0, activation: APUS_ACTIVATION_SIGMOID, bias: true, columnSums: true))
        onEveryInstructionSet {
            operands.run()
            #expect(operands.largestError() < 1e-6)
            #expect(operands.sums.allSatisfy { $0 == 0 })
        }
    }

    @Test(
        "nothing is written when there are no rows, columns or matrices",
        arguments: [(0, 3, 1), (3, 0, 1), (3, 3, 0)])
    func empty(m: Int, n: Int, batch: Int) {
        let operands = Operands(Product(m: m, n: n, k: 4, batch: batch))
        onEveryInstructionSet { operands.run() }
    }

    @Test("NaN and infinity reach the result", arguments: [(1, 5), (13, 40), (130, 70)])
    func special(m: Int, n: Int) {
        for layout in [Product.Layout.rows, .columns] {
            for activation in [
                APUS_ACTIVATION_NONE, APUS_ACTIVATION_RELU, APUS_ACTIVATION_SIGMOID, APUS_ACTIVATION_TANH,
            ] {
                let operands = Operands(Product(m: m, n: n, k: 9, b: layout, activation: activation))
                // 0 · inf is NaN, and is not skipped.
                for k in 0..<9 { operands.a[k] = 0 }
                let column = layout == .rows ? 4 * n : 4
                operands.b[column] = .infinity
                onEveryInstructionSet {
                    operands.run()
                    #expect(operands.c[0].isNaN)
                    #expect(operands.c[1].isFinite)
                    if m > 1, activation == APUS_ACTIVATION_NONE {
                        #expect(operands.c[n] == .infinity * (operands.a[9 + 4] < 0 ? -1 : 1))
                    }
                    if m > 1, activation == APUS_ACTIVATION_TANH { #expect(abs(operands.c[n]) == 1) }
                }
            }
        }
    }

    @Test(
        "sigmoid and tanh are accurate to 3e-7 everywhere",
        arguments: [APUS_ACTIVATION_SIGMOID, APUS_ACTIVATION_TANH])
    func accuracy(activation: apus_activation) {
        // The identity: a column of values times 1.
        var values: [Float] = [0, -0.0, .infinity, -.infinity, 1e-30, -1e-30, 1e30, -1e30, 88.8, -88.8, 103, -103]
        values += (0..<6000).map { Float($0 - 3000) / 30 }
        values += (0..<3000).map { Float(sign: $0 % 2 == 0 ? .plus : .minus, exponent: -$0 / 30, significand: 1.37) }
        let operands = Operands(Product(m: values.count, n: 1, k: 1, activation: activation))
        _ = operands.a.update(from: values)
        operands.b[0] = 1
        onEveryInstructionSet {
            operands.run()
            for (x, y) in zip(values, operands.c) {
                let exact = activation == APUS_ACTIVATION_TANH ? tanh(Double(x)) : 1 / (1 + exp(-Double(x)))
                #expect(abs(Double(y) - exact) <= 3e-7 * abs(exact) + 1.5e-45, "\(x)")
            }
        }
    }
}
