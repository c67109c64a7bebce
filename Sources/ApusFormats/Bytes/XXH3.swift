import CXXHash

/// The hash XXH3 with 64 bits, by the library xxHash: the same on every machine and in every version of it; no protection against
/// intent.
///
/// Source: Collet, *xxHash*, whose XXH3 is final since version 0.8.
package struct XXH3: ContentHash, ~Copyable {
    private let state: UnsafeMutableRawPointer

    package init() {
        // Half a kilobyte: where the system has none left, Swift's own allocations stop the program as well.
        guard let state = apus_xxh3_create() else { fatalError("there is no memory left for the state of a hash") }
        self.state = state
    }

    deinit { apus_xxh3_free(state) }

    package mutating func add(_ word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { apus_xxh3_add(state, $0.baseAddress, $0.count) }
    }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        apus_xxh3_add(state, bytes.baseAddress, bytes.count)
        add(UInt64(bytes.count))
    }

    package var value: UInt64 { apus_xxh3_value(state) }

    /// The hash of some bytes; `xxhsum -H3` says the same of a file.
    package static func value(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        apus_xxh3(bytes.baseAddress, bytes.count)
    }

    /// How files write a hash, so that they say which it is: `xxh3:` and 16 hexadecimal digits.
    package static func text(_ value: UInt64) -> String { prefix + digits(value) }

    /// 16 hexadecimal digits, for names of files.
    package static func digits(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// What `text` starts with.
    package static let prefix = "xxh3:"
}
