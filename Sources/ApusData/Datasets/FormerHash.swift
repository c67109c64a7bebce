import ApusFormats

/// The hash that fingerprints of data were made by before XXH3: runs of that time hold them, and can be resumed.
///
/// By multiplication and folding, four words at a time.
package struct FormerHash: ContentHash {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    // Digits of π, made odd.
    private static let factors = SIMD4<UInt64>(
        0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89)

    /// The two halves of the product of two words, one over the other.
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    package init() {}

    package mutating func add(_ word: UInt64) {
        state = FormerHash.fold(state ^ word, FormerHash.factors[0]) &+ FormerHash.factors[1]
    }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        let factors = FormerHash.factors
        var offset = 0
        if bytes.count >= 32 {
            var (a, b) = (state, state ^ factors[3])
            while offset + 32 <= bytes.count {
                a = FormerHash.fold(a ^ word(offset), factors[0] ^ word(offset + 8)) &+ factors[2]
                b = FormerHash.fold(b ^ word(offset + 16), factors[1] ^ word(offset + 24)) &+ factors[3]
                offset += 32
            }
            state = FormerHash.fold(a ^ factors[2], b ^ factors[3])
        }
        while offset + 8 <= bytes.count {
            add(word(offset))
            offset += 8
        }
        if offset < bytes.count {
            add(bytes[offset...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
        add(UInt64(bytes.count))
    }

    package var value: UInt64 { FormerHash.fold(state, FormerHash.factors[3]) }
}
