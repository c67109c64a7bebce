import ApusConfiguration
public import ApusGraph

/// Weights that Keras saved: arrays by name, and the configuration of the model where the file has it.
///
/// All three forms are read, told apart by their content:
///
/// | form | names |
/// |---|---|
/// | `.keras`, a zip archive of Keras 3 | `layers/conv2d/vars/0`, and the configuration |
/// | `.weights.h5` of Keras 3 | `layers/conv2d/vars/0` |
/// | `.h5`, `.hdf5` of before | layer and weight: `conv2d_1/conv2d_1/kernel:0`, and the configuration of a whole model |
///
/// ```swift
/// let file = try KerasFile("model.keras")
/// for name in file.names { print(name, try file.type(of: name), file.layer(of: name) ?? "") }
/// let kernel = try file.array("layers/conv2d/vars/0")
/// if let json = file.configuration { print(json) }
/// ```
///
/// Any other HDF5 file is read as well: its data sets by their paths.
public struct KerasFile: Sendable {
    /// The forms of files.
    public enum Form: Hashable, Sendable {
        /// A zip archive of configuration and weights, of Keras 3.
        case archive
        /// Weights alone, of Keras 3; and HDF5 files of others.
        case weights
        /// HDF5 with layers and weights by name, of Keras 2 and before.
        case legacy
    }

    /// Where the file is.
    public let path: String
    /// Which of the forms it has.
    public let form: Form
    /// The names of the model's arrays: in the order of its layers where the file has one, else in that of names, `dense_2` before
    /// `dense_10`.
    public let names: [String]
    /// The names of what optimizers, metrics and generators of random numbers keep, in the form of Keras 3.
    public let otherNames: [String]
    /// The model as Keras writes it, in JSON.
    public let configuration: String?
    /// What a `.keras` file says of itself, in JSON: the version of Keras, the date.
    public let metadata: String?
    private let entries: [String: KerasEntry]

    /// Opens a file, and reads all of it but the arrays.
    ///
    /// - Throws: if the file is missing or damaged, or not of a form that is read.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "a file of Keras"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        path = source.path
        let start = try source.bytes(0..<min(4, source.count))
        let found: [KerasEntry]
        if start.starts(with: Array("PK".utf8)) {
            let archive = try ZipArchive(source, .keras)
            guard let weights = archive.entry("model.weights.h5"), let config = archive.entry("config.json") else {
                throw FormatError(
                    .mismatch, path: path, "this zip archive is no .keras file",
                    expected: "entries config.json and model.weights.h5",
                    received: "\(archive.entries.map(\.name).shown(3))", remedy: "Save it again: model.save(path).")
            }
            form = .archive
            configuration = String(decoding: try archive.bytes(of: config), as: UTF8.self)
            metadata = try KerasFile.text("metadata.json", archive)
            found = try KerasEntry.ofWeights(HDF5File(archive.part(weights)))
        } else {
            let file = try HDF5File(source)
            metadata = nil
            configuration = try KerasEntry.text("model_config", file.root)
            let group = file.root.contains("model_weights") ? try file.group("model_weights") : file.root
            form = try KerasEntry.texts("layer_names", group) == nil ? .weights : .legacy
            found =
                try form == .legacy
                ? KerasEntry.ofLayers(group, path: path, byteCount: source.count) : KerasEntry.ofWeights(file)
        }
        names = found.filter(\.isOfModel).map(\.name)
        otherNames = found.filter { !$0.isOfModel }.map(\.name)
        var entries: [String: KerasEntry] = [:]
        for entry in found {
            guard entries.updateValue(entry, forKey: entry.name) == nil else {
                throw FormatError(
                    .malformed, path: path, "two weights have the name \(entry.name.quoted)",
                    expected: "different names", remedy: "Save it again.")
            }
        }
        self.entries = entries
    }

    /// Whether there is an array of this name.
    public func contains(_ name: String) -> Bool { entries[name] != nil }

    /// The name of the layer that an array belongs to, if the file says it.
    public func layer(of name: String) -> String? { entries[name]?.layer }

    /// The shape and type of an array, without reading it.
    ///
    /// - Throws: if there is none of this name, or its type has no counterpart here.
    public func type(of name: String) throws(FormatError) -> TensorType { try dataset(name).type }

    /// Reads one array.
    ///
    /// - Throws: if there is none of this name, its type has no counterpart here, or the file is damaged.
    public func array(_ name: String) throws(FormatError) -> NumericArray { try dataset(name).array() }

    /// Reads the elements of one array into memory of exactly their size (`type(of:).byteCount`).
    public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        try dataset(name).read(into: buffer)
    }

    /// Lends the elements of one array as they lie in the memory-mapped file, without a copy where that is possible.
    ///
    /// The bytes need not be aligned to the size of an element; bools are not checked. Should the disk fail, or another
    /// process cut the file short, then touching them ends the process: prefer `array(_:)` or `read(_:into:)` where the
    /// file isn't under this program's control.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try dataset(name).withBytes(body)
    }

    private func dataset(_ name: String) throws(FormatError) -> HDF5Dataset {
        guard let entry = entries[name] else { throw FormatError.noTensor(name, of: names, path: path) }
        return entry.dataset
    }

    private static func text(_ name: String, _ archive: ZipArchive) throws(FormatError) -> String? {
        guard let entry = archive.entry(name) else { return nil }
        return String(decoding: try archive.bytes(of: entry), as: UTF8.self)
    }
}
