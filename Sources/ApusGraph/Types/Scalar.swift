/// A number that is part of a graph.
public enum Scalar: Hashable, Sendable {
    case floating(Double)
    case integer(Int64)

    // By bits, so that a constant NaN equals itself and a structure that holds one can be found again.
    public static func == (a: Scalar, b: Scalar) -> Bool {
        switch (a, b) {
        case (.floating(let a), .floating(let b)): a.bitPattern == b.bitPattern
        case (.integer(let a), .integer(let b)): a == b
        case (.floating, .integer), (.integer, .floating): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .floating(let value): hasher.combine(value.bitPattern)
        case .integer(let value): hasher.combine(value)
        }
    }

    /// The value in floating point; integers beyond 2⁵³ may be rounded.
    public var double: Double {
        switch self {
        case .floating(let value): value
        case .integer(let value): Double(value)
        }
    }

    /// The value as an integer: fractions are cut, what does not fit saturates, NaN is 0.
    public var integer: Int64 {
        switch self {
        case .floating(let value):
            value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        case .integer(let value): value
        }
    }

    /// The nearest value that a type represents.
    public func rounded(to type: ElementType) -> Scalar {
        switch type {
        case .float32: .floating(Double(Float(double)))
        case .bfloat16: .floating(Double(BFloat16(Float(double)).float))
        case .float64: .floating(double)
        case .int32: .integer(Int64(Int32(clamping: integer)))
        case .int64: .integer(integer)
        case .uint8: .integer(Int64(UInt8(clamping: integer)))
        case .bool: .integer(double != 0 ? 1 : 0)
        }
    }
}

/// A 16-bit floating-point number with the exponent range of `Float`.
package struct BFloat16: Hashable, Sendable {
    /// The upper half of the equal `Float`: a sign, 8 bits of exponent, 7 of fraction.
    package var bitPattern: UInt16

    package init(bitPattern: UInt16) {
        self.bitPattern = bitPattern
    }

    /// Rounds to the nearest value, ties to even; NaN stays NaN.
    package init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(bits >> 16) | 0x40
        } else {
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
        }
    }

    /// The same value, exactly.
    package var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
