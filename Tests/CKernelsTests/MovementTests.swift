import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

@Suite(.serialized)
struct MovementTests {
    private func copy(
        _ shape: [Int], from source: TestBuffer, _ sourceStrides: [Int], _ sourceOffset: Int = 0,
        to destination: TestBuffer, _ destinationStrides: [Int], _ destinationOffset: Int = 0
    ) -> Int32 {
        let parameters = apus_copy_parameters(
            rank: Int64(shape.count), shape: eightAxes(shape), source_strides: eightAxes(sourceStrides),
            destination_strides: eightAxes(destinationStrides), source_offset: Int64(sourceOffset),
            destination_offset: Int64(destinationOffset), element_bytes: Int64(TestBuffer.bytes(source.type)))
        return runKernel(apus_copy, parameters, [source, destination])
    }

    /// Random permutations, steps, reversals, broadcasts, into dense and spread destinations.
    @Test(arguments: [APUS_UINT8, APUS_BFLOAT16, APUS_FLOAT32, APUS_FLOAT64])
    func copies(type: apus_type) {
        var random = SeededGenerator(seed: 1)
        for round in 0..<60 {
            let rank = Int.random(in: 0...4, using: &random)
            let sizes = round < 50 ? [1, 2, 3, 5, 17] : [1, 33, 40]
            let base = (0..<rank).map { _ in random.pick(sizes) }
            let source = TestBuffer(type, random.integers(base.reduce(1, *), 0..<250))
            var shape: [Int] = [], strides: [Int] = [], offset = 0
            for axis in (0..<rank).shuffled(using: &random) {
                let stride = rowMajorStrides(base)[axis], step = random.pick([1, 1, 1, 2, -1])
                shape.append((base[axis] + abs(step) - 1) / abs(step))
                strides.append(stride * step)
                if step < 0 { offset += (base[axis] - 1) * stride }
            }
            if random.pick([false, false, true]) {
                let at = Int.random(in: 0...rank, using: &random)
                shape.insert(3, at: at)
                strides.insert(0, at: at)
            }
            let outer = shape.map { $0 + random.pick([0, 0, 0, 2]) }
            var destinationStrides = rowMajorStrides(outer)
            var destinationOffset = 0
            if !shape.isEmpty, random.pick([false, false, true]) {
                let axis = Int.random(in: 0..<shape.count, using: &random)
                destinationOffset = (shape[axis] - 1) * destinationStrides[axis]
                destinationStrides[axis] *= -1
            }
            let values = source.values
            everywhere { _ in
                let result = TestBuffer(type, count: outer.reduce(1, *))
                let untouched = TestBuffer(type, count: 1).values[0]
                var expected = [Double](repeating: untouched, count: result.count)
                for index in allIndices(shape) {
                    expected[destinationOffset + zip(index, destinationStrides).map(*).reduce(0, +)] =
                        values[offset + zip(index, strides).map(*).reduce(0, +)]
                }
                #expect(
                    copy(
                        shape, from: source, strides, offset, to: result, destinationStrides,
                        destinationOffset) == 0)
                expectEqual(result, expected, 0, "\(shape) \(strides) to \(destinationStrides)")
                return [result]
            }
        }
    }

    /// Large enough for threads and tiles.
    @Test(arguments: [APUS_UINT8, APUS_BFLOAT16, APUS_FLOAT32, APUS_FLOAT64])
    func transpose(type: apus_type) {
        var random = SeededGenerator(seed: 2)
        let (rows, columns) = (301, 457)
        let source = TestBuffer(type, random.integers(rows * columns, 0..<250)), values = source.values
        everywhere { _ in
            let result = TestBuffer(type, count: rows * columns)
            #expect(copy([columns, rows], from: source, [1, columns], to: result, [rows, 1]) == 0)
            expectEqual(result, (0..<rows * columns).map { values[$0 % rows * columns + $0 / rows] })
            return [result]
        }
    }

    @Test func empty() {
        let some = TestBuffer(APUS_FLOAT32, [1]), none = TestBuffer(APUS_FLOAT32, count: 0)
        #expect(copy([3, 0], from: some, [1, 1], to: none, [0, 1]) == 0)
    }

    /// The element 1, with ones in the bytes that do not count.
    private func bitsOfOne(_ type: apus_type) -> UInt64 {
        let one = TestBuffer(type, [1])
        var bits: UInt64 = ~0
        withExtendedLifetime(one) { _ = memcpy(&bits, one.pointer, TestBuffer.bytes(type)) }
        return bits
    }

    @Test(arguments: allTypes)
    func pad(type: apus_type) {
        var random = SeededGenerator(seed: 3)
        for round in 0..<20 {
            let rank = Int.random(in: 1...4, using: &random)
            let shape = (0..<rank).map { _ in random.pick(round < 18 ? [1, 2, 7] : [1, 24]) }
            let before = shape.map { _ in random.pick([0, 0, 1, 3]) }, after = shape.map { _ in random.pick([0, 2]) }
            let padded = (0..<rank).map { shape[$0] + before[$0] + after[$0] }
            let source = TestBuffer(type, random.integers(shape.reduce(1, *), 0..<2)), values = source.values
            let parameters = apus_pad_parameters(
                rank: Int64(rank), shape: eightAxes(shape), before: eightAxes(before), after: eightAxes(after),
                element_bytes: Int64(TestBuffer.bytes(type)), value: bitsOfOne(type))
            let strides = rowMajorStrides(shape)
            let expected = allIndices(padded).map { index -> Double in
                let at = zip(index, before).map(-)
                guard zip(at, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return 1 }
                return values[zip(at, strides).map(*).reduce(0, +)]
            }
            everywhere { _ in
                let result = TestBuffer(type, count: expected.count)
                #expect(runKernel(apus_pad, parameters, [source, result]) == 0)
                expectEqual(result, expected, 0, "\(shape) \(before) \(after)")
                return [result]
            }
        }
    }

    @Test(arguments: allTypes)
    func fill(type: apus_type) {
        for count in [0, 1, 3, 17, 1000, 200_003] {
            everywhere { _ in
                let result = TestBuffer(type, count: count)
                runKernel(
                    apus_fill,
                    apus_fill_parameters(
                        count: Int64(count), element_bytes: Int64(TestBuffer.bytes(type)),
                        value: bitsOfOne(type)), [result])
                expectEqual(result, [Double](repeating: 1, count: count))
                return [result]
            }
        }
    }

    @Test(arguments: allTypes.dropLast())
    func iota(type: apus_type) {
        for (outer, axis, inner) in [(1, 5, 1), (3, 17, 2), (2, 7, 33), (0, 3, 1)] {
            let parameters = apus_iota_parameters(
                outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), type: Int64(type.rawValue), start: 2,
                step: 3, integer_start: 2, integer_step: 3)
            let result = TestBuffer(type, count: outer * axis * inner)
            #expect(runKernel(apus_iota, parameters, [result]) == 0)
            expectEqual(result, (0..<result.count).map { Double(2 + 3 * ($0 / inner % axis)) })
        }
    }
}
