/// The bytes of a Protocol Buffers message, built field by field in the order of their numbers.
///
/// Values that are the default of their type are left out by those who call, as the format wants it where a field has no presence.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case delimited = 2
        case fixed32 = 5
    }

    private mutating func append(varint: UInt64) {
        var rest = varint
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func append(key field: UInt64, _ type: WireType) { append(varint: field << 3 | type.rawValue) }

    private mutating func append(littleEndian number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(_ field: UInt64, integer: Int) {
        append(key: field, .varint)
        append(varint: UInt64(bitPattern: Int64(integer)))
    }

    mutating func add(_ field: UInt64, float: Float) {
        append(key: field, .fixed32)
        append(littleEndian: float.bitPattern)
    }

    mutating func add(_ field: UInt64, double: Double) {
        append(key: field, .fixed64)
        append(littleEndian: double.bitPattern)
    }

    mutating func add(_ field: UInt64, bytes content: [UInt8]) {
        append(key: field, .delimited)
        append(varint: UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func add(_ field: UInt64, text: String) { add(field, bytes: Array(text.utf8)) }

    mutating func add(_ field: UInt64, message: ProtobufMessage) { add(field, bytes: message.bytes) }

    /// Repeated numbers in one field.
    mutating func add(_ field: UInt64, packed doubles: [Double]) {
        append(key: field, .delimited)
        append(varint: UInt64(8 * doubles.count))
        for double in doubles { append(littleEndian: double.bitPattern) }
    }
}
