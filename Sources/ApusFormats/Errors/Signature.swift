/// The first bytes of a file, in words, for messages about files of the wrong format.
enum Signature {
    private static let known: [(bytes: [UInt8], name: String)] = [
        ([0x1f, 0x8b], "gzip"), (Array("PK".utf8), "zip"),
        (Array("\u{89}PNG".unicodeScalars.map { UInt8($0.value) }), "PNG"),
        ([0xff, 0xd8], "JPEG"), (Array("<".utf8), "a web page"), ([0x93] + Array("NUMPY".utf8), "npy"),
        (Array("version ht".utf8), "a Git LFS pointer"),
        (Array("\u{89}HDF".unicodeScalars.map { UInt8($0.value) }), "HDF5"),
    ]

    static func describe(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "an empty file" }
        let name = known.first { known in
            let length = min(known.bytes.count, bytes.count)
            return known.bytes[..<length] == bytes[..<length] && (length == known.bytes.count || length >= 4)
        }?.name
        return hexadecimal(bytes) + (name.map { " (\($0)?)" } ?? "")
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
