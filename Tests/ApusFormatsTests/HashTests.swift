import ApusFormats
import Testing

@Suite struct HashTests {
    /// Of bytes (37·i + i/251) mod 256; as the library of xxHash 0.8.1 gives them, each of its ways by length.
    private static let recorded: [(count: Int, hash: UInt64)] = [
        (0, 0x2d06_8005_38d3_94c2), (3, 0x2b15_aa0b_3d07_5427), (9, 0x699d_6196_6d22_6a40),
        (16, 0x79e8_aab4_09bf_708c), (17, 0xeab8_a056_63e5_e451), (128, 0xd0c5_f5cb_bce7_5e08),
        (129, 0xb983_f428_e1f4_b8cd), (240, 0x97ca_2e15_9ebf_5174), (241, 0x8a70_955e_58ec_2034),
        (1000, 0x972d_9e66_3089_f14c),
    ]

    @Test(arguments: recorded) func isThatOfXXHash(count: Int, hash: UInt64) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 251) }
        #expect(bytes.withUnsafeBytes { XXH3.value(of: $0) } == hash)
    }

    /// A word is its eight bytes, the lowest first; a piece is followed by its length.
    @Test func piecesAreHashedAsOne() {
        var hash = XXH3()
        hash.add(5)
        Array("abc".utf8).withUnsafeBytes { hash.add($0) }
        let value = hash.value
        #expect(value == 0xe3ee_4423_5166_fa00)
    }

    @Test func textSaysWhichHashItIs() {
        #expect(XXH3.text(0x78af_5f94_892f_3950) == "xxh3:78af5f94892f3950")
        #expect(XXH3.text(0xa) == "xxh3:000000000000000a")
    }
}
