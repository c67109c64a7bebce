import ApusGraph

/// How a file stores the elements of an array.
struct ElementEncoding: Hashable {
    enum Stored: Hashable {
        case bool, uint8, int8, uint16, int16, uint32, int32, int64, float32, float64
    }

    var stored: Stored
    var isBigEndian: Bool

    /// The size of one element in the file.
    var storedByteCount: Int {
        switch stored {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    /// The type that holds every value exactly.
    var elementType: ElementType {
        switch stored {
        case .bool: .bool
        case .uint8: .uint8
        case .int8, .int16, .uint16, .int32: .int32
        case .uint32, .int64: .int64
        case .float32: .float32
        case .float64: .float64
        }
    }

    /// Whether an element grows on its way into memory.
    var widens: Bool { storedByteCount != elementType.byteCount }

    /// Turns whole elements as stored into little-endian elements of `elementType`.
    func decode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        switch stored {
        case .int8: convert(source, Int8.self, target, Int32.self)
        case .int16: convert(source, Int16.self, target, Int32.self)
        case .uint16: convert(source, UInt16.self, target, Int32.self)
        case .uint32: convert(source, UInt32.self, target, Int64.self)
        case .bool, .uint8: target.copyMemory(from: source)
        case .int32, .float32: convert(source, UInt32.self, target, UInt32.self)
        case .int64, .float64: convert(source, UInt64.self, target, UInt64.self)
        }
    }

    /// Brings elements that need no widening into the order of this machine's bytes, in place.
    func decodeInPlace(_ bytes: UnsafeMutableRawBufferPointer) {
        guard storedByteCount > 1, isBigEndian else { return }
        decode(UnsafeRawBufferPointer(bytes), into: bytes)
    }

    private func convert<Source: FixedWidthInteger, Target: FixedWidthInteger>(
        _ source: UnsafeRawBufferPointer, _: Source.Type, _ target: UnsafeMutableRawBufferPointer, _: Target.Type
    ) {
        let width = MemoryLayout<Source>.size
        let targetWidth = MemoryLayout<Target>.size
        for index in 0..<source.count / width {
            let raw = source.loadUnaligned(fromByteOffset: index * width, as: Source.self)
            let value = isBigEndian ? Source(bigEndian: raw) : Source(littleEndian: raw)
            target.storeBytes(
                of: Target(truncatingIfNeeded: value).littleEndian, toByteOffset: index * targetWidth, as: Target.self)
        }
    }
}

extension ElementEncoding {
    /// The encoding that writes an element type; `bfloat16` has none.
    init?(_ type: ElementType, isBigEndian: Bool) {
        switch type {
        case .bool: stored = .bool
        case .uint8: stored = .uint8
        case .int32: stored = .int32
        case .int64: stored = .int64
        case .float32: stored = .float32
        case .float64: stored = .float64
        case .bfloat16: return nil
        }
        self.isBigEndian = isBigEndian
    }
}
