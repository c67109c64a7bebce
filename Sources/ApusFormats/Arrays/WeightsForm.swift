/// The forms of files of named arrays, told apart by their content.
package enum WeightsForm: Hashable, Sendable {
    case safetensors
    case npz
    case pyTorch
    case keras

    /// The form of a file: by its first bytes, and by what is in it, if it is a zip archive.
    ///
    /// The name decides only where the content is of none of them, for the sake of the message that follows.
    ///
    /// - Throws: if the file can't be read, or is a zip archive that is damaged.
    package static func of(_ path: String) throws(FormatError) -> WeightsForm {
        let source = try ByteSource(path: path, content: "a file of weights")
        let start = try source.bytes(0..<min(9, source.count))
        let named = named(path)
        if start.starts(with: HDF5Reader.signature) { return .keras }
        // A length, and the brace that begins the header.
        if start.count == 9, start[8] == UInt8(ascii: "{"), start[7] == 0 { return .safetensors }
        if start.starts(with: PyTorchMemory.legacyStart.prefix(4)) { return .pyTorch }
        guard start.starts(with: Array("PK".utf8)) else { return named }
        let archive = try ZipArchive(source, named.sort)
        if archive.entry("model.weights.h5") != nil { return .keras }
        let isPickled = archive.entries.contains { $0.name.hasSuffix("/data.pkl") }
        return isPickled ? .pyTorch : .npz
    }

    private static func named(_ path: String) -> WeightsForm {
        let name = path.lowercased()
        func ends(_ endings: String...) -> Bool { endings.contains { name.hasSuffix($0) } }
        if ends(".npz") { return .npz }
        if ends(".pth", ".pt") { return .pyTorch }
        return ends(".keras", ".h5", ".hdf5") ? .keras : .safetensors
    }

    /// What a zip archive of this name should be.
    private var sort: ZipSort {
        switch self {
        case .npz, .safetensors: .npz
        case .pyTorch: .pyTorch
        case .keras: .keras
        }
    }
}
