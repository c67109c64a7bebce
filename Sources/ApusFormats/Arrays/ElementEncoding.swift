import ApusGraph

/// How a file stores the elements of an array.
struct ElementEncoding: Hashable {
    enum Stored: Hashable {
        case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32, float64
    }

    var stored: Stored
    var isBigEndian: Bool

    /// The size of one element in the file.
    var storedByteCount: Int {
        switch stored {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }

    /// The type that holds every value exactly; of `uint64` those below 2⁶³.
    var elementType: ElementType {
        switch stored {
        case .bool: .bool
        case .uint8: .uint8
        case .int8, .int16, .uint16, .int32: .int32
        case .uint32, .uint64, .int64: .int64
        case .float16, .float32: .float32
        case .bfloat16: .bfloat16
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
        case .bfloat16: convert(source, UInt16.self, target, UInt16.self)
        case .int32, .float32: convert(source, UInt32.self, target, UInt32.self)
        case .uint64, .int64, .float64: convert(source, UInt64.self, target, UInt64.self)
        case .float16: convertHalves(source, target)
        }
    }

    /// Brings elements that need no widening into the order of this machine's bytes, in place.
    func decodeInPlace(_ bytes: UnsafeMutableRawBufferPointer) {
        guard storedByteCount > 1, isBigEndian else { return }
        decode(UnsafeRawBufferPointer(bytes), into: bytes)
    }

    /// Numbers of half precision (IEEE 754), all of which `float32` holds.
    private func convertHalves(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) {
        for index in 0..<source.count / 2 {
            let raw = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
            let bits = UInt32(isBigEndian ? UInt16(bigEndian: raw) : UInt16(littleEndian: raw))
            let (sign, exponent, fraction) = ((bits & 0x8000) << 16, (bits >> 10) & 31, bits & 0x3ff)
            let magnitude: UInt32 =
                switch exponent {
                // Subnormal numbers are multiples of 2⁻²⁴.
                case 0: (Float(fraction) * 0x1p-24).bitPattern
                case 31: 0x7f80_0000 | fraction << 13
                default: (exponent + 112) << 23 | fraction << 13
                }
            target.storeBytes(of: (sign | magnitude).littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }

    /// Refuses whole numbers that no type holds.
    ///
    /// - Parameter bytes: Decoded elements.
    func check(_ bytes: [UInt8], path: String, offset: Int) throws(FormatError) {
        guard stored == .uint64 else { return }
        for index in 0..<bytes.count / 8 where bytes[8 * index + 7] >= 0x80 {
            throw FormatError(
                .unsupported, path: path, offset: offset + 8 * index, "an element of uint64 is too large",
                expected: "less than 2^63",
                received: "\(bytes[8 * index..<8 * index + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })",
                remedy: "Convert the array before it is saved, for example by array.astype('float64').")
        }
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
    /// The encoding that writes an element type in formats that lack `bfloat16`.
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
