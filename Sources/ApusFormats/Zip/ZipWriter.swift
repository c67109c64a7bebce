import ApusConfiguration

/// Writes zip archives whose entries are stored as they are: sizes and places of 64 bits where 32 do not suffice.
package struct ZipWriter {
    /// A file in the archive.
    package struct Item {
        package let name: String
        /// Its bytes, in parts that lie one after the other.
        package let parts: [[UInt8]]
        /// Its bytes begin at a multiple of this in the archive.
        package var alignment: Int

        package init(name: String, parts: [[UInt8]], alignment: Int = 1) {
            (self.name, self.parts, self.alignment) = (name, parts, alignment)
        }
    }

    /// An item with its place.
    private struct Entry {
        let name: [UInt8]
        let checksum: UInt32
        let count: Int
        /// Where the entry begins in the archive.
        let offset: Int
        let isWide: Bool
        let alignment: Int

        /// What both headers say: names in UTF-8, stored, 1980-01-01, checksum.
        private var facts: [UInt8] { numbers(2, isWide ? 45 : 20, 0x0800, 0, 0, 0x21) + numbers(4, Int(checksum)) }
        private var sizes: [UInt8] {
            isWide ? numbers(4, 0xffff_ffff, 0xffff_ffff) : numbers(4, count, count)
        }
        private var wideSizes: [UInt8] { isWide ? numbers(2, 1, 16) + numbers(8, count, count) : [] }

        /// Filled up by a field of no meaning, as in the archives of `torch.save`.
        private var padding: [UInt8] {
            guard alignment > 1 else { return [] }
            let start = offset + 30 + name.count + wideSizes.count + 4
            let count = (alignment - start % alignment) % alignment
            return Array("FB".utf8) + numbers(2, count) + Array(repeating: UInt8(ascii: "Z"), count: count)
        }

        var localHeader: [UInt8] {
            let extra = wideSizes + padding
            return numbers(4, 0x0403_4b50) + facts + sizes + numbers(2, name.count, extra.count) + name + extra
        }

        func directoryHeader(_ limit: Int) -> [UInt8] {
            let isFar = offset >= limit
            let wide = (isWide ? numbers(8, count, count) : []) + (isFar ? numbers(8, offset) : [])
            let extra = wide.isEmpty ? [] : numbers(2, 1, wide.count) + wide
            return numbers(4, 0x0201_4b50) + numbers(2, wide.isEmpty ? 20 : 45) + facts + sizes
                + numbers(2, name.count, extra.count, 0, 0, 0) + numbers(4, 0, isFar ? 0xffff_ffff : offset) + name
                + extra
        }

        var end: Int { offset + localHeader.count + count }
    }

    private let items: [Item]
    private let entries: [Entry]
    private let limit: Int
    private let countLimit: Int

    /// - Parameters:
    ///   - limit: Sizes and places from here on take 64 bits.
    ///   - countLimit: The same of the number of entries.
    /// - Throws: For names that are empty, too long or there twice.
    package init(
        _ items: [Item], path: String, remedy: String, limit: Int = 0xffff_ffff, countLimit: Int = 0xffff
    ) throws(FormatError) {
        var entries: [Entry] = []
        var known: Set<String> = []
        for item in items {
            guard !item.name.isEmpty, item.name.utf8.count < 60_000, known.insert(item.name).inserted else {
                throw FormatError(
                    .unsupported, path: path, "an entry of the archive can't have this name",
                    expected: "names that are different and not empty", received: item.name.quoted, remedy: remedy)
            }
            var (checksum, count) = (UInt32(0), 0)
            for part in item.parts {
                checksum = part.withUnsafeBytes { $0.crc32(continuing: checksum) }
                count += part.count
            }
            entries.append(
                Entry(
                    name: Array(item.name.utf8), checksum: checksum, count: count, offset: entries.last?.end ?? 0,
                    isWide: count >= limit, alignment: item.alignment))
        }
        (self.items, self.entries, self.limit, self.countLimit) = (items, entries, limit, countLimit)
    }

    package func write(to output: any ByteSink) throws(FormatError) {
        for (entry, item) in zip(entries, items) {
            try output.append(contentsOf: entry.localHeader)
            for part in item.parts { try output.append(contentsOf: part) }
        }
        try output.append(contentsOf: directory)
    }

    private var directory: [UInt8] {
        let headers = entries.flatMap { $0.directoryHeader(limit) }
        let (start, count) = (entries.last?.end ?? 0, entries.count)
        var bytes = headers
        if start >= limit || headers.count >= limit || count >= countLimit {
            bytes += numbers(4, 0x0606_4b50) + numbers(8, 44) + numbers(2, 45, 45) + numbers(4, 0, 0)
            bytes += numbers(8, count, count, headers.count, start)
            bytes += numbers(4, 0x0706_4b50, 0) + numbers(8, start + headers.count) + numbers(4, 1)
        }
        let shown = count >= countLimit ? 0xffff : count
        bytes += numbers(4, 0x0605_4b50) + numbers(2, 0, 0, shown, shown)
        return bytes + numbers(4, headers.count >= limit ? 0xffff_ffff : headers.count)
            + numbers(4, start >= limit ? 0xffff_ffff : start) + numbers(2, 0)
    }
}

/// Numbers of a given number of bytes, the lowest first.
func numbers(_ width: Int, _ values: Int...) -> [UInt8] {
    values.flatMap { value in (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
