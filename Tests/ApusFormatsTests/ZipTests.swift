import ApusFormats
import ApusTestKit
import Foundation
import Testing

@Suite struct ZipTests {
    private func archive(_ items: [ZipWriter.Item], limit: Int = 0xffff_ffff, countLimit: Int = 0xffff) throws
        -> [UInt8]
    {
        let memory = MemorySink()
        try ZipWriter(items, path: "t", remedy: "Rename it.", limit: limit, countLimit: countLimit).write(to: memory)
        return memory.bytes
    }

    /// Sizes and places of 64 bits, as in archives of 4 GiB and more: they begin at a smaller limit here.
    @Test(arguments: [1, 40, 100, 200, 1000]) func wideRecords(limit: Int) throws {
        let items: [ZipWriter.Item] = [
            .init(name: "small", parts: [[1, 2, 3]]),
            .init(name: "large", parts: [Array(repeating: 7, count: 150), [8]]),
            .init(name: "größe", parts: [], alignment: 64), .init(name: "last", parts: [[9]], alignment: 64),
        ]
        let plain = try archive(items)
        for countLimit in [2, 4, 5] {
            let bytes = try archive(items, limit: limit, countLimit: countLimit)
            #expect((bytes == plain) == (limit == 1000 && countLimit == 5))
            let file = try ZipArchive(ByteSource(bytes, name: "t"))
            #expect(file.names == items.map(\.name))
            for item in items { #expect(try file.bytes(item.name) == item.parts.flatMap { $0 }) }
            #expect(try file.bytes("none") == nil)
        }
        // Python's zipfile was seen to read these bytes.
        #expect(bytes(of: plain, at: 0x0606_4b50) == nil)
        let wide = try archive(items, limit: 1, countLimit: 2)
        #expect(bytes(of: wide, at: 0x0606_4b50) != nil && bytes(of: wide, at: 0x0706_4b50) != nil)
    }

    private func bytes(of archive: [UInt8], at mark: UInt32) -> Int? {
        let letters = (0..<4).map { UInt8(truncatingIfNeeded: mark >> (8 * $0)) }
        return archive.indices.first { archive[$0...].starts(with: letters) }
    }

    /// An entry that begins beyond 4 GiB; the file has holes, and takes no room.
    @Test func entriesBeyondFourGigabytes() throws {
        try withTemporaryFolder { folder in
            let whole = try archive([.init(name: "far", parts: [[1, 2, 3]])])
            let start = 5 << 30
            let header = Array(whole[..<36])
            let wide = PickleText.little(1, 2) + PickleText.little(8, 2) + PickleText.little(start, 8)
            var entry = Array(whole[36..<whole.count - 22])
            entry.replaceSubrange(30..<32, with: PickleText.little(wide.count, 2))
            entry.replaceSubrange(42..<46, with: [0xff, 0xff, 0xff, 0xff])
            entry += wide
            let directory = start + 36
            let record =
                PickleText.little(0x0606_4b50, 4) + PickleText.little(44, 8) + PickleText.little(45, 2)
                + PickleText.little(45, 2) + PickleText.little(0, 8) + PickleText.little(1, 8) + PickleText.little(1, 8)
                + PickleText.little(entry.count, 8) + PickleText.little(directory, 8)
            let locator =
                PickleText.little(0x0706_4b50, 4) + PickleText.little(0, 4)
                + PickleText.little(directory + entry.count, 8) + PickleText.little(1, 4)
            var end = Array(whole[(whole.count - 22)...])
            end.replaceSubrange(12..<16, with: PickleText.little(entry.count, 4))
            end.replaceSubrange(16..<20, with: [0xff, 0xff, 0xff, 0xff])
            let path = try folder.file("far.zip", [])
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.seek(toOffset: UInt64(start))
            try handle.write(contentsOf: Data(header + entry + record + locator + end))
            try handle.close()
            let file = try ZipArchive(ByteSource(path: path, content: "an archive"))
            #expect(try file.bytes("far") == [1, 2, 3])
        }
    }

    @Test func refusedArchives() throws {
        let item = ZipWriter.Item(name: "a", parts: [[1]])
        #expect(message { try archive([item, item]) }.contains("an entry of the archive can't have this name"))
        #expect(message { try archive([.init(name: "", parts: [])]) }.contains("not empty"))
        // Two entries of one name: b becomes a.
        var bytes = try archive([item, .init(name: "b", parts: [[2]])])
        for index in bytes.indices where bytes[index] == UInt8(ascii: "b") { bytes[index] = UInt8(ascii: "a") }
        #expect(
            message { try ZipArchive(ByteSource(bytes, name: "t")) }.contains(
                "\"a\" overlaps another entry, or has its name"))
        // Names are no paths: an entry that wants to lie elsewhere is an entry.
        let climbing = try archive([
            .init(name: "../../etc/passwd", parts: [[1]]), .init(name: "/etc/shadow", parts: [[2]]),
        ])
        let file = try ZipArchive(ByteSource(climbing, name: "t"))
        #expect(file.names == ["../../etc/passwd", "/etc/shadow"])
        #expect(try file.bytes("/etc/shadow") == [2])
    }

    /// 32 MB of zeros from 32 kB: refused before memory is taken.
    @Test func bombs() throws {
        let deflated = Array(try Gzip.compress([UInt8](repeating: 0, count: 32 << 20)).dropFirst(10).dropLast(8))
        let bytes = try PickleText.deflatedArchive("a", deflated, count: 32 << 20)
        let file = try ZipArchive(ByteSource(bytes, name: "t"))
        #expect(message { try file.bytes("a") }.contains("far more data than its size makes likely"))
        // A size that is smaller than what comes out.
        let short = try PickleText.deflatedArchive("a", deflated, count: 100)
        #expect(throws: FormatError.self) { try ZipArchive(ByteSource(short, name: "t")).bytes("a") }
    }
}
