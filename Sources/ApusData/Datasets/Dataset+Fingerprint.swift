import ApusGraph
import Synchronization

extension Dataset {
    /// A 64-bit hash of all samples and targets in their order; the same on every machine and in every version.
    ///
    /// It covers element types, shapes, bytes and the number of classes; not the names of classes and not the
    /// normalization. It is computed when it is first asked for. Samples that are read when they are needed count by their
    /// files' names and sizes.
    public var fingerprint: UInt64 {
        knownFingerprint.value {
            var hash = ByteHash()
            for column in [features, targets] {
                hash.add(UInt64(column.row.elementType.rawValue))
                hash.add(UInt64(column.row.shape.rank))
                for dimension in column.row.shape.dimensions { hash.add(UInt64(dimension)) }
            }
            hash.add(UInt64(classCount))
            for row in rows {
                if let cache = features.cache {
                    cache.reader.signature(of: row).withUnsafeBytes { hash.add($0) }
                } else {
                    hash.add(features.bytesInMemory(row))
                }
                hash.add(targets.bytesInMemory(row))
            }
            hash.add(UInt64(count))
            return hash.value
        }
    }
}

/// A fingerprint that is computed once.
final class FingerprintCache: Sendable {
    private let known = Mutex<UInt64?>(nil)

    func value(_ compute: () -> UInt64) -> UInt64 {
        known.withLock { known in
            if let known { return known }
            let value = compute()
            known = value
            return value
        }
    }
}

/// A 64-bit hash of bytes by multiplication and folding, four words at a time; not for secrets.
package struct ByteHash {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    // Digits of π, made odd.
    private static let factors = SIMD4<UInt64>(
        0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89)

    /// The two halves of the product of two words, one over the other.
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    package init() {}

    package mutating func add(_ word: UInt64) {
        state = ByteHash.fold(state ^ word, ByteHash.factors[0]) &+ ByteHash.factors[1]
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        let factors = ByteHash.factors
        var offset = 0
        if bytes.count >= 32 {
            var (a, b) = (state, state ^ factors[3])
            while offset + 32 <= bytes.count {
                a = ByteHash.fold(a ^ word(offset), factors[0] ^ word(offset + 8)) &+ factors[2]
                b = ByteHash.fold(b ^ word(offset + 16), factors[1] ^ word(offset + 24)) &+ factors[3]
                offset += 32
            }
            state = ByteHash.fold(a ^ factors[2], b ^ factors[3])
        }
        while offset + 8 <= bytes.count {
            add(word(offset))
            offset += 8
        }
        if offset < bytes.count {
            add(bytes[offset...].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
        add(UInt64(bytes.count))
    }

    package var value: UInt64 { ByteHash.fold(state, ByteHash.factors[3]) }
}
