import Foundation

/// Memory that holds a tensor's elements, in row-major order.
///
/// Whoever shares a buffer treats it as immutable; only the sole owner of one may write to it.
public final class Buffer: @unchecked Sendable {
    /// Where the bytes begin.
    public let pointer: UnsafeMutableRawPointer
    /// How many there are.
    public let byteCount: Int
    /// Rises when a program overwrites the bytes: who keeps what it computed from them can tell that it is out of date.
    package var generation = 0

    /// Cache lines and vector registers are at most this wide.
    static let alignment = 64

    /// Uninitialized memory.
    public init(byteCount: Int) {
        self.byteCount = byteCount
        pointer = .allocate(byteCount: max(byteCount, Buffer.alignment), alignment: Buffer.alignment)
    }

    /// A copy of some bytes.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count)
        if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: bytes.count) }
    }

    /// The same bytes in memory of their own.
    public func copy() -> Buffer {
        Buffer(copying: UnsafeRawBufferPointer(start: pointer, count: byteCount))
    }

    /// The bytes, for reading.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: byteCount) }

    deinit { pointer.deallocate() }
}
