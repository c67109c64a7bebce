import ApusConfiguration
public import ApusGraph

/// A file of `torch.save`: tensors by name, in a dictionary or in a whole checkpoint.
///
/// Both forms are read, the zip archive and the older one of before version 1.6. Nothing of the file is run: what it may ask for is
/// tensors, dictionaries, lists, numbers and texts, and whatever else it names is refused by that name. Names are the keys
/// on the way to a tensor with dots between them; numbers and texts are skipped. `stateDict` says which of the tensors are the model's.
///
/// ```swift
/// let file = try PyTorchFile("checkpoint.pth")
/// for (name, tensor) in file.stateDict {
///     print(name, try file.type(of: tensor))      // conv1.weight float32[64, 3, 7, 7]
/// }
/// let kernel = try file.array("state_dict.conv1.weight")
/// ```
///
/// The file stays open as long as this value lives, so it may be replaced (by a rename) meanwhile, but must not be changed in place.
public struct PyTorchFile: Sendable {
    /// Where the file is.
    public let path: String
    /// The names of all tensors, in the order in which the file lists them.
    public let names: [String]
    /// The tensors of the model: their names in its state dict, and the names by which this file gives them.
    ///
    /// That is what stands under `state_dict`, `model_state_dict`, `model` and the like; without them the dictionary with the most
    /// tensors, which may be the whole file; without dictionaries all. A beginning `module.` that all names have is left out.
    public let stateDict: [(name: String, tensor: String)]
    private let tensors: [String: PyTorchTensor]

    /// Opens a file, and reads all of it but the elements.
    ///
    /// `float16` is read as `float32`; `int8`, `int16` and `uint16` as `int32`; `uint32` and `uint64` as `int64`.
    ///
    /// - Throws: if the file is missing or damaged, or holds more than tensors, containers, numbers and texts. Types without a
    ///   counterpart here (complex, quantized, 8-bit floats) are refused only when their array is asked for.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "a file of torch.save"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        let start = try source.bytes(0..<min(PyTorchMemory.legacyStart.count, source.count))
        let (tree, memory): (PyTorchTree, PyTorchMemory)
        if start.starts(with: Array("PK".utf8)) {
            (tree, memory) = try PyTorchMemory.ofArchive(source)
        } else if start == PyTorchMemory.legacyStart {
            (tree, memory) = try PyTorchMemory.ofLegacyFile(source)
        } else {
            throw FormatError(
                .malformed, path: source.path, offset: 0, "this is not a file of torch.save",
                expected: "a zip archive, or the magic number of the older form", received: Signature.describe(start),
                remedy: "Check the path, or save it again: torch.save(model.state_dict(), path).")
        }
        path = source.path
        names = tree.tensors.map(\.name)
        stateDict = tree.stateDict
        var tensors: [String: PyTorchTensor] = [:]
        for (name, tensor) in tree.tensors {
            tensors[name] = try PyTorchTensor(name, tensor, memory, path: source.path)
        }
        self.tensors = tensors
    }

    /// Whether there is a tensor of this name, even one of a type without a counterpart here.
    public func contains(_ name: String) -> Bool { tensors[name] != nil }

    /// The shape and type of a tensor, without reading it.
    ///
    /// - Throws: if there is none of this name, or its type has no counterpart here.
    public func type(of name: String) throws(FormatError) -> TensorType { try tensor(name).type(path) }

    /// Reads one tensor, in row-major order however it lies in memory there.
    ///
    /// The archive's checksum is compared where the tensor is all of a storage.
    ///
    /// - Throws: if there is none of this name, its type has no counterpart here, it is damaged, or the disk fails.
    public func array(_ name: String) throws(FormatError) -> NumericArray { try tensor(name).array(path) }

    /// Reads the elements of one tensor into memory of exactly their size (`type(of:).byteCount`).
    ///
    /// Where they lie in row-major order and need no conversion, nothing is copied, and neither bools nor checksums are compared.
    public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        try tensor(name).read(into: buffer, path)
    }

    /// Lends the elements of one tensor as they lie in the memory-mapped file, without a copy where that is possible.
    ///
    /// The bytes need not be aligned to the size of an element; bools are not checked. Should the disk fail, or another
    /// process cut the file short, then touching them ends the process: prefer `array(_:)` or `read(_:into:)` where the
    /// file isn't under this program's control.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try tensor(name).withBytes(path, body)
    }

    private func tensor(_ name: String) throws(FormatError) -> PyTorchTensor {
        guard let tensor = tensors[name] else { throw FormatError.noTensor(name, of: names, path: path) }
        return tensor
    }
}

extension FormatError {
    /// A name that a file does not have.
    static func noTensor(_ name: String, of names: [String], path: String) -> FormatError {
        FormatError(
            .mismatch, path: path, "there is no tensor \(name.quoted)",
            expected: names.isEmpty
                ? "no tensor: the file is empty"
                : "one of \(names.prefix(5).map(\.quoted).joined(separator: ", "))\(names.count > 5 ? ", …" : "")",
            remedy: "Check the name, or take the file of the same model.")
    }
}
