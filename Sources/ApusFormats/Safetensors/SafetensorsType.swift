import ApusGraph

/// The element types of safetensors files, also those without a counterpart here.
enum SafetensorsType: String {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case u16 = "U16"
    case i16 = "I16"
    case f16 = "F16"
    case bf16 = "BF16"
    case u32 = "U32"
    case i32 = "I32"
    case f32 = "F32"
    case u64 = "U64"
    case i64 = "I64"
    case f64 = "F64"
    case c64 = "C64"
    case f4 = "F4"
    case f6E2M3 = "F6_E2M3"
    case f6E3M2 = "F6_E3M2"
    case f8E4M3 = "F8_E4M3"
    case f8E5M2 = "F8_E5M2"
    case f8E8M0 = "F8_E8M0"
    case f8E4M3FNUZ = "F8_E4M3FNUZ"
    case f8E5M2FNUZ = "F8_E5M2FNUZ"

    /// The size of an element; some are smaller than a byte.
    var bitCount: Int {
        switch self {
        case .f4: 4
        case .f6E2M3, .f6E3M2: 6
        case .bool, .u8, .i8, .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
        case .u16, .i16, .f16, .bf16: 16
        case .u32, .i32, .f32: 32
        case .u64, .i64, .f64, .c64: 64
        }
    }

    /// The type that reads it, if there is one.
    var elementType: ElementType? { encoding?.elementType }

    /// How its elements are stored; `nil` for a type without a counterpart here.
    var encoding: ElementEncoding? {
        let stored: ElementEncoding.Stored? =
            switch self {
            case .bool: .bool
            case .u8: .uint8
            case .i8: .int8
            case .u16: .uint16
            case .i16: .int16
            case .f16: .float16
            case .u32: .uint32
            case .i32: .int32
            case .f32: .float32
            case .u64: .uint64
            case .i64: .int64
            case .f64: .float64
            case .bf16: .bfloat16
            case .c64, .f4, .f6E2M3, .f6E3M2, .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: nil
            }
        return stored.map { ElementEncoding(stored: $0, isBigEndian: false) }
    }

    init(_ type: ElementType) {
        switch type {
        case .bool: self = .bool
        case .uint8: self = .u8
        case .bfloat16: self = .bf16
        case .int32: self = .i32
        case .float32: self = .f32
        case .int64: self = .i64
        case .float64: self = .f64
        }
    }

    /// The size of an array in bytes, or `nil` if it does not fit or is no whole number of bytes.
    func byteCount(_ dimensions: [Int]) -> Int? {
        guard let bits = Extent.byteCount(dimensions, bytesPerElement: bitCount), bits % 8 == 0 else { return nil }
        return bits / 8
    }
}
