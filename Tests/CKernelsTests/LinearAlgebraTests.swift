import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// Batches of matrices by LAPACK. What the factors are is tested with the operations.
@Suite(.serialized) struct LinearAlgebraTests {
    private let types = [APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT64]

    private func factorized(
        _ factorization: apus_factorization, _ count: Int, _ rows: Int, _ columns: Int, _ type: apus_type,
        _ values: [Double], results: Int
    ) -> TestBuffer {
        let parameters = apus_factorize_parameters(
            count: Int64(count), rows: Int64(rows), columns: Int64(columns), type: Int64(type.rawValue),
            factorization: Int64(factorization.rawValue))
        let result = TestBuffer(type, count: count * results)
        let scratch = TestBuffer(
            APUS_UINT8, count: Int(withUnsafePointer(to: parameters, apus_factorize_scratch_bytes)))
        let status = runKernel(apus_factorize, parameters, [TestBuffer(type, values), result, scratch])
        #expect(status == APUS_STATUS_OK.rawValue)
        return result
    }

    /// Every matrix of a large batch is what it is alone, on any number of threads, and takes no more scratch than it says.
    @Test(arguments: [(1, 1), (3, 5), (6, 4), (40, 40)]) func batches(rows: Int, columns: Int) {
        var random = SeededGenerator(seed: 3)
        let (count, k) = (37, min(rows, columns))
        let values = (0..<count * rows * columns).map { _ in Double.random(in: -1...1, using: &random) }
        let square = rows == columns
        let factorizations: [(apus_factorization, Int)] =
            [(APUS_QR, (rows + columns) * k), (APUS_SVD, (rows + columns + 1) * k)]
            + (square ? [(APUS_CHOLESKY, rows * rows), (APUS_DETERMINANT, 3), (APUS_EIGH, rows * rows + rows)] : [])
        for (factorization, results) in factorizations {
            for type in types {
                let whole = [1, 2, 3].map { threads in
                    InstructionSet.available[0].use(threads: Int32(threads)) {
                        factorized(factorization, count, rows, columns, type, values, results: results)
                    }
                }
                #expect(whole[0] == whole[1] && whole[0] == whole[2])
                let bytes = TestBuffer.bytes(type) * results
                for matrix in [0, 17, count - 1] {
                    let size = rows * columns
                    let alone = factorized(
                        factorization, 1, rows, columns, type, Array(values[matrix * size..<(matrix + 1) * size]),
                        results: results)
                    #expect(Array(whole[0].content[matrix * bytes..<(matrix + 1) * bytes]) == alone.content)
                }
            }
        }
    }

    @Test(arguments: [APUS_SYSTEM_GENERAL, APUS_SYSTEM_LOWER, APUS_SYSTEM_UPPER]) func systems(system: apus_system) {
        var random = SeededGenerator(seed: 4)
        let (count, n, m) = (21, 30, 3)
        // Products of whole numbers are exact in every type.
        let x = (0..<count * n * m).map { _ in Double(Int.random(in: -2...2, using: &random)) }
        var a = (0..<count * n * n).map { _ in Double(Int.random(in: -1...1, using: &random)) }
        for index in 0..<count * n { a[index * n + index % n] += 8 }
        var b = [Double](repeating: 0, count: count * n * m)
        for matrix in 0..<count {
            for i in 0..<n {
                for j in 0..<n where !(system == APUS_SYSTEM_LOWER && j > i || system == APUS_SYSTEM_UPPER && j < i) {
                    for column in 0..<m {
                        b[(matrix * n + i) * m + column] +=
                            a[(matrix * n + i) * n + j] * x[(matrix * n + j) * m + column]
                    }
                }
            }
        }
        for type in types {
            let parameters = apus_solve_parameters(
                count: Int64(count), size: Int64(n), columns: Int64(m), type: Int64(type.rawValue),
                system: Int64(system.rawValue))
            let results = [1, 2, 3].map { threads in
                let result = TestBuffer(type, count: x.count)
                let scratch = TestBuffer(
                    APUS_UINT8, count: Int(withUnsafePointer(to: parameters, apus_solve_scratch_bytes)))
                InstructionSet.available[0].use(threads: Int32(threads)) {
                    let status = runKernel(
                        apus_solve, parameters, [TestBuffer(type, a), TestBuffer(type, b), result, scratch])
                    #expect(status == APUS_STATUS_OK.rawValue)
                }
                return result
            }
            expectEqual(results[0], x, 1e-12, size: [1], "\(type)")
            #expect(results[0] == results[1] && results[0] == results[2])
        }
    }

    /// A BLAS that uses OpenMP is told to use one thread; the loops of kernels are not.
    @Test func threadsAreThereAfterwards() {
        // The number is each thread's own: no other test has changed it on a new one.
        final class Counts: @unchecked Sendable { var values: [Int32] = [] }
        let (counts, done) = (Counts(), DispatchSemaphore(value: 0))
        Thread {
            counts.values.append(apus_thread_count())
            _ = LinearAlgebraTests().factorized(APUS_DETERMINANT, 1, 1, 1, APUS_FLOAT64, [2], results: 3)
            counts.values.append(apus_thread_count())
            done.signal()
        }.start()
        done.wait()
        #expect(counts.values[0] == counts.values[1])
    }

    /// The mode in which a program runs is the same afterwards.
    @Test func floatModeIsRestored() {
        let before = apus_flush_denormals()
        let inside = apus_flush_denormals()
        _ = factorized(APUS_DETERMINANT, 1, 1, 1, APUS_FLOAT64, [2], results: 3)
        let after = apus_keep_denormals()
        #expect(after == inside && apus_keep_denormals() != inside)
        apus_restore_denormals(before)
    }

    @Test func integersAreRefused() {
        let parameters = apus_factorize_parameters(
            count: 1, rows: 1, columns: 1, type: Int64(APUS_INT32.rawValue), factorization: 0)
        let status = runKernel(
            apus_factorize, parameters, [TestBuffer(APUS_INT32, [1]), TestBuffer(APUS_INT32, [1]), nil])
        #expect(status == APUS_STATUS_UNSUPPORTED.rawValue)
    }
}
