import ApusFormats

/// Pickles and files of `torch.save`, byte for byte.
enum PickleText {
    static func text(_ text: String) -> [UInt8] { Array("X".utf8) + little(text.utf8.count, 4) + Array(text.utf8) }

    static func number(_ number: Int) -> [UInt8] { [0x8a, 8] + little(number, 8) }

    static func tuple(_ items: [[UInt8]]) -> [UInt8] { Array("(".utf8) + items.joined() + Array("t".utf8) }

    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    static func call(_ module: String, _ name: String, _ arguments: [[UInt8]]) -> [UInt8] {
        global(module, name) + tuple(arguments) + Array("R".utf8)
    }

    static func dictionary(_ pairs: [(String, [UInt8])]) -> [UInt8] { dictionary(raw: pairs.map { text($0.0) + $0.1 }) }

    static func dictionary(raw pairs: [[UInt8]]) -> [UInt8] { Array("}(".utf8) + pairs.joined() + Array("u".utf8) }

    /// A tensor of float32 in the storage `0` of four elements.
    static func tensor(
        shape: [Int] = [4], strides: [Int] = [1], start: Int = 0, count: Int = 4, key: String = "0",
        storage: String = "FloatStorage"
    ) -> [UInt8] {
        let identity = tuple([text("storage"), global("torch", storage), text(key), text("cpu"), number(count)])
        return call(
            "torch._utils", "_rebuild_tensor_v2",
            [
                identity + Array("Q".utf8), number(start), tuple(shape.map(number)), tuple(strides.map(number)), [0x89],
                Array("}".utf8),
            ])
    }

    static let tensor = tensor()

    /// A pickle of protocol 2.
    static func pickle(_ content: [UInt8]) -> [UInt8] { [0x80, 2] + content + Array(".".utf8) }

    /// A file of before 1.6, with the storage `0` of the numbers 0 to 3.
    static func legacy(
        _ content: [UInt8], keys: [String] = ["0"], system: [UInt8] = Array("}".utf8), count: Int = 4
    ) -> [UInt8] {
        let magic: [UInt8] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
        let list = Array("](".utf8) + keys.map(text).joined() + Array("e".utf8)
        let elements = (0..<4).flatMap { little(Int(Float($0).bitPattern), 4) }
        return [pickle(magic), pickle([0x4d, 0xe9, 3]), pickle(system), pickle(content), pickle(list)].flatMap { $0 }
            + keys.flatMap { _ in little(count, 8) + elements }
    }

    /// A file of today with that pickle and the storage `0` of the numbers 0 to 3.
    static func archive(
        _ content: [UInt8], others: [(String, [UInt8])] = []
    ) throws -> [UInt8] {
        let elements = (0..<4).flatMap { little(Int(Float($0).bitPattern), 4) }
        let items = [("archive/data.pkl", pickle(content)), ("archive/data/0", elements)] + others
        let memory = MemorySink()
        try ZipWriter(items.map { .init(name: $0.0, parts: [$0.1]) }, path: "", remedy: "").write(to: memory)
        return memory.bytes
    }

    /// A zip archive of one deflated entry that announces `count` bytes.
    static func deflatedArchive(_ name: String, _ deflated: [UInt8], count: Int) throws -> [UInt8] {
        let memory = MemorySink()
        try ZipWriter([.init(name: name, parts: [deflated])], path: "", remedy: "").write(to: memory)
        var bytes = memory.bytes
        // Method and size stand in both headers.
        let directory = bytes.count - 22 - 46 - name.utf8.count
        for (method, size) in [(8, 22), (directory + 10, directory + 24)] {
            bytes[method] = 8
            bytes.replaceSubrange(size..<size + 4, with: little(count, 4))
        }
        return bytes
    }

    static func little(_ number: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
