package import ApusFormats
import ApusGraph
import Synchronization

extension Dataset {
    /// A 64-bit hash of all samples and targets in their order; the same on every machine.
    ///
    /// It covers element types, shapes, bytes, the number of classes, and the names of several inputs and targets; not the names of
    /// classes and not the normalization. It is computed when it is first asked for. Samples that are read when they are needed count by their
    /// files' names and sizes, and those that a function makes by the name that was given.
    public var fingerprint: UInt64 { knownFingerprint.value { fingerprint(by: XXH3.self) } }

    /// The fingerprint by a hash.
    package func fingerprint<Hash: ContentHash & ~Copyable>(by _: Hash.Type) -> UInt64 {
        var hash = Hash()
        let isPlain = inputNames == [""] && targetNames == [""] && ignoredLabels.isEmpty
        if !isPlain {
            func add(_ name: String) {
                hash.add(UInt64(name.utf8.count))
                Array(name.utf8).withUnsafeBytes { hash.add($0) }
            }
            hash.add(UInt64(inputColumns.count))
            inputNames.forEach(add)
            hash.add(UInt64(targetColumns.count))
            for target in targetColumns {
                add(target.name)
                hash.add(UInt64(target.classNames.count))
                hash.add(target.ignored == nil ? 0 : 1)
                hash.add(UInt64(bitPattern: Int64(target.ignored ?? 0)))
            }
        }
        for column in columns {
            hash.add(UInt64(column.row.elementType.rawValue))
            hash.add(UInt64(column.row.shape.rank))
            for dimension in column.row.shape.dimensions { hash.add(UInt64(dimension)) }
        }
        if isPlain { hash.add(UInt64(classCount)) }
        // A reader that makes several columns counts once.
        var readers = sharedCaches
        let sources = columns.compactMap { column -> (Column, RowCache?)? in
            guard let cache = column.cache else { return (column, nil) }
            guard let place = readers.firstIndex(where: { $0 === cache }) else { return nil }
            return (column, readers.remove(at: place))
        }
        for row in rows {
            for (column, cache) in sources {
                if let cache {
                    cache.reader.signature(of: row).withUnsafeBytes { hash.add($0) }
                } else {
                    hash.add(column.bytesInMemory(row))
                }
            }
        }
        hash.add(UInt64(count))
        return hash.value
    }

    /// Something short that changes when the content of a row that is not in memory does, and the bytes of one that is.
    func signature(ofRow row: Int) -> [UInt8] {
        sharedCaches.flatMap { $0.reader.signature(of: row) }
            + columns.filter(\.isInMemory).flatMap { Array($0.bytesInMemory(row)) }
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
