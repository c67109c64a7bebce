/// Takes bytes, from front to back.
package protocol ByteSink: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError)
}

extension ByteSink {
    /// Adds bytes that are at hand as an array.
    package func append(contentsOf bytes: [UInt8]) throws(FormatError) {
        var failure: FormatError?
        bytes.withUnsafeBytes { buffer in
            do throws(FormatError) { try append(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Adds the elements of an array as a format stores them.
    func append(_ array: NumericArray, as encoding: ElementEncoding) throws(FormatError) {
        guard encoding.isBigEndian, encoding.storedByteCount > 1 else {
            try append(contentsOf: array.bytes)
            return
        }
        let chunk = 1 << 16
        for start in stride(from: 0, to: array.bytes.count, by: chunk) {
            var part = Array(array.bytes[start..<min(start + chunk, array.bytes.count)])
            part.withUnsafeMutableBytes { encoding.decodeInPlace($0) }
            try append(contentsOf: part)
        }
    }
}

/// Collects bytes in memory.
package final class MemorySink: ByteSink {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func append(_ bytes: UnsafeRawBufferPointer) {
        self.bytes.append(contentsOf: bytes)
    }
}
