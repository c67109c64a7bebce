import ApusBackend

extension Buffer {
    /// Where the bytes begin: data sets and batches are the host's memory.
    var start: UnsafeMutableRawPointer { mutableBytes.baseAddress! }
}
