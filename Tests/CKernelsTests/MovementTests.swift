import CKernels
import Foundation
import Testing

// MARK: Helpers of the tests of movement, indexing, reductions, softmax, pooling, normalization, direct convolution

typealias TestKernel = @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>?, UnsafeRawPointer?) -> Int32

/// A buffer on a 64-byte boundary of exactly the bytes of its values, followed by bytes that must not change.
final class TestBuffer {
    let type: apus_type
    let count: Int
    let pointer: UnsafeMutableRawPointer

    static func bytes(_ type: apus_type) -> Int {
        switch type {
        case APUS_FLOAT64, APUS_INT64: 8
        case APUS_FLOAT32, APUS_INT32: 4
        case APUS_BFLOAT16: 2
        default: 1
        }
    }

    /// A result, full of rubbish.
    init(_ type: apus_type, count: Int) {
        self.type = type
        self.count = count
        let bytes = count * TestBuffer.bytes(type) + 64
        pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        memset(pointer, 0xa5, bytes)
    }

    convenience init(_ type: apus_type, _ values: [Double]) {
        self.init(type, count: values.count)
        for (i, value) in values.enumerated() {
            switch type {
            case APUS_FLOAT32: pointer.storeBytes(of: Float(value), toByteOffset: 4 * i, as: Float.self)
            case APUS_BFLOAT16:
                let bits = Float(value).bitPattern
                let rounded = value.isNaN ? 0x7fc0 : UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
                pointer.storeBytes(of: rounded, toByteOffset: 2 * i, as: UInt16.self)
            case APUS_FLOAT64: pointer.storeBytes(of: value, toByteOffset: 8 * i, as: Double.self)
            case APUS_INT32: pointer.storeBytes(of: Int32(value), toByteOffset: 4 * i, as: Int32.self)
            case APUS_INT64: pointer.storeBytes(of: Int64(value), toByteOffset: 8 * i, as: Int64.self)
            case APUS_UINT8: pointer.storeBytes(of: UInt8(value), toByteOffset: i, as: UInt8.self)
            default: pointer.storeBytes(of: value != 0 ? 1 : 0, toByteOffset: i, as: UInt8.self)
            }
        }
    }

    deinit { pointer.deallocate() }

    var values: [Double] {
        (0..<count).map { i in
            switch type {
            case APUS_FLOAT32: Double(pointer.load(fromByteOffset: 4 * i, as: Float.self))
            case APUS_BFLOAT16:
                Double(Float(bitPattern: UInt32(pointer.load(fromByteOffset: 2 * i, as: UInt16.self)) << 16))
            case APUS_FLOAT64: pointer.load(fromByteOffset: 8 * i, as: Double.self)
            case APUS_INT32: Double(pointer.load(fromByteOffset: 4 * i, as: Int32.self))
            case APUS_INT64: Double(pointer.load(fromByteOffset: 8 * i, as: Int64.self))
            default: Double(pointer.load(fromByteOffset: i, as: UInt8.self))
            }
        }
    }

    var content: [UInt8] {
        Array(UnsafeRawBufferPointer(start: pointer, count: count * TestBuffer.bytes(type)))
    }

    /// Whether nothing was written past the end.
    var isIntact: Bool {
        let end = pointer + count * TestBuffer.bytes(type)
        return (0..<64).allSatisfy { end.load(fromByteOffset: $0, as: UInt8.self) == 0xa5 }
    }
}

/// Calls a kernel and checks that no buffer was overrun.
@discardableResult
func runKernel<P>(
    _ kernel: TestKernel, _ parameters: P, _ buffers: [TestBuffer?],
    location: SourceLocation = #_sourceLocation
) -> Int32 {
    let status = withUnsafePointer(to: parameters) { kernel(buffers.map { $0?.pointer }, $0) }
    for buffer in buffers { #expect(buffer?.isIntact ?? true, sourceLocation: location) }
    return status
}

/// Does a check with every instruction set, with one thread and two; the results it returns must have the same bits.
func withEveryISAAndThreadCount(location: SourceLocation = #_sourceLocation, _ check: () -> [TestBuffer]) {
    kernelLock.lock()
    defer {
        apus_set_isa(APUS_ISA_AVX512)
        apus_set_own_thread_count(0)
        kernelLock.unlock()
    }
    for isa in [APUS_ISA_BASELINE, APUS_ISA_AVX2, APUS_ISA_AVX512] {
        apus_set_isa(isa)
        apus_set_own_thread_count(1)
        let one = check().map(\.content)
        apus_set_own_thread_count(2)
        let two = check().map(\.content)
        #expect(one == two, "threads change the result", sourceLocation: location)
    }
}

/// Every difference is at most `tolerance` times the magnitude, which is at least that of the largest expected value.
func expectEqual(
    _ result: TestBuffer, _ expected: [Double], _ tolerance: Double = 0, magnitude: Double = 0,
    _ what: String = "", location: SourceLocation = #_sourceLocation
) {
    let values = result.values
    #expect(values.count == expected.count, sourceLocation: location)
    let finite = expected.filter { $0.isFinite }.map(abs)
    let allowed = tolerance * max(magnitude, finite.max() ?? 0)
    let wrong = zip(values, expected).enumerated().first { _, pair in
        !(pair.0 == pair.1 || abs(pair.0 - pair.1) <= allowed || (pair.0.isNaN && pair.1.isNaN))
    }
    if let (i, pair) = wrong {
        Issue.record("\(what): element \(i) is \(pair.0), not \(pair.1)", sourceLocation: location)
    }
}

struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
    /// Uniform in -scale...scale.
    mutating func reals(_ count: Int, _ scale: Double = 1) -> [Double] {
        (0..<count).map { _ in Double.random(in: -scale...scale, using: &self) }
    }
    mutating func integers(_ count: Int, _ range: Range<Int>) -> [Double] {
        (0..<count).map { _ in Double(Int.random(in: range, using: &self)) }
    }
    mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &self)! }
}

typealias EightAxes = (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64)

func eightAxes(_ values: [Int]) -> EightAxes {
    let v = values.map(Int64.init) + [Int64](repeating: 0, count: 8 - values.count)
    return (v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
}

func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
}

/// All indices of a shape in row-major order.
func allIndices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, n in prefixes.flatMap { prefix in (0..<n).map { prefix + [$0] } } }
}

let allTypes = [APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT64, APUS_INT32, APUS_INT64, APUS_UINT8, APUS_BOOL]
let floatTypes = [APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT64]

func tolerance(_ type: apus_type) -> Double {
    type == APUS_FLOAT64 ? 1e-12 : type == APUS_BFLOAT16 ? 1e-2 : 3e-6
}

// MARK: Tests

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
        var random = TestRandom(1)
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
            withEveryISAAndThreadCount {
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
        var random = TestRandom(2)
        let (rows, columns) = (301, 457)
        let source = TestBuffer(type, random.integers(rows * columns, 0..<250)), values = source.values
        withEveryISAAndThreadCount {
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
        var random = TestRandom(3)
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
            withEveryISAAndThreadCount {
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
            withEveryISAAndThreadCount {
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
