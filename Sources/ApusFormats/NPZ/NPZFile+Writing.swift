import CZlib

extension NPZFile {
    /// Writes arrays to a file as `numpy.savez` does: stored as they are, little-endian, in C order.
    ///
    /// - Throws: `FormatError` for `bfloat16`, which the format lacks; for names that are empty or there twice; for 4 GiB or more; and
    ///   if the file can't be written, when one that was there stays as it was.
    public static func write(_ arrays: [(name: String, array: NumericArray)], to path: String) throws(FormatError) {
        let entries = try entries(arrays, path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in
            for (entry, item) in zip(entries, arrays) {
                try output.append(contentsOf: entry.localHeader)
                try output.append(contentsOf: entry.header)
                try output.append(contentsOf: item.array.bytes)
            }
            try output.append(contentsOf: directory(entries))
        }
    }

    package static func encode(_ arrays: [(name: String, array: NumericArray)]) throws(FormatError) -> [UInt8] {
        let entries = try entries(arrays, "")
        return zip(entries, arrays).flatMap { $0.localHeader + $0.header + $1.array.bytes } + directory(entries)
    }

    /// A file in the archive.
    private struct Entry {
        let name: [UInt8]
        /// That of the array, which is the file's beginning.
        let header: [UInt8]
        let checksum: UInt32
        let count: Int
        /// Where the entry begins in the archive.
        let offset: Int

        /// What both headers say: version 2.0, names in UTF-8, stored, 1980-01-01, checksum, sizes, lengths.
        private var facts: [UInt8] {
            numbers(2, 20, 0x0800, 0, 0, 0x21) + numbers(4, Int(checksum), count, count) + numbers(2, name.count, 0)
        }

        var localHeader: [UInt8] { numbers(4, 0x0403_4b50) + facts + name }
        var directoryHeader: [UInt8] {
            numbers(4, 0x0201_4b50) + numbers(2, 20) + facts + numbers(2, 0, 0, 0) + numbers(4, 0, offset) + name
        }
        var end: Int { offset + localHeader.count + count }
    }

    private static func entries(
        _ arrays: [(name: String, array: NumericArray)], _ path: String
    ) throws(FormatError) -> [Entry] {
        func unsupported(_ problem: String, _ expected: String, _ received: String, _ remedy: String) -> FormatError {
            FormatError(
                .unsupported, path: path, problem, expected: expected, received: received, remedy: remedy)
        }
        var entries: [Entry] = []
        var known: Set<String> = []
        for (name, array) in arrays {
            guard !name.isEmpty, name.utf8.count < 60_000, known.insert(name).inserted else {
                throw unsupported(
                    "an array can't have this name", "names that are different and not empty",
                    "\"\(name.prefix(100))\"",
                    "Give every array a name of its own.")
            }
            let header = try NPY.header(array.type, path)
            var checksum = crc32_z(0, header, header.count)
            // Without an address zlib would begin anew.
            if !array.bytes.isEmpty { checksum = crc32_z(checksum, array.bytes, array.bytes.count) }
            entries.append(
                Entry(
                    name: Array("\(name).npy".utf8), header: header, checksum: UInt32(truncatingIfNeeded: checksum),
                    count: header.count + array.bytes.count, offset: entries.last?.end ?? 0))
        }
        guard entries.count < 0xffff, (entries.last?.end ?? 0) + directory(entries).count < 0xffff_ffff else {
            throw unsupported(
                "the arrays are too many or too large for the format", "less than 65535 arrays and 4 GiB",
                entries.count.counted("array"), "Save them as safetensors.")
        }
        return entries
    }

    private static func directory(_ entries: [Entry]) -> [UInt8] {
        let headers = entries.flatMap(\.directoryHeader)
        return headers + numbers(4, 0x0605_4b50) + numbers(2, 0, 0, entries.count, entries.count)
            + numbers(4, headers.count, entries.last?.end ?? 0) + numbers(2, 0)
    }
}

/// Numbers of a given number of bytes, the lowest first.
private func numbers(_ width: Int, _ values: Int...) -> [UInt8] {
    values.flatMap { value in (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
