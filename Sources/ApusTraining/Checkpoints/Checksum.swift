package import Foundation

/// A 64-bit sum of bytes that tells damaged files from whole ones; no protection against intent.
///
/// h ← rotate((h xor w) · p, 29) over words w of 8 bytes, the last filled up by zeros, then over the number of bytes.
package struct Checksum: Hashable, Sendable, CustomStringConvertible {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    package init(_ bytes: UnsafeRawBufferPointer) {
        let words = bytes.count / 8
        for index in 0..<words {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
        }
        var rest: UInt64 = 0
        for index in 8 * words..<bytes.count { rest |= UInt64(bytes[index]) << UInt64(8 * (index - 8 * words)) }
        add(rest)
        add(UInt64(bytes.count))
        value ^= value >> 32
    }

    package init(_ data: Data) { self = data.withUnsafeBytes { Checksum($0) } }

    private mutating func add(_ word: UInt64) {
        let product = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
        value = product << 29 | product >> 35
    }

    /// 16 digits.
    package var description: String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// How the texts of checkpoints are written: numbers exactly, values that are not finite by name.
package enum StateCoding {
    package static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
