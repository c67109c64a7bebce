/// Event files of TensorBoard, looked through.
package enum TensorBoardFile {
    /// Checks that a file is a row of whole records.
    ///
    /// - Throws: `FormatError` that says where it is damaged.
    package static func check(_ path: String) throws(FormatError) {
        let source = try ByteSource(path: path, content: "an event file of TensorBoard")
        let bytes = try source.bytes(0..<source.count)
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        func damaged(_ offset: Int, _ problem: String) -> FormatError {
            FormatError(
                .malformed, path: path, offset: offset, problem,
                remedy: "TensorBoard shows what is before; restore the file.")
        }
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset >= 12 else { throw damaged(offset, "the file ends within a record") }
            guard UInt64(CRC32C.masked(bytes[offset..<offset + 8])) == number(offset + 8, 4) else {
                throw damaged(offset, "the length of a record is damaged")
            }
            guard let length = Int(exactly: number(offset, 8)), length <= bytes.count - offset - 16 else {
                throw damaged(offset, "the file ends within a record")
            }
            let content = offset + 12..<offset + 12 + length
            guard UInt64(CRC32C.masked(bytes[content])) == number(content.upperBound, 4) else {
                throw damaged(offset, "a record is damaged")
            }
            offset = content.upperBound + 4
        }
    }
}
