import Foundation

/// A folder with the binary version of CIFAR-10 (`data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`) or CIFAR-100
/// (`train.bin`, `test.bin`), as its archive unpacks.
public struct CIFARFolder: Hashable, Sendable {
    /// Which of the two it is.
    public let sort: CIFAR
    /// The images to train on, in the order of the files.
    public let train: CIFAR.Part
    /// The images to test on.
    public let test: CIFAR.Part
    /// The classes in the order of the labels, from `batches.meta.txt` or `fine_label_names.txt`; without that file they are
    /// called `0`, `1`, ….
    public let classNames: [String]
    /// The classes in the order of the coarse labels, from `coarse_label_names.txt`; empty for CIFAR-10.
    public let coarseClassNames: [String]

    /// Reads a folder, or that of the archive's name (`cifar-10-batches-bin`, `cifar-100-binary`) in it.
    ///
    /// - Throws: if files are missing or damaged.
    public init(_ path: String) throws(FormatError) {
        let folders = [path, "\(path)/cifar-10-batches-bin", "\(path)/cifar-100-binary"]
        let found = folders.lazy.flatMap { folder in CIFAR.allCases.map { (folder, $0) } }
            .first { folder, sort in CIFARFolder.exists("\(folder)/\(sort.trainingFiles[0])") }
        guard let (folder, sort) = found else {
            let isPython = CIFARFolder.exists("\(path)/data_batch_1") || CIFARFolder.exists("\(path)/train")
            throw FormatError(
                .missing, path: path,
                isPython ? "the folder holds another version of CIFAR" : "the folder does not hold CIFAR",
                expected: "data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and test.bin",
                remedy: isPython
                    ? "Download the binary version instead of that for Python." : "Check the path; unpack the archive.")
        }
        self.sort = sort
        train = try sort.read(sort.trainingFiles.map { "\(folder)/\($0)" })
        test = try sort.read(["\(folder)/\(sort.testFile)"])
        classNames = try CIFARFolder.names("\(folder)/\(sort.namesFile)", sort.classCount)
        coarseClassNames =
            sort == .cifar10
            ? [] : try CIFARFolder.names("\(folder)/coarse_label_names.txt", 20)
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func names(_ path: String, _ count: Int) throws(FormatError) -> [String] {
        guard exists(path) else { return (0..<count).map { "\($0)" } }
        let source = try ByteSource(path: path, content: "a file of class names")
        let bytes = try source.bytes(0..<min(source.count, 1 << 16))
        let names = bytes.split { $0 == 0x0a || $0 == 0x0d }.map { String(decoding: $0, as: UTF8.self) }
        guard names.count == count, source.count <= 1 << 16 else {
            throw FormatError(
                .malformed, path: path, "the file does not hold the names of the classes", expected: "\(count) lines",
                received: "\(names.count)", remedy: "Download it again, or remove it to have numbers for names.")
        }
        return names
    }
}

extension CIFAR {
    fileprivate var trainingFiles: [String] {
        self == .cifar10 ? (1...5).map { "data_batch_\($0).bin" } : ["train.bin"]
    }

    fileprivate var testFile: String { self == .cifar10 ? "test_batch.bin" : "test.bin" }

    fileprivate var namesFile: String { self == .cifar10 ? "batches.meta.txt" : "fine_label_names.txt" }
}
