import ApusConfiguration

extension CSVTable {
    /// Writes the table, replacing a file that exists.
    ///
    /// Numbers are as short as they can be and come back as they are; missing values are empty fields. Texts are in
    /// quotes where they need to be. Rows end with LF.
    ///
    /// - Throws: if a column holds text that was not kept, or the file can't be written.
    public func write(to path: String, separator: CSVFormat.Separator = .comma) throws(FormatError) {
        try checkKept(path)
        try AtomicFile.write(to: path) { (output) throws(FormatError) in
            try encode(separator, to: output)
        }
    }

    /// The bytes of the file that `write(to:)` writes.
    public func encoded(separator: CSVFormat.Separator = .comma) throws(FormatError) -> [UInt8] {
        try checkKept("")
        let sink = MemorySink()
        try encode(separator, to: sink)
        return sink.bytes
    }

    private func checkKept(_ path: String) throws(FormatError) {
        for column in columns {
            guard case .text = column.values else { continue }
            throw FormatError(
                .unsupported, path: path, "the texts of column \(column.name.quoted) were not kept",
                expected: "numbers or categories", received: "more different texts than are kept",
                remedy: "Leave the column out.")
        }
    }

    private func encode(_ separator: CSVFormat.Separator, to sink: any ByteSink) throws(FormatError) {
        guard !columns.isEmpty else { return }
        let names = columns.map { column in
            guard case .categories(_, let names) = column.values else { return [[UInt8]]() }
            return names.map { CSVTable.quoted($0, separator) }
        }
        // An empty line would be skipped, and so would nothing between spaces.
        let nothing = Array((columns.count == 1 || separator == .space ? "\"\"" : "").utf8)
        var bytes: [UInt8] = []
        for (index, column) in columns.enumerated() {
            if index > 0 { bytes.append(separator.rawValue) }
            bytes += CSVTable.quoted(column.name, separator)
        }
        bytes.append(UInt8(ascii: "\n"))
        for row in 0..<rowCount {
            for (index, column) in columns.enumerated() {
                if index > 0 { bytes.append(separator.rawValue) }
                switch column.values {
                case .numbers(let numbers): bytes += numbers[row].isNaN ? nothing : CSVTable.text(numbers[row])
                case .categories(let codes, _): bytes += codes[row] < 0 ? nothing : names[index][Int(codes[row])]
                case .text: break
                }
            }
            bytes.append(UInt8(ascii: "\n"))
            if bytes.count >= 1 << 16 {
                try sink.append(contentsOf: bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        try sink.append(contentsOf: bytes)
    }

    /// The shortest text that is read as the same number.
    private static func text(_ number: Double) -> [UInt8] {
        if let integer = Int64(exactly: number), integer.magnitude < 1 << 53, integer != 0 || number.sign == .plus {
            return Array("\(integer)".utf8)
        }
        return Array("\(number)".utf8)
    }

    /// A field, in quotes if it needs them.
    static func quoted(_ text: String, _ separator: CSVFormat.Separator) -> [UInt8] {
        let bytes = Array(text.utf8)
        var special: Set<UInt8> = [separator.rawValue, 0x0a, 0x0d, 0x22]
        if separator == .space { special.insert(CSVFormat.Separator.tab.rawValue) }
        // Spaces around a field, and a byte order mark before the first, would not be part of it.
        let isEdged = bytes.first == 0x20 || bytes.last == 0x20 || bytes.starts(with: [0xef, 0xbb, 0xbf])
        guard bytes.isEmpty || isEdged || bytes.contains(where: special.contains) else { return bytes }
        return [0x22] + bytes.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]
    }
}
