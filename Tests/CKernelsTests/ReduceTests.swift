import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

@Suite(.serialized)
struct ReduceTests {
    private let operations = [
        APUS_REDUCE_SUM, APUS_REDUCE_MEAN, APUS_REDUCE_MAX, APUS_REDUCE_MIN, APUS_REDUCE_PRODUCT, APUS_REDUCE_ANY,
        APUS_REDUCE_ALL,
    ]

    private func parameters(
        _ shape: [Int], _ mask: Int, _ operation: apus_reduce_operation, _ type: apus_type,
        _ result: apus_type
    ) -> apus_reduce_parameters {
        apus_reduce_parameters(
            rank: Int64(shape.count), shape: eightAxes(shape), reduced: Int64(mask),
            operation: Int64(operation.rawValue), type: Int64(type.rawValue), result_type: Int64(result.rawValue))
    }

    private func fold(_ terms: [Double], _ operation: apus_reduce_operation) -> Double {
        switch operation {
        case APUS_REDUCE_SUM: terms.reduce(0, +)
        case APUS_REDUCE_MEAN: terms.reduce(0, +) / Double(terms.count)
        case APUS_REDUCE_MAX: terms.contains { $0.isNaN } ? .nan : terms.max()!
        case APUS_REDUCE_MIN: terms.contains { $0.isNaN } ? .nan : terms.min()!
        case APUS_REDUCE_PRODUCT: terms.reduce(1, *)
        case APUS_REDUCE_ANY: terms.contains { $0 != 0 } ? 1 : 0
        default: terms.allSatisfy { $0 != 0 } ? 1 : 0
        }
    }

    private func expected(
        _ values: [Double], _ shape: [Int], _ mask: Int,
        _ operation: apus_reduce_operation
    ) -> [Double] {
        let kept = shape.indices.filter { mask >> $0 & 1 == 0 }
        let strides = rowMajorStrides(kept.map { shape[$0] })
        var terms = [[Double]](repeating: [], count: kept.map { shape[$0] }.reduce(1, *))
        for (index, value) in zip(allIndices(shape), values) {
            terms[zip(kept, strides).map { index[$0] * $1 }.reduce(0, +)].append(value)
        }
        return terms.map { fold($0, operation) }
    }

    @Test(arguments: allTypes)
    func everyOperation(type: apus_type) {
        var random = SeededGenerator(seed: 5)
        for operation in operations {
            for round in 0..<24 {
                let rank = Int.random(in: 0...4, using: &random)
                var shape = (0..<rank).map { _ in random.pick([1, 2, 3, 7, 17]) }
                if round == 22 { shape = [300, 10] }
                if round == 23 { shape = [3, 700] }
                let mask = Int.random(in: 0..<1 << shape.count, using: &random)
                let count = shape.reduce(1, *)
                let floats = type.rawValue < 3
                var values =
                    floats
                    ? random.reals(count, 4) : random.integers(count, operation == APUS_REDUCE_PRODUCT ? 0..<2 : 0..<5)
                if operation == APUS_REDUCE_PRODUCT, floats { values = values.map { $0 < 0 ? 0.99 : 1.01 } }
                if floats, round % 4 == 3, operation != APUS_REDUCE_PRODUCT { values[count / 2] = .nan }
                let x = TestBuffer(type, values)
                let resultType =
                    operation == APUS_REDUCE_ANY || operation == APUS_REDUCE_ALL
                    ? APUS_BOOL
                    : type.rawValue >= 5 && operation != APUS_REDUCE_MAX && operation != APUS_REDUCE_MIN
                        ? APUS_INT64 : type
                let p = parameters(shape, mask, operation, type, resultType)
                let want = expected(x.values, shape, mask, operation)
                // Products have no terms that cancel, extremes none that are added.
                let sizes =
                    operation == APUS_REDUCE_SUM || operation == APUS_REDUCE_MEAN
                    ? expected(x.values.map(abs), shape, mask, operation) : [0]
                everywhere { _ in
                    let y = TestBuffer(resultType, count: want.count)
                    let scratch = TestBuffer(
                        APUS_UINT8,
                        count: Int(
                            withUnsafePointer(to: p) {
                                apus_reduce_scratch_bytes($0)
                            }))
                    let status = runKernel(apus_reduce, p, [x, y, scratch])
                    if operation == APUS_REDUCE_MEAN && !floats {
                        #expect(status == Int32(APUS_STATUS_UNSUPPORTED.rawValue))
                        return [TestBuffer]()
                    }
                    #expect(status == 0)
                    let exact = operation == APUS_REDUCE_MAX || operation == APUS_REDUCE_MIN || !floats
                    expectEqual(
                        y, want, exact ? 0 : tolerance(type) / 2, size: sizes,
                        "\(operation) \(shape) \(mask)")
                    return [y]
                }
            }
        }
    }

    /// Split into parts, whose number must not depend on the threads; accurate to 1e-6.
    @Test(arguments: [
        ([1_000_003], 1), ([1000, 1001], 1), ([1001, 1000], 2), ([30000, 10], 1), ([20000, 6], 1),
        ([7, 90, 130], 5), ([9, 100, 101, 2], 5),
    ])
    func largeSums(shape: [Int], mask: Int) {
        var random = SeededGenerator(seed: 6)
        let x = TestBuffer(APUS_FLOAT32, random.reals(shape.reduce(1, *)).map { $0 + 1 })
        let want = expectedSums(x.values, shape, mask)
        let p = parameters(shape, mask, APUS_REDUCE_SUM, APUS_FLOAT32, APUS_FLOAT32)
        everywhere { _ in
            let y = TestBuffer(APUS_FLOAT32, count: want.count)
            let scratch = TestBuffer(APUS_UINT8, count: Int(withUnsafePointer(to: p) { apus_reduce_scratch_bytes($0) }))
            #expect(runKernel(apus_reduce, p, [x, y, scratch]) == 0)
            for (value, sum) in zip(y.values, want) { #expect(abs(value - sum) <= 1e-6 * sum) }
            return [y]
        }
    }

    private func expectedSums(_ values: [Double], _ shape: [Int], _ mask: Int) -> [Double] {
        let strides = rowMajorStrides(shape), kept = shape.indices.filter { mask >> $0 & 1 == 0 }
        let keptStrides = rowMajorStrides(kept.map { shape[$0] })
        var sums = [Double](repeating: 0, count: kept.map { shape[$0] }.reduce(1, *))
        for (i, value) in values.enumerated() {
            var at = 0
            for (axis, stride) in zip(kept, keptStrides) { at += i / strides[axis] % shape[axis] * stride }
            sums[at] += value
        }
        return sums
    }

    @Test(arguments: allTypes, [0, 1])
    func argMax(type: apus_type, minimum: Int64) {
        var random = SeededGenerator(seed: 7)
        for (outer, axis, inner) in [(1, 1, 1), (17, 10, 1), (3, 300, 1), (2, 17, 70), (5, 129, 3), (200, 128, 1)] {
            var values = random.integers(outer * axis * inner, 0..<9)
            if type.rawValue < 3 {
                values = values.map { $0 - 4 }
                for i in stride(from: 3, to: values.count, by: 97) { values[i] = .nan }
            }
            let x = TestBuffer(type, values), read = x.values
            let want = (0..<outer * inner).map { line -> Double in
                var best = 0
                func at(_ a: Int) -> Double { read[(line / inner * axis + a) * inner + line % inner] }
                for a in 1..<max(axis, 2) where a < axis && !at(best).isNaN {
                    if at(a).isNaN || (minimum == 1 ? at(a) < at(best) : at(a) > at(best)) { best = a }
                }
                return Double(best)
            }
            for indexType in [APUS_INT32, APUS_INT64] {
                let p = apus_argmax_parameters(
                    outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), type: Int64(type.rawValue),
                    index_type: Int64(indexType.rawValue), minimum: minimum)
                everywhere { _ in
                    let y = TestBuffer(indexType, count: want.count)
                    #expect(runKernel(apus_argmax, p, [x, y]) == 0)
                    expectEqual(y, want, 0, "\(outer) \(axis) \(inner)")
                    return [y]
                }
            }
        }
    }

    @Test(arguments: allTypes.dropLast())
    func cumulativeSum(type: apus_type) {
        var random = SeededGenerator(seed: 8)
        for (outer, axis, inner) in [(1, 1, 1), (3, 17, 1), (2, 9, 70), (1, 5000, 4)] {
            let x = TestBuffer(type, random.integers(outer * axis * inner, 0..<4)), values = x.values
            for (exclusive, reverse) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                var want = values
                for o in 0..<outer {
                    for i in 0..<inner {
                        var sum = 0.0
                        for step in 0..<axis {
                            let at = (o * axis + (reverse == 1 ? axis - 1 - step : step)) * inner + i
                            want[at] = exclusive == 1 ? sum : sum + values[at]
                            sum += values[at]
                        }
                    }
                }
                if type == APUS_UINT8 { want = want.map { $0.truncatingRemainder(dividingBy: 256) } }
                let p = apus_cumulative_sum_parameters(
                    outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), type: Int64(type.rawValue),
                    exclusive: Int64(exclusive), reverse: Int64(reverse))
                everywhere { _ in
                    let y = TestBuffer(type, count: x.count)
                    #expect(runKernel(apus_cumulative_sum, p, [x, y]) == 0)
                    expectEqual(y, want, type == APUS_BFLOAT16 ? 1e-2 : 0)
                    return [y]
                }
            }
        }
    }

    @Test(arguments: allTypes, [0, 1])
    func argSort(type: apus_type, descending: Int64) {
        var random = SeededGenerator(seed: 9)
        for (outer, axis, inner, count) in [(1, 1, 1, 1), (3, 17, 2, 5), (2, 100, 1, 100), (1, 1000, 3, 10)] {
            var values = random.integers(outer * axis * inner, 0..<9)
            if type.rawValue < 3 {
                values = values.map { $0 == 8 ? .nan : $0 == 7 ? -0.0 : $0 - 4 }
            }
            let x = TestBuffer(type, values), read = x.values.map { $0.isNaN ? Double.infinity : $0 }
            var want = [Double](repeating: 0, count: outer * count * inner)
            for o in 0..<outer {
                for i in 0..<inner {
                    func at(_ a: Int) -> Double { read[(o * axis + a) * inner + i] }
                    let sorted = (0..<axis).sorted {
                        at($0) == at($1) ? $0 < $1 : descending == 1 ? at($0) > at($1) : at($0) < at($1)
                    }
                    for k in 0..<count { want[(o * count + k) * inner + i] = Double(sorted[k]) }
                }
            }
            let p = apus_argsort_parameters(
                outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), count: Int64(count),
                type: Int64(type.rawValue), index_type: Int64(APUS_INT32.rawValue), descending: descending)
            everywhere { _ in
                let y = TestBuffer(APUS_INT32, count: want.count)
                let scratch = TestBuffer(
                    APUS_UINT8,
                    count: Int(
                        withUnsafePointer(to: p) {
                            apus_argsort_scratch_bytes($0)
                        }))
                #expect(runKernel(apus_argsort, p, [x, y, scratch]) == 0)
                expectEqual(y, want)
                return [y]
            }
        }
    }
}
