import ApusGraph

/// A type of elements as ONNX files number it.
enum ONNXType: Int32, Sendable, Hashable, CaseIterable {
    case float = 1
    case uint8, int8, uint16, int16, int32, int64
    case string, bool, float16, double, uint32, uint64, complex64, complex128, bfloat16
    case float8E4M3FN, float8E4M3FNUZ, float8E5M2, float8E5M2FNUZ, uint4, int4, float4E2M1, float8E8M0, uint2, int2

    /// The type in which such elements are held and computed; `nil` for those that are not read.
    var elementType: ElementType? {
        switch self {
        case .float, .float16: .float32
        case .double: .float64
        case .bfloat16: .bfloat16
        case .uint8: .uint8
        case .int8, .int16, .int32, .uint16: .int32
        case .int64, .uint32, .uint64: .int64
        case .bool: .bool
        default: nil
        }
    }

    /// The type of files for a type of elements.
    init(_ type: ElementType) {
        self =
            switch type {
            case .float32: .float
            case .float64: .double
            case .bfloat16: .bfloat16
            case .uint8: .uint8
            case .int32: .int32
            case .int64: .int64
            case .bool: .bool
            }
    }

    var isFloatingPoint: Bool { elementType?.isFloatingPoint ?? false }

    /// The range of whole numbers that are narrower here than the type in which they are computed.
    var narrowRange: (low: Int, count: Int)? {
        switch self {
        case .int8: (-128, 1 << 8)
        case .int16: (-32768, 1 << 16)
        case .uint16: (0, 1 << 16)
        case .uint32: (0, 1 << 32)
        default: nil
        }
    }

    /// The least and the greatest number, as reductions of nothing give them.
    var bounds: (least: Double, greatest: Double) {
        if let narrowRange {
            return (Double(narrowRange.low), Double(narrowRange.low + narrowRange.count - 1))
        }
        return switch self {
        case .uint8: (0, 255)
        case .bool: (0, 1)
        case .int32: (Double(Int32.min), Double(Int32.max))
        case .int64: (Double(Int64.min), Double(Int64.max))
        case .uint64: (0, Double(Int64.max))
        default: (-.infinity, .infinity)
        }
    }

    /// The name that ONNX gives the type: `FLOAT`, `INT64`.
    var name: String { "\(self)".uppercased() }
}
