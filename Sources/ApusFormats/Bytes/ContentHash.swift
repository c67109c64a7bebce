/// A hash of words and pieces of bytes that come one after another; each piece counts with its length.
package protocol ContentHash: ~Copyable {
    init()
    mutating func add(_ word: UInt64)
    mutating func add(_ bytes: UnsafeRawBufferPointer)
    /// The hash of all that was added.
    var value: UInt64 { get }
}
