package import Foundation

/// Sums of bytes that tell damaged files from whole ones, as checkpoints write them; no protection against intent.
package enum Checksum {
    /// The XXH3 of some bytes: `xxh3:` and 16 digits.
    package static func text(of data: Data) -> String { XXH3.text(data.withUnsafeBytes { XXH3.value(of: $0) }) }

    /// Whether a recorded sum is that of some bytes; those of before, which do not say their hash, count as well.
    package static func isRight(_ recorded: String, of data: Data) -> Bool {
        recorded == (recorded.hasPrefix(XXH3.prefix) ? text(of: data) : FormerChecksum.text(of: data))
    }
}
