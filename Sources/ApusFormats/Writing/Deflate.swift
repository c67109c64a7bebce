import CZlib

/// Compresses bytes on their way to a sink.
final class DeflatingSink: ByteSink {
    private let target: any ByteSink
    private let zlib: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer

    init(_ target: any ByteSink, format: InflatingStream.Format) throws(FormatError) {
        self.target = target
        zlib = .allocate(capacity: 1)
        zlib.initialize(to: z_stream())
        output = .allocate(byteCount: 1 << 16, alignment: 1)
        let status = deflateInit2_(
            zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format.windowBits, 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw FormatError(
                .system(0), path: "", "zlib refused to start (code \(status))", remedy: "Install zlib again.")
        }
    }

    deinit {
        deflateEnd(zlib)
        zlib.deallocate()
        output.deallocate()
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            // zlib only reads its input.
            let address = UnsafeMutableRawPointer(mutating: part.baseAddress)
            zlib.pointee.next_in = address?.assumingMemoryBound(to: UInt8.self)
            zlib.pointee.avail_in = UInt32(part.count)
            while zlib.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH) }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Writes what is held back, and the end mark.
    func finish() throws(FormatError) {
        zlib.pointee.avail_in = 0
        while try step(Z_FINISH) != Z_STREAM_END {}
    }

    private func step(_ flush: Int32) throws(FormatError) -> Int32 {
        zlib.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        zlib.pointee.avail_out = UInt32(output.count)
        let status = deflate(zlib, flush)
        let produced = output.count - Int(zlib.pointee.avail_out)
        try target.append(UnsafeRawBufferPointer(rebasing: output[..<produced]))
        return status
    }
}

/// Compression of bytes in memory.
package enum Gzip {
    package static func compress(_ bytes: [UInt8]) throws(FormatError) -> [UInt8] {
        let memory = MemorySink()
        let sink = try DeflatingSink(memory, format: .gzip)
        try sink.append(contentsOf: bytes)
        try sink.finish()
        return memory.bytes
    }
}
