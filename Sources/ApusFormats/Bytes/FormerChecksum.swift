package import Foundation

/// The sums of checkpoints before XXH3: such checkpoints are still read.
///
/// h ← rotate((h xor w) · p, 29) over words w of 8 bytes, the last filled up by zeros, then over the number of bytes.
package enum FormerChecksum {
    /// 16 hexadecimal digits.
    package static func text(of data: Data) -> String {
        let digits = String(data.withUnsafeBytes(value), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func value(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        var value: UInt64 = 0x9E37_79B9_7F4A_7C15
        func add(_ word: UInt64) {
            let product = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
            value = product << 29 | product >> 35
        }
        let words = bytes.count / 8
        for index in 0..<words {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
        }
        var rest: UInt64 = 0
        for index in 8 * words..<bytes.count { rest |= UInt64(bytes[index]) << UInt64(8 * (index - 8 * words)) }
        add(rest)
        add(UInt64(bytes.count))
        return value ^ value >> 32
    }
}
