import ApusGraph

extension ElementType {
    /// The integer of this type that equals `value` modulo the type's range: how integer arithmetic wraps around.
    func wrapped(_ value: Int64) -> Double {
        switch self {
        case .uint8: Double(UInt8(truncatingIfNeeded: value))
        case .int32: Double(Int32(truncatingIfNeeded: value))
        case .int64: Double(value)
        case .bool: value != 0 ? 1 : 0
        case .float32, .bfloat16, .float64: Double(value)
        }
    }
}

extension Double {
    /// The value as an integer.
    var integer: Int64 { Scalar.floating(self).integer }
}
