/// The counter-based random generator Philox4x32-10.
///
/// A pure function: the same key and counter give the same four words on every machine, so random numbers can be computed in any
/// order and on any number of threads. Source: Salmon et al., “Parallel random numbers: as easy as 1, 2, 3” (2011).
public enum Philox {
    public typealias Words = SIMD4<UInt32>

    /// Four random words.
    public static func block(counter: Words, key: SIMD2<UInt32>) -> Words {
        var counter = counter
        var key = key
        for _ in 0..<10 {
            let first = counter[0].multipliedFullWidth(by: 0xD251_1F53)
            let second = counter[2].multipliedFullWidth(by: 0xCD9E_8D57)
            counter = Words(
                second.high ^ counter[1] ^ key[0], second.low, first.high ^ counter[3] ^ key[1], first.low)
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }
}
