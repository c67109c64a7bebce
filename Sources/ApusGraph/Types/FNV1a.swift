/// The hash FNV-1a with 64 bits: what numbers streams of random numbers by their names, the same on every machine.
///
/// Source: Fowler, Noll and Vo, *The FNV Non-Cryptographic Hash Algorithm*.
package enum FNV1a {
    /// The hash of a text's bytes in UTF-8.
    package static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
