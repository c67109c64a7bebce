/// Takes the bytes of a file that is being written, from front to back.
package final class FileOutput {
    private static let capacity = 1 << 18

    /// The number of bytes that were appended.
    package private(set) var count = 0
    private let path: String
    private let descriptor: Int32
    private let calls: FileCalls
    /// Small pieces are gathered here.
    private var pending: [UInt8] = []

    init(path: String, descriptor: Int32, calls: FileCalls) {
        self.path = path
        self.descriptor = descriptor
        self.calls = calls
    }

    /// Adds bytes to the file.
    ///
    /// - Throws: if the system refuses to write them, for example because the disk is full.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        count += bytes.count
        if pending.count + bytes.count > FileOutput.capacity { try flush() }
        if bytes.count >= FileOutput.capacity {
            try write(bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    /// Hands what was gathered to the system.
    func flush() throws(FormatError) {
        let bytes = pending
        pending.removeAll(keepingCapacity: false)
        var failure: FormatError?
        bytes.withUnsafeBytes { buffer in
            do throws(FormatError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = calls.write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
            guard written >= 0 else {
                throw .writing(path, code: Int32(clamping: -written), while: "writing its bytes")
            }
            rest = rest.dropFirst(written)
        }
    }
}

extension FileOutput: ByteSink {}
