import CXXHash

/// Different byte strings in order of insertion, which are found by their bytes.
///
/// Not a `Dictionary` by `String`: Swift takes strings for equal that differ in their bytes (é is e and an accent), and vocabularies have both.
/// Open addressing with linear probing over XXH3.
struct ByteTable: Sendable {
    private struct Entry {
        var hash: UInt32
        var start: UInt32
        var count: UInt32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// 1 + the place of an entry, 0 for none; a power of two of them, at most half of them taken.
    private var slots: [UInt32]

    init(minimumCapacity: Int = 0) {
        var size = 16
        while size < 2 * minimumCapacity { size *= 2 }
        slots = Array(repeating: 0, count: size)
        entries.reserveCapacity(minimumCapacity)
    }

    var count: Int { entries.count }
    /// The bytes of all entries together.
    var byteCount: Int { bytes.count }

    /// The bytes of an entry.
    subscript(index: Int) -> ArraySlice<UInt8> {
        let entry = entries[index]
        return bytes[Int(entry.start)..<Int(entry.start + entry.count)]
    }

    /// The text of an entry.
    func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// Where some bytes are; `nil` if they are not.
    @inline(__always)
    func index(of key: UnsafeRawBufferPointer) -> Int? {
        find(key, ByteTable.hash(key)).index
    }

    func index(of key: some Collection<UInt8>) -> Int? {
        key.withContiguousStorageIfAvailable { index(of: UnsafeRawBufferPointer($0)) }
            ?? Array(key).withUnsafeBytes { index(of: $0) }
    }

    /// Adds bytes unless they are there.
    @discardableResult
    mutating func insert(_ key: UnsafeRawBufferPointer) -> (index: Int, isNew: Bool) {
        let hash = ByteTable.hash(key)
        let place = find(key, hash)
        if let index = place.index { return (index, false) }
        if 2 * (entries.count + 1) > slots.count { grow() }
        entries.append(Entry(hash: hash, start: UInt32(bytes.count), count: UInt32(key.count)))
        bytes.append(contentsOf: key)
        occupy(hash, UInt32(entries.count))
        return (entries.count - 1, true)
    }

    @discardableResult
    mutating func insert(_ key: some Collection<UInt8>) -> (index: Int, isNew: Bool) {
        Array(key).withUnsafeBytes { insert($0) }
    }

    /// Forgets all entries.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        for index in slots.indices { slots[index] = 0 }
    }

    @inline(__always)
    private static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: apus_xxh3(key.baseAddress, key.count))
    }

    @inline(__always)
    private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt32) -> (index: Int?, slot: Int) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            let entry = entries[index]
            if entry.hash == hash, Int(entry.count) == key.count {
                let isEqual = bytes.withUnsafeBytes { all in
                    UnsafeRawBufferPointer(rebasing: all[Int(entry.start)..<Int(entry.start + entry.count)])
                        .elementsEqual(key)
                }
                if isEqual { return (index, slot) }
            }
            slot = (slot + 1) & mask
        }
        return (nil, slot)
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: 2 * slots.count)
        for (index, entry) in entries.enumerated() { occupy(entry.hash, UInt32(index + 1)) }
    }

    private mutating func occupy(_ hash: UInt32, _ value: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = value
    }
}
