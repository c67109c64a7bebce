import CKernels
import Foundation
import Testing

/// Tensors beyond 2³¹ elements: offsets are 64 bits wide. The kernels touch few pages of memory that is only promised.
@Suite(.serialized) struct LargeOffsetTests {
    /// Bytes that read as zero, half of them before `middle`, so that an offset that wraps around reads something wrong.
    private final class Region: @unchecked Sendable {
        static let half = 10 << 30
        /// `nil` where the system promises no such amount.
        static let shared: Region? = Region()
        let middle: UnsafeMutableRawPointer

        private init?() {
            let start = mmap(
                nil, 2 * Region.half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard let start, start != MAP_FAILED else { return nil }
            middle = start + Region.half
        }
    }

    private static let isThere = Region.shared != nil

    /// Calls a kernel, one of whose buffers is the region, and forgets what was written there.
    private func run<P>(
        _ kernel: TestKernel, _ parameters: P, at floats: [Int: Float] = [:],
        _ buffers: (UnsafeMutableRawPointer) -> [UnsafeMutableRawPointer?]
    ) throws {
        let middle = try #require(Region.shared).middle
        for (place, value) in floats { middle.storeBytes(of: value, toByteOffset: 4 * place, as: Float.self) }
        let status = withUnsafePointer(to: parameters) { kernel(buffers(middle), $0) }
        #expect(status == 0)
    }

    private func float(at place: Int) throws -> Float {
        try #require(Region.shared).middle.load(fromByteOffset: 4 * place, as: Float.self)
    }

    private func forget() {
        if let region = Region.shared { madvise(region.middle - Region.half, 2 * Region.half, MADV_DONTNEED) }
    }

    private static let far = 1 << 31

    @Test(.enabled(if: isThere)) func copies() throws {
        defer { forget() }
        let far = Self.far, other = TestBuffer(APUS_FLOAT32, [3, 4])
        func parameters(source: Int, destination: Int) -> apus_copy_parameters {
            apus_copy_parameters(
                rank: 1, shape: eightAxes([2]), source_strides: eightAxes([source]),
                destination_strides: eightAxes([destination]), source_offset: 0, destination_offset: 0, element_bytes: 4
            )
        }
        try run(apus_copy, parameters(source: 1, destination: far)) { [other.pointer, $0] }
        #expect(try float(at: far) == 4)
        let back = TestBuffer(APUS_FLOAT32, count: 2)
        try run(apus_copy, parameters(source: far, destination: 1)) { [$0, back.pointer] }
        #expect(back.values == [3, 4])
    }

    @Test(.enabled(if: isThere)) func elementwiseOperands() throws {
        defer { forget() }
        let middle = try #require(Region.shared).middle
        middle.storeBytes(of: 5, toByteOffset: 4 * Self.far, as: Float.self)
        let program = try #require(
            ElementwiseProgram(
                [instruction(APUS_EW_NEG, to: .operand(1), .operand(0))],
                [
                    operand(0, APUS_FLOAT32, APUS_EW_STRIDED, dimensions: [2, 2], strides: [Self.far, 1]),
                    operand(1, output: true),
                ], count: 4))
        let result = TestBuffer(APUS_FLOAT32, count: 4)
        #expect(apus_elementwise([middle, result.pointer], UnsafeRawPointer(program.pointer)) == 0)
        #expect(result.values == [0, 0, -5, 0])
    }

    @Test(.enabled(if: isThere)) func gathers() throws {
        defer { forget() }
        let inner = (1 << 20) + 1, axis = 2049
        let parameters = apus_indexing_parameters(
            outer: 1, axis: Int64(axis), inner: Int64(inner), count: 1, type: Int64(APUS_FLOAT32.rawValue),
            index_type: Int64(APUS_INT32.rawValue))
        let row = TestBuffer(APUS_INT32, [2048]), result = TestBuffer(APUS_FLOAT32, count: inner)
        try run(apus_gather, parameters, at: [2048 * inner + 7: 6]) { [$0, row.pointer, result.pointer] }
        #expect(result.values[7] == 6)
        let rows = TestBuffer(APUS_INT32, (0..<inner).map { Double($0 == 7 ? 2048 : 0) })
        try run(apus_gather_along, parameters) { [$0, rows.pointer, result.pointer] }
        #expect(result.values[7] == 6 && result.values[8] == 0)
    }

    /// Each operand and the result of a product, with more rows than a tile.
    @Test(.enabled(if: isThere), arguments: 0..<3) func products(whichIsFar: Int) throws {
        defer { forget() }
        let (rows, n, spread) = (78, 20, 1 << 25)
        func stride(_ operand: Int) -> Int { operand == whichIsFar ? spread : operand == 0 ? 24 : n }
        // A · B with A of `rows` rows, or with B of `rows` rows.
        let (m, k) = whichIsFar == 1 ? (24, rows) : (rows, 24)
        var p = apus_gemm_parameters()
        (p.batch, p.m, p.n, p.k, p.alpha) = (1, Int64(m), Int64(n), Int64(k), 1)
        (p.a_row_stride, p.a_column_stride) = (whichIsFar == 1 ? Int64(k) : Int64(stride(0)), 1)
        (p.b_row_stride, p.b_column_stride, p.c_row_stride) = (Int64(stride(1)), 1, Int64(stride(2)))
        let (a, b) = (
            TestBuffer(APUS_FLOAT32, (0..<m * k).map { Double($0 % 11) }),
            TestBuffer(APUS_FLOAT32, (0..<k * n).map { Double($0 % 7) })
        )
        let c = TestBuffer(APUS_FLOAT32, count: n * m)
        let scratch = TestBuffer(APUS_UINT8, count: Int(apus_gemm_scratch_bytes(&p)))
        let width = whichIsFar == 0 ? k : n
        let places = (0..<width * rows).map { $0 / width * spread + $0 % width }
        var spreadOut: [Int: Float] = [:]
        if whichIsFar < 2 {
            for (place, value) in zip(places, [a, b][whichIsFar].values) { spreadOut[place] = Float(value) }
        }
        try run(apus_gemm_float32, p, at: spreadOut) {
            var all: [UnsafeMutableRawPointer?] = [
                a.pointer, b.pointer, c.pointer, nil, nil, nil, nil, scratch.pointer,
            ]
            all[whichIsFar] = $0
            return all
        }
        let result = try whichIsFar == 2 ? places.map { Double(try float(at: $0)) } : c.values
        let (x, y) = (a.values, b.values)
        #expect(
            result == (0..<n * m).map { i in (0..<k).reduce(0) { $0 + x[i / n * k + $1] * y[$1 * n + i % n] } })
    }

    /// Reads all of 2³¹ bytes, which are one page of zeros.
    @Test(.enabled(if: isThere)) func reductions() throws {
        defer { forget() }
        let (rows, inner) = (33, 1 << 24)
        let p = apus_reduce_parameters(
            rank: 4, shape: eightAxes([rows, 2, 2, inner]), reduced: 0b1010, operation: Int64(APUS_REDUCE_ANY.rawValue),
            type: Int64(APUS_UINT8.rawValue), result_type: Int64(APUS_BOOL.rawValue))
        let middle = try #require(Region.shared).middle
        middle.storeBytes(of: 1, toByteOffset: (32 * 4 + 3) * inner + 5, as: UInt8.self)
        let result = TestBuffer(APUS_BOOL, count: 2 * rows)
        let bytes = withUnsafePointer(to: p) { Int(apus_reduce_scratch_bytes($0)) }
        let scratch = TestBuffer(APUS_UINT8, count: bytes)
        try run(apus_reduce, p) { [$0, result.pointer, scratch.pointer] }
        #expect(result.values == (0..<2 * rows).map { $0 == 65 ? 1 : 0 })
    }
}
