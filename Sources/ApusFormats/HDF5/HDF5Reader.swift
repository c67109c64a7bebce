import ApusConfiguration

/// The bytes of an HDF5 file, from its superblock on: all places in the file count from there.
///
/// Source of the format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
struct HDF5Reader: Sendable {
    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    static let advice = "Write it again with h5py's defaults: h5py.File(path, 'w')."

    let source: ByteSource
    /// The source in memory, if it is a file.
    let mapping: Mapping?
    /// Where the header of the root group is.
    let root: Int

    init(_ whole: ByteSource) throws(FormatError) {
        // Before the superblock there may be a block of the user's: 512 bytes, or twice that as often as one likes.
        var start = 0
        while start + 8 <= whole.count, try whole.bytes(start..<start + 8) != HDF5Reader.signature {
            start = start == 0 ? 512 : start.multipliedReportingOverflow(by: 2).partialValue
            if start <= 0 { start = whole.count }
        }
        guard start + 8 <= whole.count else {
            let first = try whole.bytes(0..<min(8, whole.count))
            throw FormatError(
                .malformed, path: whole.path, offset: 0, "this is not an HDF5 file",
                expected: "\(Signature.hexadecimal(HDF5Reader.signature)) at the start",
                received: Signature.describe(first), remedy: "Check the path, or copy or download it again.")
        }
        let source = start == 0 ? whole : whole.part(start..<whole.count, path: whole.path)
        self.source = source
        mapping = try source.map()
        var fields = ByteFields(
            try source.bytes(8..<min(source.count, 100)), base: 8, path: source.path, content: "the HDF5 file")
        let version = try fields.uint8()
        let sizes: (UInt8, UInt8)
        switch version {
        case 0, 1:
            try fields.skip(4)
            sizes = (try fields.uint8(), try fields.uint8())
            // Ends with the base, free space, end and driver; then the entry of the root group, after its name.
            try fields.skip(version == 0 ? 9 : 13)
            try HDF5Reader.checkBase(&fields, start)
            try fields.skip(32)
        case 2, 3:
            sizes = (try fields.uint8(), try fields.uint8())
            try fields.skip(1)
            try HDF5Reader.checkBase(&fields, start)
            try fields.skip(16)
        default:
            throw fields.unsupported(
                "the version of the HDF5 file is not supported", expected: "0 to 3", received: "\(version)",
                HDF5Reader.advice)
        }
        guard sizes == (8, 8) else {
            throw fields.unsupported(
                "the HDF5 file has places of another size", expected: "8 bytes", received: "\(sizes.0) and \(sizes.1)",
                HDF5Reader.advice)
        }
        guard let root = try fields.address() else { throw fields.failure("the HDF5 file has no root group") }
        self.root = root
    }

    /// Places count from the superblock, whatever stands before it.
    private static func checkBase(_ fields: inout ByteFields, _ start: Int) throws(FormatError) {
        guard try fields.count(8) == start else {
            throw fields.failure("the HDF5 file says that it begins somewhere else")
        }
    }

    var path: String { source.path }

    /// The fields of a structure at a place.
    func fields(_ count: Int, at address: Int, _ what: String) throws(FormatError) -> ByteFields {
        guard count >= 0, address >= 0, address <= source.count, count <= source.count - address else {
            throw failure("\(what) lies outside the file", at: address)
        }
        return ByteFields(
            try source.bytes(address..<address + count), base: address, path: path, content: "the HDF5 file")
    }

    func failure(_ problem: String, at offset: Int? = nil) -> FormatError {
        FormatError(.malformed, path: path, offset: offset, problem, remedy: "Copy or download it again.")
    }

    /// Something correct that is not read; `name` is what has it.
    func unsupported(_ name: String, _ problem: String, _ remedy: String = HDF5Reader.advice) -> FormatError {
        FormatError(.unsupported, path: path, "\(name.quoted) \(problem)", remedy: remedy)
    }
}

extension UInt32 {
    /// The number that four letters are in a file.
    init(letters: StaticString) {
        self = letters.withUTF8Buffer { $0.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    }
}
