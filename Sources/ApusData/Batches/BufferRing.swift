package import ApusBackend

/// Buffers of one size that go round: one that nobody else holds any more is taken again.
package struct BufferRing {
    private let byteCount: Int
    private let capacity: Int
    private var buffers: [Buffer] = []
    private var next = 0
    /// The number of buffers that were allocated.
    package private(set) var allocationCount = 0

    /// - Parameter capacity: the number of buffers that are in use at the same time; more than that are not kept
    package init(byteCount: Int, capacity: Int) {
        self.byteCount = byteCount
        self.capacity = capacity
        buffers.reserveCapacity(capacity)
    }

    /// A buffer that nobody else uses; its content is arbitrary.
    package mutating func take(byteCount: Int) -> Buffer {
        guard byteCount == self.byteCount else {
            allocationCount += 1
            return Buffer(byteCount: byteCount)
        }
        for _ in buffers.indices {
            let index = next
            next = (next + 1) % buffers.count
            if isKnownUniquelyReferenced(&buffers[index]) { return buffers[index] }
        }
        let buffer = Buffer(byteCount: byteCount)
        allocationCount += 1
        if buffers.count < capacity {
            buffers.append(buffer)
        } else if capacity > 0 {
            // Somebody keeps this one.
            buffers[next] = buffer
            next = (next + 1) % capacity
        }
        return buffer
    }
}
