import ApusTestKit
import CKernels
import Foundation
import Testing

typealias TestKernel = @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>?, UnsafeRawPointer?) -> Int32

/// A buffer on a 64-byte boundary of exactly the bytes of its values, followed by bytes that must not change.
final class TestBuffer: Equatable {
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

    /// A result: not a number until it is written.
    init(_ type: apus_type, count: Int) {
        self.type = type
        self.count = count
        let bytes = count * TestBuffer.bytes(type)
        pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes + 64, alignment: 64)
        memset(pointer, 0xff, bytes)
        memset(pointer + bytes, 0xa5, 64)
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
        func read<T>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
            UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<T>.stride).bindMemory(to: T.self).map(
                convert)
        }
        return switch type {
        case APUS_FLOAT32: read(Float.self, Double.init)
        case APUS_BFLOAT16: read(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
        case APUS_FLOAT64: read(Double.self) { $0 }
        case APUS_INT32: read(Int32.self, Double.init)
        case APUS_INT64: read(Int64.self, Double.init)
        default: read(UInt8.self, Double.init)
        }
    }

    static func == (a: TestBuffer, b: TestBuffer) -> Bool { a.type == b.type && a.content == b.content }

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

/// Every element differs from what is expected by at most `tolerance` of it, and by the roundings of what it is the sum of.
///
/// - Parameter size: The sum without signs: where terms cancel, that is what was rounded. bfloat16 is added up in float32. One number
///   holds for every element.
func expectEqual(
    _ result: TestBuffer, _ expected: [Double], _ tolerance: Double = 0, size: [Double] = [0],
    _ what: String = "", location: SourceLocation = #_sourceLocation
) {
    let values = result.values
    #expect(values.count == expected.count, "\(what)", sourceLocation: location)
    #expect(size.count == 1 || size.count == expected.count, "\(what)", sourceLocation: location)
    for i in 0..<min(values.count, expected.count) {
        let (value, exact) = (values[i], expected[i])
        if value == exact || value.isNaN && exact.isNaN { continue }
        let allowed = tolerance * abs(exact) + min(tolerance, 3e-6) * size[size.count == 1 ? 0 : i]
        if abs(value - exact) <= allowed { continue }
        Issue.record("\(what): element \(i) is \(value), not \(exact) ± \(allowed)", sourceLocation: location)
        return
    }
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

extension SeededGenerator {
    mutating func integers(_ count: Int, _ range: Range<Int>) -> [Double] {
        (0..<count).map { _ in Double(range.lowerBound + below(range.count)) }
    }
}

let allTypes = [APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT64, APUS_INT32, APUS_INT64, APUS_UINT8, APUS_BOOL]
let floatTypes = [APUS_FLOAT32, APUS_BFLOAT16, APUS_FLOAT64]

func tolerance(_ type: apus_type) -> Double {
    type == APUS_FLOAT64 ? 1e-12 : type == APUS_BFLOAT16 ? 1e-2 : 3e-6
}
