/// The texts that stand for a missing value.
struct CSVWords {
    private let words: [[UInt8]]
    /// A bit for each of the bytes, modulo 64, that words start with.
    private let starts: UInt64

    init(_ words: [String]) {
        self.words = words.map { Array($0.utf8) }.filter { !$0.isEmpty }
        starts = self.words.reduce(0) { $0 | 1 << UInt64($1[0] & 63) }
    }

    @inline(__always)
    func contains(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count > 0 else { return true }
        return starts >> UInt64(text[0] & 63) & 1 == 1 && isWord(text)
    }

    @inline(never)
    private func isWord(_ text: UnsafeRawBufferPointer) -> Bool { words.contains { text.elementsEqual($0) } }
}

/// Different texts, numbered as they come.
struct CSVNames {
    private var bytes: [UInt8] = []
    /// Where each text ends in `bytes`.
    private var ends: [Int] = []
    /// A hash table of numbers, -1 where it is free; its size is a power of 2, or 0 without texts.
    private var slots: [Int32] = []

    var count: Int { ends.count }

    /// The number of a text, if it has one.
    func code(of text: UnsafeRawBufferPointer) -> Int32? {
        guard count > 0 else { return nil }
        let code = slots[slot(of: text)]
        return code < 0 ? nil : code
    }

    /// Numbers a text that has no number yet.
    mutating func append(_ text: UnsafeRawBufferPointer) -> Int32 {
        if 2 * (count + 1) > slots.count { grow() }
        let code = Int32(count)
        slots[slot(of: text)] = code
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        return code
    }

    /// The texts in the order of their bytes, and the place of each number in it.
    func sorted() -> (names: [String], places: [Int32]) {
        let order = bytes.withUnsafeBytes { bytes in
            ends.indices.sorted { bytes[range($0)].lexicographicallyPrecedes(bytes[range($1)]) }
        }
        var places = [Int32](repeating: 0, count: count)
        for (place, code) in order.enumerated() { places[code] = Int32(place) }
        return (order.map { String(decoding: bytes[range($0)], as: UTF8.self) }, places)
    }

    private func range(_ code: Int) -> Range<Int> { (code == 0 ? 0 : ends[code - 1])..<ends[code] }

    /// Where a text stands, or would stand, in the table.
    private func slot(of text: UnsafeRawBufferPointer) -> Int {
        // Seeded by the process: no file can be made to collide.
        var hasher = Hasher()
        hasher.combine(bytes: text)
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] >= 0, !equals(text, Int(slots[slot])) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private func equals(_ text: UnsafeRawBufferPointer, _ code: Int) -> Bool {
        let range = range(code)
        return range.count == text.count
            && bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[range]).elementsEqual(text) }
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: max(16, 2 * slots.count))
        bytes.withUnsafeBytes { bytes in
            for code in ends.indices {
                slots[slot(of: UnsafeRawBufferPointer(rebasing: bytes[range(code)]))] = Int32(code)
            }
        }
    }
}
