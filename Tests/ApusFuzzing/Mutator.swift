import ApusTestKit

/// Damages files in the ways that find mistakes in parsers; the same seed gives the same damage.
package struct Mutator {
    private static let lengths: [UInt64] = [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000,
        0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
    ]
    private static let numbers = [
        "0", "1", "-1", "1.5", "1e9", "00", "64", "65536", "2147483648", "4294967295", "4294967296",
        "4611686018427387904",
        "9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999999",
    ]

    let samples: [[UInt8]]
    var generator: SeededGenerator

    package init(_ samples: [[UInt8]], seed: UInt64) {
        self.samples = samples
        generator = SeededGenerator(seed: seed)
    }

    /// One of the samples, damaged in up to six places.
    package mutating func next() -> [UInt8] {
        var bytes = sample()
        for _ in 0..<Int.random(in: 1...6, using: &generator) { damage(&bytes) }
        return bytes
    }

    package mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

    private mutating func sample() -> [UInt8] { samples[below(samples.count)] }

    private mutating func below(_ bound: Int) -> Int { generator.below(bound) }

    private mutating func damage(_ bytes: inout [UInt8]) {
        // Most of what a parser decides stands near the start or the end.
        let place =
            switch below(4) {
            case 0: below(min(bytes.count, 16))
            case 1: max(0, bytes.count - 1 - below(64))
            default: below(bytes.count)
            }
        guard place < bytes.count else {
            bytes.append(UInt8(below(256)))
            return
        }
        switch below(9) {
        case 0: bytes[place] ^= 1 << UInt8(below(8))
        case 1: bytes[place] = [0, 1, 0x20, 0x22, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0xff][below(10)]
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(16)))
        case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + below(64))], at: place)
        case 5:
            let other = sample()
            let start = below(other.count)
            bytes.replaceSubrange(place..., with: other[start...])
        case 6: bytes.append(contentsOf: (0..<below(40)).map { _ in UInt8(below(256)) })
        case 7:
            let length = Mutator.lengths[below(Mutator.lengths.count)]
            let width = [1, 2, 4, 8][below(4)]
            let isBigEndian = chance(2)
            for index in 0..<min(width, bytes.count - place) {
                bytes[place + index] = UInt8(
                    truncatingIfNeeded: length >> (8 * (isBigEndian ? width - 1 - index : index)))
            }
        default: replaceNumber(&bytes, from: place)
        }
    }

    /// Writes another number over the next one that stands in text.
    private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
        let digits: ClosedRange<UInt8> = 0x30...0x39
        guard let start = bytes[place...].firstIndex(where: digits.contains) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Mutator.numbers[below(Mutator.numbers.count)].utf8)
    }
}
