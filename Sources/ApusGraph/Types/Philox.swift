/// The counter-based random generator Philox4x32-10.
///
/// A pure function: the same key and counter give the same four words on every machine, so random numbers can be computed in any
/// order and on any number of threads. Source: Salmon et al., “Parallel random numbers: as easy as 1, 2, 3” (2011).
package enum Philox {
    /// A counter, or a block of random numbers: four words of 32 bits.
    package typealias Words = SIMD4<UInt32>

    /// Four random words.
    package static func block(counter: Words, key: SIMD2<UInt32>) -> Words {
        // Words of their own stay in registers, lanes of a vector would not.
        var (a, b, c, d) = (counter[0], counter[1], counter[2], counter[3])
        var (first, second) = (key[0], key[1])
        for _ in 0..<10 {
            let (p, q) = (a.multipliedFullWidth(by: 0xD251_1F53), c.multipliedFullWidth(by: 0xCD9E_8D57))
            (a, b, c, d) = (q.high ^ b ^ first, q.low, p.high ^ d ^ second, p.low)
            first &+= 0x9E37_79B9
            second &+= 0xBB67_AE85
        }
        return Words(a, b, c, d)
    }
}
