/// The header of a group, a data set or a type: messages that say what it is.
struct HDF5Object: Sendable {
    struct Message: Sendable {
        let kind: Kind
        /// Whether the content is somewhere else in the file.
        let isShared: Bool
        var fields: ByteFields
    }

    enum Kind: UInt8 {
        case dataspace = 0x01
        case linkInfo = 0x02
        case datatype = 0x03
        case formerFill = 0x04
        case fill = 0x05
        case link = 0x06
        case external = 0x07
        case layout = 0x08
        case groupInfo = 0x0a
        case filters = 0x0b
        case attribute = 0x0c
        case continuation = 0x10
        case symbols = 0x11
        case attributeInfo = 0x15
    }

    let address: Int
    /// Those with a meaning here.
    private(set) var messages: [Message] = []

    init(_ reader: HDF5Reader, at address: Int) throws(FormatError) {
        self.address = address
        var start = try reader.fields(16, at: address, "an object's header")
        var blocks: [(offset: Int, count: Int)]
        let isSecond = (try? start.expect(UInt32(letters: "OHDR"), "")) != nil
        var orderCount = 0
        if isSecond {
            let (version, flags) = (try start.uint8(), try start.uint8())
            guard version == 2 else { throw start.failure("an object's header has an unknown version") }
            orderCount = flags & 4 != 0 ? 2 : 0
            let skipped = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
            let width = 1 << Int(flags & 3)
            var size = try reader.fields(width, at: address + skipped, "an object's header")
            blocks = [(address + skipped + width, try size.count(width))]
        } else {
            guard try start.uint8() == 1 else { throw start.failure("there is no object's header where one should be") }
            try start.skip(7)
            blocks = [(address + 16, Int(try start.uint32()))]
        }
        // Blocks of a sound file don't overlap, so that all together are no greater than it.
        var rest = reader.source.count
        while let block = blocks.popLast() {
            rest -= max(block.count, 1)
            guard rest >= 0 else { throw reader.failure("an object's header leads back to itself", at: block.offset) }
            var fields = try reader.fields(block.count, at: block.offset, "an object's header")
            while fields.rest >= (isSecond ? 4 + orderCount : 8) {
                let code = isSecond ? UInt16(try fields.uint8()) : try fields.uint16()
                let count = Int(try fields.uint16())
                let flags = try fields.uint8()
                try fields.skip(isSecond ? orderCount : 3)
                var content = try fields.part(count)
                guard let kind = UInt8(exactly: code).flatMap(Kind.init) else { continue }
                if kind == .continuation {
                    guard let offset = try content.address() else { throw content.failure("a header has no end") }
                    let count = try content.count(8)
                    guard isSecond else {
                        blocks.append((offset, count))
                        continue
                    }
                    // Between a signature and a checksum.
                    var mark = try reader.fields(4, at: offset, "the rest of an object's header")
                    try mark.expect(UInt32(letters: "OCHK"), "the rest of an object's header")
                    blocks.append((offset + 4, count - 8))
                } else {
                    messages.append(Message(kind: kind, isShared: flags & 2 != 0, fields: content))
                }
            }
        }
    }

    /// The content of the first message of a kind.
    func first(_ kind: Kind) -> Message? { messages.first { $0.kind == kind } }

    var isDataset: Bool { first(.layout) != nil }
    var isGroup: Bool { first(.symbols) != nil || first(.linkInfo) != nil || first(.link) != nil }
}
