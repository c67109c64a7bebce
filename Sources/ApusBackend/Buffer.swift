import ApusGraph
import Foundation

/// Memory that holds a tensor's elements, in row-major order.
///
/// Whoever shares a buffer treats it as immutable; only the sole owner of one may write to it. Above the backends its bytes are read
/// and written through `bytes`, `mutableBytes` and the typed forms; only backends use the address.
public final class Buffer: @unchecked Sendable {
    /// Where the bytes begin.
    @_spi(Backend) public let pointer: UnsafeMutableRawPointer
    /// How many there are.
    public let byteCount: Int
    /// The device that computed the bytes; `nil` for data that the program brought along, which any device takes.
    package let device: Device?
    /// Rises when a program overwrites the bytes: who keeps what it computed from them can tell that it is out of date.
    package var generation = 0

    /// What an evaluated tensor was computed from, for who differentiates; set before the buffer is shared.
    package var ancestry: (any AnyObject & Sendable)?

    /// Cache lines and vector registers are at most this wide.
    package static let alignment = 64

    /// The size of a large page, and from which size on memory asks for such pages: kernels that go through much of it then find
    /// each address sooner.
    private static let (largePage, leastLarge) = (1 << 21, 1 << 23)

    /// Uninitialized memory.
    public init(byteCount: Int, device: Device? = nil) {
        self.byteCount = byteCount
        self.device = device
        var memory: UnsafeMutableRawPointer?
        let isLarge = byteCount >= Buffer.leastLarge
        let alignment = isLarge ? Buffer.largePage : Buffer.alignment
        guard byteCount >= 0, posix_memalign(&memory, alignment, max(byteCount, alignment)) == 0, let memory
        else { MachineMemory.end(asked: byteCount) }
        pointer = memory
        // Without them it is only slower.
        if isLarge { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
    }

    /// A copy of some bytes.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count)
        mutableBytes.copyMemory(from: bytes)
    }

    /// The same bytes in memory of their own.
    public func copy() -> Buffer {
        let copy = Buffer(byteCount: byteCount, device: device)
        copy.mutableBytes.copyMemory(from: bytes)
        return copy
    }

    /// The bytes, for reading.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: byteCount) }

    /// The bytes, for the sole owner to write.
    public var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
    }

    deinit { free(pointer) }
}

extension Buffer {
    /// The bytes as numbers of one type.
    package func elements<Element: BitwiseCopyable>(as type: Element.Type) -> UnsafeBufferPointer<Element> {
        bytes.assumingMemoryBound(to: type)
    }

    /// The bytes as numbers of one type, for the sole owner to write.
    package func mutableElements<Element: BitwiseCopyable>(
        as type: Element.Type
    ) -> UnsafeMutableBufferPointer<Element> {
        mutableBytes.assumingMemoryBound(to: type)
    }

    /// The first number.
    package func first<Element: BitwiseCopyable>(as type: Element.Type) -> Element { elements(as: type)[0] }
}
