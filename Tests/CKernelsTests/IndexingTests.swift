import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

@Suite(.serialized)
struct IndexingTests {
    private struct Case {
        var outer, axis, inner, count: Int
        func parameters(_ type: apus_type, _ indexType: apus_type) -> apus_indexing_parameters {
            apus_indexing_parameters(
                outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), count: Int64(count),
                type: Int64(type.rawValue), index_type: Int64(indexType.rawValue))
        }
    }

    private let cases = [
        Case(outer: 1, axis: 1, inner: 1, count: 1), Case(outer: 3, axis: 17, inner: 5, count: 33),
        Case(outer: 1, axis: 50, inner: 64, count: 700), Case(outer: 2, axis: 3, inner: 1, count: 4),
    ]

    @Test(arguments: allTypes, [APUS_INT32, APUS_INT64])
    func gatherAndScatter(type: apus_type, indexType: apus_type) {
        var random = SeededGenerator(seed: 4)
        for c in cases {
            let parameters = c.parameters(type, indexType)
            let x = TestBuffer(type, random.integers(c.outer * c.axis * c.inner, 0..<100))
            let g = TestBuffer(type, random.integers(c.outer * c.count * c.inner, 0..<3))
            let rows = TestBuffer(indexType, random.integers(c.count, 0..<c.axis))
            let along = TestBuffer(indexType, random.integers(g.count, 0..<c.axis))
            // Where element `at` of the smaller tensor comes from in the larger one.
            func place(_ at: Int, _ index: Double) -> Int {
                (at / (c.count * c.inner) * c.axis + Int(index)) * c.inner + at % c.inner
            }
            let rowPlaces = (0..<g.count).map { place($0, rows.values[$0 / c.inner % c.count]) }
            let indices = along.values
            let alongPlaces = (0..<g.count).map { place($0, indices[$0]) }
            let scratch = TestBuffer(
                APUS_UINT8,
                count: Int(
                    withUnsafePointer(to: parameters) {
                        apus_scatter_add_scratch_bytes($0)
                    }))
            everywhere { _ in
                var results: [TestBuffer] = []
                for (places, index, gather, scatter) in [
                    (rowPlaces, rows, apus_gather as TestKernel, apus_scatter_add as TestKernel),
                    (alongPlaces, along, apus_gather_along, apus_scatter_add_along),
                ] {
                    let y = TestBuffer(type, count: g.count)
                    #expect(runKernel(gather, parameters, [x, index, y]) == 0)
                    let values = x.values
                    expectEqual(y, places.map { values[$0] })
                    results.append(y)
                    guard type != APUS_BOOL else { continue }
                    let sums = TestBuffer(type, count: x.count)
                    #expect(runKernel(scatter, parameters, [g, index, sums, scratch]) == 0)
                    var expected = [Double](repeating: 0, count: x.count)
                    for (place, value) in zip(places, g.values) { expected[place] += value }
                    expectEqual(sums, expected, type == APUS_BFLOAT16 ? 1e-2 : 0)
                    results.append(sums)
                }
                return results
            }
        }
    }

    @Test func outOfRange() {
        let c = cases[1], x = TestBuffer(APUS_FLOAT32, count: c.outer * c.axis * c.inner)
        let y = TestBuffer(APUS_FLOAT32, count: c.outer * c.count * c.inner), before = y.content
        for wrong in [-1.0, 17] {
            let rows = TestBuffer(APUS_INT32, [Double](repeating: 0, count: c.count - 1) + [wrong])
            #expect(
                runKernel(apus_gather, c.parameters(APUS_FLOAT32, APUS_INT32), [x, rows, y])
                    == Int32(APUS_STATUS_INDEX_OUT_OF_RANGE.rawValue))
            let along = TestBuffer(APUS_INT64, [wrong] + [Double](repeating: 0, count: y.count - 1))
            #expect(
                runKernel(apus_gather_along, c.parameters(APUS_FLOAT32, APUS_INT64), [x, along, y])
                    == Int32(APUS_STATUS_INDEX_OUT_OF_RANGE.rawValue))
            #expect(
                runKernel(apus_scatter_add, c.parameters(APUS_FLOAT32, APUS_INT32), [y, rows, x, nil])
                    == Int32(APUS_STATUS_INDEX_OUT_OF_RANGE.rawValue))
        }
        #expect(y.content == before)
    }

    @Test(arguments: allTypes)
    func oneHot(type: apus_type) {
        for indexType in [APUS_INT32, APUS_INT64, APUS_UINT8] {
            let classes: [Double] = [3, 0, 9, 9, 1]
            let indices = TestBuffer(indexType, classes), y = TestBuffer(type, count: 50)
            let parameters = apus_one_hot_parameters(
                count: 5, classes: 10, type: Int64(type.rawValue), index_type: Int64(indexType.rawValue))
            #expect(runKernel(apus_one_hot, parameters, [indices, y]) == 0)
            expectEqual(y, (0..<50).map { Int(classes[$0 / 10]) == $0 % 10 ? 1 : 0 })
            let wrong = TestBuffer(indexType, [3, 0, 10, 9, 1])
            #expect(runKernel(apus_one_hot, parameters, [wrong, y]) == 1)
        }
    }
}
