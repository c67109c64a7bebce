import ApusGraph

/// The element types of PyTorch by their names there, also those without a counterpart here.
enum PyTorchType: String, CaseIterable {
    case bool
    case uint8
    case int8
    case uint16
    case int16
    case uint32
    case int32
    case uint64
    case int64
    case float16
    case bfloat16
    case float32
    case float64
    case complex32
    case complex64
    case complex128
    case float8e4m3fn = "float8_e4m3fn"
    case float8e5m2 = "float8_e5m2"
    case float8e4m3fnuz = "float8_e4m3fnuz"
    case float8e5m2fnuz = "float8_e5m2fnuz"
    case float8e8m0fnu = "float8_e8m0fnu"
    case qint8
    case quint8
    case qint32
    /// Memory whose elements' type stands with each tensor.
    case bytes = "untyped bytes"

    private static let storages: [String: PyTorchType] = [
        "BoolStorage": .bool, "ByteStorage": .uint8, "CharStorage": .int8, "ShortStorage": .int16, "IntStorage": .int32,
        "LongStorage": .int64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "FloatStorage": .float32,
        "DoubleStorage": .float64, "ComplexFloatStorage": .complex64, "ComplexDoubleStorage": .complex128,
        "QInt8Storage": .qint8, "QUInt8Storage": .quint8, "QInt32Storage": .qint32, "UntypedStorage": .bytes,
    ]

    /// The type of the elements of a storage class.
    init?(storage name: String) {
        guard let type = PyTorchType.storages[name] else { return nil }
        self = type
    }

    /// The size of an element.
    var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8e4m3fn, .float8e5m2, .float8e4m3fnuz, .float8e5m2fnuz, .float8e8m0fnu,
            .qint8, .quint8, .bytes:
            1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32, .complex32, .qint32: 4
        case .uint64, .int64, .float64, .complex64: 8
        case .complex128: 16
        }
    }

    /// How elements are stored that have a counterpart here.
    func encoding(isBigEndian: Bool) -> ElementEncoding? {
        let stored: ElementEncoding.Stored? =
            switch self {
            case .bool: .bool
            case .uint8: .uint8
            case .int8: .int8
            case .uint16: .uint16
            case .int16: .int16
            case .uint32: .uint32
            case .int32: .int32
            case .uint64: .uint64
            case .int64: .int64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .float32: .float32
            case .float64: .float64
            default: nil
            }
        return stored.map { ElementEncoding(stored: $0, isBigEndian: isBigEndian) }
    }

    /// What `torch.save` calls memory of an element type.
    static func storageName(_ type: ElementType) -> String {
        switch type {
        case .bool: "BoolStorage"
        case .uint8: "ByteStorage"
        case .int32: "IntStorage"
        case .int64: "LongStorage"
        case .bfloat16: "BFloat16Storage"
        case .float32: "FloatStorage"
        case .float64: "DoubleStorage"
        }
    }
}
