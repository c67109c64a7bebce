import Foundation

/// A tensor in memory with a guard behind its end.
class Memory: Equatable {
    let start: UnsafeMutableRawPointer
    let bytes: Int

    init<T>(_ values: [T]) {
        bytes = values.count * MemoryLayout<T>.stride
        start = .allocate(byteCount: bytes + 64, alignment: 64)
        values.withUnsafeBytes { start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: bytes) }
        memset(start + bytes, 0x5a, 64)
    }

    deinit { start.deallocate() }

    static func == (a: Memory, b: Memory) -> Bool { a.values(UInt8.self) == b.values(UInt8.self) }

    var isIntact: Bool { (0..<64).allSatisfy { start.load(fromByteOffset: bytes + $0, as: UInt8.self) == 0x5a } }

    func values<T>(_ type: T.Type = T.self) -> [T] {
        Array(UnsafeRawBufferPointer(start: start, count: bytes).bindMemory(to: T.self))
    }
}

/// Memory of so many elements of one type, which are not numbers until they are written.
final class Guarded<Element>: Memory {
    let count: Int

    init(_ values: [Element]) {
        count = values.count
        super.init(values)
    }

    init(_ count: Int) {
        self.count = count
        super.init([UInt8](repeating: 0xff, count: count * MemoryLayout<Element>.stride))
    }

    var values: [Element] { values() }
}
