/// The characters that stand for bytes in vocabularies of byte pairs, as GPT-2 has them: itself for what can be seen in Latin-1, U+0100 and
/// on for the rest.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae { return UInt32(byte) }
            defer { next += 1 }
            return next
        }
    }()

    /// The byte of each character below U+0180.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x180)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = UInt8(byte) }
        return bytes
    }()

    /// The bytes for which a token stands; its own where a character of it stands for none.
    static func bytes(of token: some Sequence<UInt8>) -> [UInt8] {
        let token = Array(token)
        var result: [UInt8] = []
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard scalar.value < 0x180, let byte = bytes[Int(scalar.value)] else { return token }
            result.append(byte)
        }
        return result
    }

    /// Bytes as vocabularies write them, in UTF-8.
    static func written(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes { result.append(scalar: scalars[Int(byte)]) }
        return result
    }
}
