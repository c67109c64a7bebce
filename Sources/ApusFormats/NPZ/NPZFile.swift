import ApusConfiguration
import ApusGraph

/// NumPy's format of several named arrays in a file: a zip archive of `.npy` files, stored or deflated.
///
/// Opening reads the list of names; arrays are read one by one, when they are asked for.
public struct NPZFile: Sendable {
    /// Where the file is.
    public let path: String
    private let archive: ZipArchive

    /// Opens a file.
    ///
    /// - Throws: if the file is missing or damaged.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "an .npz file"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        path = source.path
        archive = try ZipArchive(source, .npz)
    }

    /// The names of the arrays, in the order in which they lie in the file.
    public var names: [String] { archive.entries.map { NPZFile.name(of: $0) } }

    /// Reads one array, and compares its checksum.
    public func array(_ name: String) throws(FormatError) -> NumericArray {
        guard let entry = archive.entries.first(where: { NPZFile.name(of: $0) == name }) else {
            throw FormatError(
                .mismatch, path: path, "there is no array \(name.quoted)",
                expected: names.isEmpty
                    ? "no array: the file is empty"
                    : "one of " + names.prefix(5).map(\.quoted).joined(separator: ", ")
                        + (names.count > 5 ? ", …" : ""),
                remedy: "Check the name.")
        }
        let stream = try archive.stream(of: entry)
        let array = try NPY.read(stream)
        try stream.check()
        return array
    }

    private static func name(of entry: ZipDirectory.Entry) -> String {
        entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
    }
}
