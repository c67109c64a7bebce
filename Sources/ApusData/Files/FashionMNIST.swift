import Foundation

/// Fashion-MNIST: 60 000 training and 10 000 test images of clothes, 28 × 28 grey levels, ten classes.
///
/// Source: Xiao, Rasul and Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
/// Algorithms*, 2017.
///
/// ```swift
/// let data = try FashionMNIST.load()
/// print(data.training.count, data.training.sampleShape)   // 60000 [28, 28, 1]
/// print(data.test.classNames[data.test.label(at: 0)])
/// ```
public enum FashionMNIST {
    /// The classes in the order of their labels.
    public static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// The mean of all training pixels, 0…255; 0.2860 in the unit range.
    public static let mean = 72.940_352_232_142_86
    /// The standard deviation of all training pixels, 0…255; 0.3530 in the unit range.
    public static let standardDeviation = 90.021_182_351_305_26

    /// The training pixels have mean 0 and variance 1.
    public static let standardization = Preprocessing.standardizing(
        mean: mean, standardDeviation: standardDeviation)

    /// Where Debian's package `dataset-fashion-mnist` puts the files.
    package static let systemDirectory = "/usr/share/datasets/fashion-mnist"

    /// Reads the training and the test part: images `uint8` `[28, 28, 1]`, labels in 0..<10.
    ///
    /// - Parameter directory: the folder of the four files, plain or compressed; without it, the folder that the
    ///   environment variable `APUS_DATA` names or its sub-folder `fashion-mnist`, else
    ///   `/usr/share/datasets/fashion-mnist`
    /// - Throws: `DatasetError` if the files are missing or contradict each other; `FormatError` if they are damaged.
    public static func load(directory: String? = nil) throws -> (training: Dataset, test: Dataset) {
        let environment = getenv("APUS_DATA").map { String(cString: $0) }
        return try load(from: candidates(directory: directory, environment: environment))
    }

    /// The folders to look into, in this order.
    package static func candidates(
        directory: String?, environment: String?, system: String = systemDirectory
    ) -> [String] {
        if let directory { return [directory] }
        let named = environment.flatMap { $0.isEmpty ? nil : $0 }.map { ["\($0)/fashion-mnist", $0] } ?? []
        return named + [system]
    }

    /// Reads the first folder that holds any of the files.
    package static func load(from candidates: [String]) throws -> (training: Dataset, test: Dataset) {
        let folder = candidates.first { folder in
            IDXFolder.fileNames.contains { IDXFolder.path(of: $0, in: folder) != nil }
        }
        guard let folder else {
            throw DatasetError(
                .missing, "Fashion-MNIST was not found",
                expected: IDXFolder.fileNames.joined(separator: ", ") + ", each with or without .gz",
                received: "none of them in " + candidates.joined(separator: ", in "),
                remedy:
                    "Install it (sudo apt-get install dataset-fashion-mnist), or name its folder by --data DIR or by the "
                    + "environment variable APUS_DATA.")
        }
        return try IDXFolder.load(directory: folder, classNames: classNames, preprocessing: standardization)
    }
}
