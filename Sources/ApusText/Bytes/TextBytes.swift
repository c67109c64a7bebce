/// The bytes of a text in UTF-8, or of a part of it.
typealias TextBytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
    /// The scalar that begins at a place, and how many bytes it has. The bytes are UTF-8, for they are a `String`'s.
    @inline(__always)
    func scalar(at place: Int) -> (value: UInt32, count: Int) {
        let first = UInt32(self[place])
        if first < 0x80 { return (first, 1) }
        if first < 0xe0 { return ((first & 0x1f) << 6 | tail(place + 1), 2) }
        if first < 0xf0 { return ((first & 0x0f) << 12 | tail(place + 1) << 6 | tail(place + 2), 3) }
        return ((first & 0x07) << 18 | tail(place + 1) << 12 | tail(place + 2) << 6 | tail(place + 3), 4)
    }

    /// The scalar that ends before a place, and how many bytes it has.
    func scalar(before place: Int) -> (value: UInt32, count: Int) {
        var start = place - 1
        while start > 0, self[start] & 0xc0 == 0x80 { start -= 1 }
        return scalar(at: start)
    }

    @inline(__always)
    private func tail(_ place: Int) -> UInt32 { UInt32(self[place]) & 0x3f }

    /// A part as bytes of its own.
    @inline(__always)
    func part(_ range: Range<Int>) -> TextBytes { TextBytes(rebasing: self[range]) }

    var isASCII: Bool { allSatisfy { $0 < 0x80 } }
}

extension [UInt8] {
    /// Adds a scalar in UTF-8.
    mutating func append(scalar value: UInt32) {
        switch value {
        case ..<0x80: append(UInt8(value))
        case ..<0x800:
            append(UInt8(0xc0 | value >> 6))
            append(UInt8(0x80 | value & 0x3f))
        case ..<0x10000:
            append(UInt8(0xe0 | value >> 12))
            append(UInt8(0x80 | value >> 6 & 0x3f))
            append(UInt8(0x80 | value & 0x3f))
        default:
            append(UInt8(0xf0 | value >> 18))
            append(UInt8(0x80 | value >> 12 & 0x3f))
            append(UInt8(0x80 | value >> 6 & 0x3f))
            append(UInt8(0x80 | value & 0x3f))
        }
    }
}
