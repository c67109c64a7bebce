import ApusBackend
import ApusFormats
import ApusGraph
import ApusTensor
import Foundation

/// A folder with images and labels as MNIST comes: four IDX files, plain or compressed by gzip.
///
/// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, each
/// with or without `.gz`.
///
/// ```swift
/// let mnist = try IDXFolder.load(directory: "mnist", classNames: (0...9).map { "\($0)" })
/// print(mnist.training.count)
/// ```
public enum IDXFolder {
    /// One of the two parts.
    enum Part: String, CaseIterable {
        case train
        case test = "t10k"

        var images: String { "\(rawValue)-images-idx3-ubyte" }
        var labels: String { "\(rawValue)-labels-idx1-ubyte" }
    }

    static var fileNames: [String] { Part.allCases.flatMap { [$0.images, $0.labels] } }

    /// Reads the training and the test part: images `uint8` `[height, width, 1]`.
    ///
    /// - Parameters:
    ///   - directory: the folder of the four files
    ///   - classNames: the classes in the order of the labels; without them, they are called `0`, `1`, … to the largest label
    ///   - preprocessing: how steps scale the images
    /// - Throws: `DatasetError` for missing files, counts that differ and labels out of range; `FormatError` for
    ///   damaged files.
    public static func load(
        directory: String, classNames: [String]? = nil, preprocessing: Preprocessing = .unitRange
    ) throws -> (training: Dataset, test: Dataset) {
        let missing = fileNames.filter { path(of: $0, in: directory) == nil }
        guard missing.isEmpty else {
            throw DatasetError(
                .missing, "\(directory): the folder lacks files of the data set",
                expected: fileNames.joined(separator: ", ") + ", each with or without .gz",
                received: missing.count == fileNames.count
                    ? "none of them" : "all but " + missing.joined(separator: ", "),
                remedy: "Check the folder's path; copy or download what is missing.")
        }
        let train = try arrays(.train, directory)
        let test = try arrays(.test, directory)
        guard train.images.shape.dimensions.dropFirst() == test.images.shape.dimensions.dropFirst() else {
            throw DatasetError(
                .malformed, "\(directory): the images of training and test differ in size",
                expected: "as in training, \(train.images.shape)", received: "\(test.images.shape)",
                remedy: "The files belong to different data sets: copy or download them again.")
        }
        // Both parts have the same classes, even if one of them lacks the last.
        let largest = Int(max(train.labels.bytes.max() ?? 0, test.labels.bytes.max() ?? 0))
        let names = classNames ?? (0...largest).map { "\($0)" }
        return (
            try dataset(train, .train, directory, names, preprocessing),
            try dataset(test, .test, directory, names, preprocessing)
        )
    }

    private static func arrays(
        _ part: Part, _ directory: String
    ) throws(FormatError) -> (images: NumericArray, labels: NumericArray) {
        (
            try IDX.readImages(path(of: part.images, in: directory) ?? part.images),
            try IDX.readLabels(path(of: part.labels, in: directory) ?? part.labels)
        )
    }

    private static func dataset(
        _ arrays: (images: NumericArray, labels: NumericArray), _ part: Part, _ directory: String,
        _ classNames: [String], _ preprocessing: Preprocessing
    ) throws -> Dataset {
        let buffer = arrays.images.bytes.withUnsafeBytes { Buffer(copying: $0) }
        let shape = Shape(arrays.images.shape.dimensions + [1])
        do {
            return try Dataset(
                inputs: Tensor(buffer, TensorType(shape, .uint8)), labels: arrays.labels.bytes.map(Int.init),
                classNames: classNames, preprocessing: preprocessing)
        } catch var error as DatasetError {
            error.problem = "\(directory), \(part.images) and \(part.labels): \(error.problem)"
            error.remedy = "Copy or download both files again."
            throw error
        }
    }

    /// The path of a file or its compressed form, if there is one.
    static func path(of name: String, in directory: String) -> String? {
        [name, name + ".gz"].lazy.map { "\(directory)/\($0)" }.first { access($0, F_OK) == 0 }
    }
}
