package import ApusFormats
import ApusGraph
import Synchronization

extension Dataset {
    /// A 64-bit hash of all samples and targets in their order; the same on every machine.
    ///
    /// It covers element types, shapes, bytes and the number of classes; not the names of classes and not the
    /// normalization. It is computed when it is first asked for. Samples that are read when they are needed count by their
    /// files' names and sizes.
    public var fingerprint: UInt64 { knownFingerprint.value { fingerprint(by: XXH3.self) } }

    /// The fingerprint by a hash.
    package func fingerprint<Hash: ContentHash & ~Copyable>(by _: Hash.Type) -> UInt64 {
        var hash = Hash()
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
