import ApusConfiguration
import CZlib

/// What a zip archive is expected to be, for messages.
struct ZipSort: Sendable {
    /// With its article: `an .npz file`.
    let content: String
    /// How to get one that is read.
    let remedy: String
    /// Whether a checksum of 0 stands for none.
    var mayLackChecksums = false

    static let npz = ZipSort(content: "an .npz file", remedy: "Save it again with numpy.savez.")
    static let pyTorch = ZipSort(
        content: "a file of torch.save", remedy: "Save it again: torch.save(model.state_dict(), path).",
        mayLackChecksums: true)
    static let keras = ZipSort(content: "a .keras file", remedy: "Save it again: model.save(path).")
}

/// The list of files in a zip archive (APPNOTE 6.3, also with 64-bit sizes), checked against the archive.
///
/// Only what files of arrays need: one disk, no encryption, stored or deflated. Names are names of entries and nothing more: no file
/// is made of them, so that `..` in one has no meaning.
struct ZipDirectory: Sendable {
    struct Entry: Sendable {
        var name: String
        var isDeflated: Bool
        /// `nil` if the writer left it out.
        var checksum: UInt32?
        var count: Int
        /// The place of its header, which stands before its data.
        var headerOffset: Int
        var storedCount: Int
    }

    /// The entries in the order in which they lie in the archive.
    private(set) var entries: [Entry] = []
    private let path: String
    private let sort: ZipSort

    init(_ source: ByteSource, _ sort: ZipSort) throws(FormatError) {
        path = source.path
        self.sort = sort
        let (range, count) = try ZipDirectory.locate(source, sort)
        var fields = ByteFields(try source.bytes(range), base: range.lowerBound, path: path, content: "the zip archive")
        for _ in 0..<count { entries.append(try ZipDirectory.entry(&fields, path, sort)) }
        guard fields.isAtEnd else {
            throw fields.failure(
                "the directory of the zip archive holds more than it "
                    + "announces")
        }
        try check(end: range.lowerBound)
    }

    /// The place of an entry's data in the archive.
    func data(of entry: Entry, _ source: ByteSource) throws(FormatError) -> Range<Int> {
        let length = min(30, max(0, source.count - entry.headerOffset))
        var fields = ByteFields(
            try source.bytes(entry.headerOffset..<entry.headerOffset + length), base: entry.headerOffset, path: path,
            content: "the zip archive")
        try fields.expect(0x0403_4b50, "the header of \(entry.name.quoted)")
        try fields.skip(22)
        let start = entry.headerOffset + 30 + Int(try fields.uint16()) + Int(try fields.uint16())
        guard start <= source.count, entry.storedCount <= source.count - start else {
            throw fields.failure("the data of \(entry.name.quoted) reaches beyond the archive")
        }
        return start..<start + entry.storedCount
    }

    /// Finds the directory from the mark at the end of the archive.
    private static func locate(
        _ source: ByteSource, _ sort: ZipSort
    ) throws(FormatError) -> (Range<Int>, count: Int) {
        let tailStart = max(0, source.count - 22 - 65535)
        let tail = try source.bytes(tailStart..<source.count)
        var mark = tail.count - 22
        while mark >= 0, !isEnd(tail, mark) { mark -= 1 }
        guard mark >= 0 else {
            let start = try source.bytes(0..<min(4, source.count))
            throw FormatError(
                .malformed, path: source.path, offset: source.count,
                "this is not \(sort.content), or its end is missing",
                expected: "the directory of a zip archive at the end",
                received: start.isEmpty ? "an empty file" : "a file that starts with \(Signature.describe(start))",
                remedy: "Check the path, or copy or download it again.")
        }
        let end = tailStart + mark
        var fields = ByteFields(Array(tail[mark...]), base: end, path: source.path, content: "the zip archive")
        try fields.skip(4)
        let disks = try fields.uint32()
        try fields.skip(2)
        var count = Int(try fields.uint16())
        var size = Int(try fields.uint32())
        var offset = Int(try fields.uint32())
        var limit = end
        if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff, end >= 20 {
            var locator = ByteFields(
                try source.bytes(end - 20..<end), base: end - 20, path: source.path, content: "the zip archive")
            if try locator.uint32() == 0x0706_4b50 {
                try locator.skip(4)
                limit = try locator.count(8)
                guard limit <= end - 76 else { throw locator.failure("the 64-bit directory lies outside the archive") }
                var wide = ByteFields(
                    try source.bytes(limit..<limit + 56), base: limit, path: source.path, content: "the zip archive")
                try wide.expect(0x0606_4b50, "the 64-bit directory")
                try wide.skip(28)
                count = try wide.count(8)
                size = try wide.count(8)
                offset = try wide.count(8)
            }
        }
        // Each entry takes at least 46 bytes.
        guard disks == 0, offset <= limit, size <= limit - offset, count <= size / 46 else {
            throw fields.failure("the directory of the zip archive lies outside it, or the archive has several parts")
        }
        return (offset..<offset + size, count)
    }

    /// The mark must be followed by a comment of just the length that it announces.
    private static func isEnd(_ tail: [UInt8], _ mark: Int) -> Bool {
        tail[mark] == 0x50 && tail[mark + 1] == 0x4b && tail[mark + 2] == 5 && tail[mark + 3] == 6
            && Int(tail[mark + 20]) + Int(tail[mark + 21]) << 8 == tail.count - mark - 22
    }

    private static func entry(
        _ fields: inout ByteFields, _ path: String, _ sort: ZipSort
    ) throws(FormatError) -> Entry {
        try fields.expect(0x0201_4b50, "an entry of the directory")
        try fields.skip(4)
        let flags = try fields.uint16()
        let method = try fields.uint16()
        try fields.skip(4)
        let checksum = try fields.uint32()
        var storedCount = Int(try fields.uint32())
        var count = Int(try fields.uint32())
        let nameCount = Int(try fields.uint16())
        let extraCount = Int(try fields.uint16())
        let commentCount = Int(try fields.uint16())
        try fields.skip(8)
        var headerOffset = Int(try fields.uint32())
        let name = String(decoding: try fields.take(nameCount), as: UTF8.self)
        var extra = ByteFields(
            try fields.take(extraCount), base: fields.offset - extraCount, path: path, content: "the zip archive")
        while !extra.isAtEnd {
            let tag = try extra.uint16()
            var field = ByteFields(
                try extra.take(Int(try extra.uint16())), base: extra.offset, path: path, content: "the zip archive")
            guard tag == 1 else { continue }
            if count == 0xffff_ffff { count = try field.count(8) }
            if storedCount == 0xffff_ffff { storedCount = try field.count(8) }
            if headerOffset == 0xffff_ffff { headerOffset = try field.count(8) }
        }
        try fields.skip(commentCount)
        guard flags & 1 == 0, method == 0 || method == 8 else {
            throw FormatError(
                .unsupported, path: path, "\(name.quoted) is stored in a way that is not supported",
                expected: "stored or deflated, not encrypted",
                received: flags & 1 != 0 ? "an encrypted entry" : "method \(method)",
                remedy: sort.remedy)
        }
        guard method == 8 || count == storedCount else {
            throw fields.failure("the two sizes of \(name.quoted) differ, though it is not compressed")
        }
        return Entry(
            name: name, isDeflated: method == 8, checksum: sort.mayLackChecksums && checksum == 0 ? nil : checksum,
            count: count, headerOffset: headerOffset,
            storedCount: storedCount)
    }

    /// Names are unique, and entries lie one after the other, before the directory.
    private mutating func check(end: Int) throws(FormatError) {
        entries.sort { $0.headerOffset < $1.headerOffset }
        var names: Set<String> = []
        for (index, entry) in entries.enumerated() {
            let limit = index + 1 < entries.count ? entries[index + 1].headerOffset : end
            let space = limit - entry.headerOffset
            guard space >= 30, entry.storedCount <= space - 30, names.insert(entry.name).inserted else {
                throw FormatError(
                    .malformed, path: path, offset: entry.headerOffset,
                    "\(entry.name.quoted) overlaps another entry, or has its name", expected: "separate entries",
                    remedy: sort.remedy)
            }
        }
    }
}
