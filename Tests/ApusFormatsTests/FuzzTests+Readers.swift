import ApusFormats
import ApusFuzzing
import Testing

extension FuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func csv() async {
            await #expect(processExitsWith: .success) { try Fuzzing.csv(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func cifar() async {
            await #expect(processExitsWith: .success) { try Fuzzing.cifar(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func png() async {
            await #expect(processExitsWith: .success) { try Fuzzing.png(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func jpeg() async {
            await #expect(processExitsWith: .success) { try Fuzzing.jpeg(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func csvHere() throws { try Fuzzing.csv(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func cifarHere() throws { try Fuzzing.cifar(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func pngHere() throws { try Fuzzing.png(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func jpegHere() throws { try Fuzzing.jpeg(limited: false) }
}

extension Fuzzing {
    static func csv(limited: Bool) throws {
        let samples = CSVTests.tables.map { Array($0.text.utf8) }
        try run(samples, limited: limited) { bytes, mutator throws(FormatError) in
            let format = CSVFormat(
                separator: [nil, .comma, .semicolon, .tab][bytes.count % 4],
                hasHeader: [nil, false, true][bytes.count % 3])
            let table = try CSVTable.read(ByteSource(bytes, name: "fuzz"), format: format)
            // What was read can be written, and is the same again.
            guard mutator.chance(4), !table.columns.isEmpty, format.hasHeader != nil else { return }
            let again = CSVFormat(separator: .semicolon, hasHeader: true)
            let written = try CSVTable.read(
                ByteSource(table.encoded(separator: .semicolon), name: "again"), format: again)
            guard CSVTests.words(written) == CSVTests.words(table) else {
                throw FormatError(
                    .mismatch, path: "again", "", expected: "\(CSVTests.words(table))",
                    received: "\(CSVTests.words(written))", remedy: "")
            }
        }
    }

    static func cifar(limited: Bool) throws {
        let samples = [
            CIFARTests.file(.cifar10, labels: [1, 9]), CIFARTests.file(.cifar100, labels: [0, 99]),
            CIFARTests.file(.cifar10, labels: [5]),
        ]
        try run(samples, limited: limited) { bytes, mutator throws(FormatError) in
            let sort: CIFAR = mutator.chance(2) ? .cifar10 : .cifar100
            let unit = sort == .cifar10 ? 3073 : 3074
            let whole = mutator.chance(4) ? bytes.count : bytes.count / unit * unit
            _ = try sort.read([ByteSource(Array(bytes[..<whole]), name: "fuzz")])
        }
    }

    static func png(limited: Bool) throws {
        let names = [
            "gray-1", "gray-16", "gray-alpha-8-interlaced", "palette-4", "palette-transparent", "rgb-16-interlaced",
            "rgba-8", "gray-transparent",
        ]
        let files = try names.map { try ImageFixture.bytes("\($0).png") }
        let parts = [(8, 2, 0), (8, 6, 1), (16, 0, 1), (2, 3, 0), (1, 0, 1)].map { depth, type, interlaced in
            PNGFile.parts(depth: depth, type: type, interlaced: interlaced)
        }
        try run(files + parts, limited: limited) { bytes, mutator throws(FormatError) in
            // Where checksums and compression fit again, the damage inside of them counts.
            if bytes.starts(with: PNGFile.mark) {
                try decode(PNGFile.file(parts: bytes))
            } else {
                try decode(mutator.chance(8) ? bytes : PNGFile.corrected(bytes))
            }
        }
    }

    static func jpeg(limited: Bool) throws {
        let names = ["gray", "444", "420", "progressive", "restart", "cmyk", "orientation-6"]
        try run(names.map { try ImageFixture.bytes("jpeg-\($0).jpg") }, limited: limited) {
            bytes, _ throws(FormatError) in
            try decode(bytes)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(FormatError) {
        let options = ImageFile.Options(
            channels: [nil, 1, 3][bytes.count % 3], transparency: bytes.count % 2 == 0 ? .dropped : .overWhite,
            minimumSize: bytes.count % 5 == 0 ? (height: 5, width: 5) : nil, pixelLimit: 1 << 16)
        let image = try ImageFile.decode(ByteSource(bytes, name: "fuzz"), options)
        guard image.pixels.count == image.height * image.width * image.channels else {
            throw FormatError(.malformed, path: "", "", remedy: "")
        }
    }
}

/// PNG files taken apart and put together again.
private enum PNGFile {
    /// The start of a file's parts: this, the 13 bytes of its header, and its rows uncompressed.
    static let mark = Array("parts".utf8)

    static func parts(depth: Int, type: Int, interlaced: Int) -> [UInt8] {
        let header: [UInt8] = [0, 0, 0, 8, 0, 0, 0, 9, UInt8(depth), UInt8(type), 0, 0, UInt8(interlaced)]
        // Whatever the size of a row is, its first byte is one of the five filters.
        let rows = (0..<600).map { UInt8($0 * $0 % 5) }
        return mark + header + rows
    }

    static func file(parts: [UInt8]) throws(FormatError) -> [UInt8] {
        let rows = Array(parts.dropFirst(18))
        // gzip has the same compressed data as zlib between a header of 10 and a trailer of 8 bytes.
        let deflated = try Gzip.compress(rows).dropFirst(10).dropLast(8)
        var (low, high) = (UInt32(1), UInt32(0))
        for byte in rows {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        let palette = (0..<12).map { UInt8($0 * 20) }
        var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        file += chunk("IHDR", Array(parts.dropFirst(5).prefix(13)))
        file += chunk("PLTE", palette)
        file += chunk("IDAT", [0x78, 0x9c] + Array(deflated) + bytes(high << 16 | low))
        file += chunk("IEND", [])
        return file
    }

    /// The file with the checksums of its chunks computed again.
    static func corrected(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        var start = 8
        while start + 12 <= bytes.count {
            let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 8 + length
            guard end + 4 <= bytes.count else { break }
            result.replaceSubrange(end..<end + 4, with: checksum(bytes[(start + 4)..<end]))
            start = end + 4
        }
        return result
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bytes(UInt32(data.count)) + body + checksum(body[...])
    }

    private static let table = (0..<256).map { index -> UInt32 in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc = UInt32.max
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        return PNGFile.bytes(~crc)
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
