import ApusConfiguration

/// What the elements of a data set or an attribute are.
struct HDF5Type: Sendable {
    enum Kind: Sendable {
        case number(ElementEncoding)
        /// A text of so many bytes, filled up with zeros or spaces.
        case text(isPaddedWithSpaces: Bool)
        /// Texts in the global heap.
        case variableText
        /// What is not read, in words.
        case other(String)
    }

    let kind: Kind
    /// The size of an element in the file.
    let byteCount: Int

    init(_ message: HDF5Object.Message) throws(FormatError) {
        var fields = message.fields
        guard !message.isShared else {
            self.init(.other("a type with a name of its own in the file"), 1)
            return
        }
        try self.init(&fields, depth: 0)
    }

    private init(_ kind: Kind, _ byteCount: Int) {
        self.kind = kind
        self.byteCount = byteCount
    }

    init(_ fields: inout ByteFields, depth: Int) throws(FormatError) {
        let start = try fields.uint8()
        let bits = try fields.count(3)
        byteCount = Int(try fields.uint32())
        guard byteCount > 0, depth < 2 else { throw fields.failure("a type in the HDF5 file has no size") }
        switch start & 15 {
        case 0: kind = try HDF5Type.whole(&fields, byteCount, bits)
        case 1: kind = try HDF5Type.float(&fields, byteCount, bits)
        case 2: kind = .other("times")
        case 3: kind = .text(isPaddedWithSpaces: bits & 15 == 2)
        case 4: kind = .other("fields of bits")
        case 5: kind = .other("opaque bytes")
        case 6: kind = .other("compounds of several members")
        case 7: kind = .other("references")
        case 8: kind = try HDF5Type.enumeration(&fields, members: bits & 0xffff, isPadded: start >> 4 < 3, depth)
        case 9: kind = bits & 15 == 1 && byteCount == 16 ? .variableText : .other("sequences of variable length")
        case 10: kind = .other("arrays")
        case 11: kind = .other("complex numbers")
        default: throw fields.failure("a type in the HDF5 file is unknown")
        }
    }

    private static func whole(_ fields: inout ByteFields, _ size: Int, _ bits: Int) throws(FormatError) -> Kind {
        let (start, precision) = (try fields.uint16(), try fields.uint16())
        let isWhole = start == 0 && Int(precision) == 8 * size
        let isSigned = bits & 8 != 0
        let stored: ElementEncoding.Stored? =
            switch size {
            case 1: isSigned ? .int8 : .uint8
            case 2: isSigned ? .int16 : .uint16
            case 4: isSigned ? .int32 : .uint32
            case 8: isSigned ? .int64 : .uint64
            default: nil
            }
        guard let stored, isWhole else { return .other("whole numbers of an unusual size") }
        return .number(ElementEncoding(stored: stored, isBigEndian: bits & 1 != 0))
    }

    private static func float(_ fields: inout ByteFields, _ size: Int, _ bits: Int) throws(FormatError) -> Kind {
        let (start, precision) = (try fields.uint16(), try fields.uint16())
        let isWhole = start == 0 && Int(precision) == 8 * size
        try fields.skip(1)
        let exponentCount = try fields.uint8()
        let stored: ElementEncoding.Stored? =
            switch (size, exponentCount) {
            case (2, 5): .float16
            case (2, 8): .bfloat16
            case (4, 8): .float32
            case (8, 11): .float64
            default: nil
            }
        guard let stored, isWhole, bits & 0x40 == 0 else { return .other("floating-point numbers of an unusual form") }
        return .number(ElementEncoding(stored: stored, isBigEndian: bits & 1 != 0))
    }

    /// Bools of h5py are an enumeration of FALSE and TRUE.
    private static func enumeration(
        _ fields: inout ByteFields, members: Int, isPadded: Bool, _ depth: Int
    ) throws(FormatError) -> Kind {
        let base = try HDF5Type(&fields, depth: depth + 1)
        guard base.byteCount == 1, members == 2 else { return .other("an enumeration") }
        var names: [String] = []
        for _ in 0..<members {
            var name: [UInt8] = []
            while true {
                let byte = try fields.uint8()
                if byte == 0 { break }
                name.append(byte)
            }
            if isPadded { try fields.skip((8 - (name.count + 1) % 8) % 8) }
            names.append(String(decoding: name, as: UTF8.self))
        }
        guard names == ["FALSE", "TRUE"], try fields.take(2) == [0, 1] else { return .other("an enumeration") }
        return .number(ElementEncoding(stored: .bool, isBigEndian: false))
    }
}

/// The extents of a data set or an attribute.
struct HDF5Space: Sendable {
    /// No dimension for a scalar; one of extent 0 where there is nothing.
    let dimensions: [Int]

    init(_ fields: ByteFields) throws(FormatError) {
        var fields = fields
        let version = try fields.uint8()
        let rank = Int(try fields.uint8())
        guard version == 1 || version == 2, rank <= 32 else {
            throw fields.failure("a shape in the HDF5 file is unknown")
        }
        try fields.skip(1)
        let kind = version == 2 ? try fields.uint8() : 1
        if version == 1 { try fields.skip(5) }
        if kind == 2 {
            dimensions = [0]
            return
        }
        var dimensions: [Int] = []
        for _ in 0..<rank { dimensions.append(try fields.count(8)) }
        self.dimensions = dimensions
    }
}
