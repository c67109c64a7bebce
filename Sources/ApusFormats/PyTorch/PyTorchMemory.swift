import ApusConfiguration

/// Where a file keeps the memory of tensors.
struct PyTorchMemory {
    /// The memory of one storage.
    struct Part {
        /// The file, or the memory that a compressed part of it was unpacked to.
        let source: ByteSource
        let mapping: Mapping?
        let range: Range<Int>
        /// That of all its bytes, if the file has one.
        let checksum: UInt32?
    }

    let parts: [String: Part]
    let isBigEndian: Bool
}

extension PyTorchMemory {
    /// The magic number that begins a file of before 1.6, in a pickle of its own.
    static let legacyStart: [UInt8] = [
        0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]

    /// A zip archive: `NAME/data.pkl`, `NAME/byteorder`, `NAME/data/KEY`.
    static func ofArchive(_ source: ByteSource) throws(FormatError) -> (PyTorchTree, PyTorchMemory) {
        let archive = try ZipArchive(source, .pyTorch)
        let suffix = "/data.pkl"
        let pickles = archive.entries.filter { $0.name.hasSuffix(suffix) && $0.name.count(where: { $0 == "/" }) == 1 }
        guard let pickle = pickles.first, pickles.count == 1 else {
            throw FormatError(
                .mismatch, path: source.path, "this zip archive is no file of torch.save",
                expected: "one entry NAME/data.pkl",
                received: archive.entries.prefix(3).map(\.name.quoted).joined(separator: ", ")
                    + (archive.entries.count > 3 ? ", …" : ""), remedy: PickleMachine.advice)
        }
        let folder = String(pickle.name.dropLast(suffix.count - 1))
        guard archive.entry("\(folder)constants.pkl") == nil else {
            throw FormatError(
                .unsupported, path: source.path, "this is a program of TorchScript", expected: "a file of tensors",
                remedy: "Save its numbers alone: torch.save(torch.jit.load(path).state_dict(), other).")
        }
        var machine = PickleMachine(
            PickleInput(ByteSource(try archive.bytes(of: pickle), name: "\(source.path)/\(pickle.name)")),
            fileCount: source.count)
        let content = try machine.run()
        let tree = try PyTorchTree(content, machine, fileCount: source.count, path: source.path)
        var isBigEndian = false
        if let entry = archive.entry("\(folder)byteorder"), entry.count <= 8 {
            isBigEndian = String(decoding: try archive.bytes(of: entry), as: UTF8.self) == "big"
        }
        let mapping = try source.map()
        var parts: [String: Part] = [:]
        let data = "\(folder)data/"
        for key in Set(tree.tensors.map(\.tensor.storage.key)) {
            guard let entry = archive.entry(data + key) else {
                throw FormatError(
                    .malformed, path: source.path, "the memory of a tensor is missing",
                    expected: "an entry \((data + key).quoted)", remedy: "Copy or download it again.")
            }
            if entry.isDeflated {
                let part = try archive.part(entry)
                parts[key] = Part(source: part, mapping: nil, range: 0..<part.count, checksum: nil)
            } else {
                parts[key] = Part(
                    source: source, mapping: mapping, range: try archive.range(of: entry),
                    checksum: entry.checksum)
            }
        }
        return (tree, PyTorchMemory(parts: parts, isBigEndian: isBigEndian))
    }

    /// Pickles one after the other (magic number, protocol, system, content, keys of storages), then each storage: count, elements.
    static func ofLegacyFile(_ source: ByteSource) throws(FormatError) -> (PyTorchTree, PyTorchMemory) {
        var machine = PickleMachine(PickleInput(source, at: legacyStart.count), fileCount: source.count)
        let version = try machine.runNumber()
        guard version == 1001 else {
            throw FormatError(
                .unsupported, path: source.path, offset: machine.offset, "the version of the format is not supported",
                expected: "1001", received: version.map { "\($0)" } ?? "no number", remedy: PickleMachine.advice)
        }
        let system = try machine.run()
        let isBigEndian = machine.isBigEndian(system)
        let content = try machine.run()
        let tree = try PyTorchTree(content, machine, fileCount: source.count, path: source.path)
        var types: [String: PyTorchType] = [:]
        for storage in machine.storages {
            guard types.updateValue(storage.type, forKey: storage.key) ?? storage.type == storage.type else {
                throw FormatError(
                    .malformed, path: source.path, "a storage has two types", expected: "one",
                    remedy: PickleMachine.advice)
            }
        }
        let mapping = try source.map()
        let list = try machine.run()
        let keys = try machine.keys(list)
        var offset = machine.offset
        var parts: [String: Part] = [:]
        for key in keys {
            guard let type = types[key], offset <= source.count - 8 else { throw damaged(source, offset) }
            let stored = try source.bytes(offset..<offset + 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            offset += 8
            guard let count = Int(exactly: isBigEndian ? stored.byteSwapped : stored),
                case let (size, overflow) = count.multipliedReportingOverflow(by: type.byteCount), !overflow, size >= 0,
                size <= source.count - offset
            else { throw damaged(source, offset) }
            let part = Part(source: source, mapping: mapping, range: offset..<offset + size, checksum: nil)
            guard parts.updateValue(part, forKey: key) == nil else { throw damaged(source, offset) }
            offset += size
        }
        return (tree, PyTorchMemory(parts: parts, isBigEndian: isBigEndian))
    }

    private static func damaged(_ source: ByteSource, _ offset: Int) -> FormatError {
        FormatError(
            .malformed, path: source.path, offset: offset, "the file ends before its storages do, or they are damaged",
            expected: "the number of elements and the elements of each storage", remedy: "Copy or download it again.")
    }
}

extension PickleMachine {
    /// What an old file says of the machine that wrote it.
    fileprivate func isBigEndian(_ system: PickleValue) -> Bool {
        guard case .node(let index) = system, nodes[index].kind == .dictionary else { return false }
        let items = nodes[index].items
        return stride(from: 0, to: items.count, by: 2).contains { place in
            guard case .text("little_endian") = items[place], case .bool(false) = items[place + 1] else { return false }
            return true
        }
    }
}
