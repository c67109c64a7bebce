import ApusData
import ApusFormats
import ApusGraph
import ApusTestKit
import Foundation
import Testing

/// Writes a part of a data set of images of 2 × 3 pixels to a folder.
private func write(
    _ part: String, images: Int, labels: [UInt8], width: Int = 3, compressed: Bool = false, to folder: String
) throws {
    let pixels = (0..<images * 2 * width).map { UInt8($0 % 256) }
    let suffix = compressed ? ".gz" : ""
    try IDX.write(
        NumericArray(shape: [images, 2, width], elements: pixels), to: "\(folder)/\(part)-images-idx3-ubyte\(suffix)",
        compressed: compressed)
    try IDX.write(
        NumericArray(shape: [labels.count], elements: labels), to: "\(folder)/\(part)-labels-idx1-ubyte\(suffix)",
        compressed: compressed)
}

@Suite struct IDXFolderTests {
    @Test(arguments: [false, true]) func readsAFolder(compressed: Bool) throws {
        try withTemporaryFolder { folder in
            try write("train", images: 3, labels: [0, 2, 1], compressed: compressed, to: folder)
            try write("t10k", images: 2, labels: [3, 0], compressed: compressed, to: folder)
            let data = try IDXFolder.load(directory: folder)
            #expect(data.training.description == "3 samples of uint8[2, 3, 1], 4 classes")
            #expect(data.test.description == "2 samples of uint8[2, 3, 1], 4 classes")
            #expect(data.training.preprocessing == .unitRange)
            #expect(data.training.features(at: 1).scalars(as: Int.self) == Array(6..<12))
            #expect((0..<3).map { data.training.label(at: $0) } == [0, 2, 1])
            #expect(data.test.label(at: 0) == 3)
        }
    }

    private func problem(of folder: String, classNames: [String]? = nil) -> String {
        message { try IDXFolder.load(directory: folder, classNames: classNames) }.replacing(folder, with: "DIR")
    }

    @Test func filesThatLack() throws {
        try withTemporaryFolder { folder in
            let expected =
                "DIR: the folder lacks files of the data set. Expected train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                + "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz; received "
            #expect(
                problem(of: folder) == expected
                    + "none of them. Check the folder's path; copy or download what is missing.")
            try write("train", images: 1, labels: [0], to: folder)
            #expect(
                problem(of: folder) == expected
                    + "all but t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. Check the folder's path; copy "
                    + "or download what is missing.")
        }
    }

    @Test func countsThatDiffer() throws {
        try withTemporaryFolder { folder in
            try write("train", images: 3, labels: [0, 1], to: folder)
            try write("t10k", images: 1, labels: [0], to: folder)
            #expect(
                problem(of: folder)
                    == "DIR, train-images-idx3-ubyte and train-labels-idx1-ubyte: samples and targets differ in number. "
                    + "Expected 3, one for each sample of inputs [3, 2, 3, 1]; received 2 labels. Copy or download both files again."
            )
        }
    }

    @Test func labelsOutOfRange() throws {
        try withTemporaryFolder { folder in
            try write("train", images: 2, labels: [0, 1], to: folder)
            try write("t10k", images: 2, labels: [1, 7], to: folder)
            #expect(
                problem(of: folder, classNames: ["a", "b"])
                    == "DIR, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte: the label of row 1 "
                    + "is out of range. Expected 0..<2; received 7. Copy or download both files again.")
        }
    }

    @Test func sizesThatDiffer() throws {
        try withTemporaryFolder { folder in
            try write("train", images: 2, labels: [0, 1], to: folder)
            try write("t10k", images: 2, labels: [1, 0], width: 4, to: folder)
            #expect(
                problem(of: folder)
                    == "DIR: the images of training and test differ in size. Expected as in training, [2, 2, 3]; received "
                    + "[2, 2, 4]. The files belong to different data sets: copy or download them again.")
        }
    }

    @Test func damagedFile() throws {
        try withTemporaryFolder { folder in
            try write("train", images: 2, labels: [0, 1], to: folder)
            try write("t10k", images: 2, labels: [1, 0], to: folder)
            try Data([0, 0, 8]).write(to: URL(fileURLWithPath: folder + "/t10k-labels-idx1-ubyte"))
            #expect(throws: FormatError.self) { try IDXFolder.load(directory: folder) }
        }
    }
}

@Suite struct FashionMNISTTests {
    @Test func looksInOrder() {
        let system = "/usr/share/datasets/fashion-mnist"
        #expect(FashionMNIST.candidates(directory: "a", environment: "b") == ["a"])
        #expect(FashionMNIST.candidates(directory: nil, environment: "b") == ["b/fashion-mnist", "b", system])
        #expect(FashionMNIST.candidates(directory: nil, environment: "") == [system])
        #expect(FashionMNIST.candidates(directory: nil, environment: nil) == [system])
    }

    @Test func takesTheFirstFolderWithFiles() throws {
        try withTemporaryFolder { empty in
            try withTemporaryFolder { folder in
                try write("train", images: 2, labels: [0, 9], to: folder)
                try write("t10k", images: 1, labels: [1], to: folder)
                let data = try FashionMNIST.load(from: [empty, folder])
                #expect(data.training.count == 2)
                #expect(data.training.classNames[data.training.label(at: 1)] == "Ankle boot")
                #expect(data.training.preprocessing == FashionMNIST.standardization)
            }
        }
    }

    @Test func missing() {
        let error = #expect(throws: DatasetError.self) { try FashionMNIST.load(from: ["/nowhere/a", "/nowhere/b"]) }
        #expect(error?.kind == .missing)
        #expect(
            error?.description
                == "Fashion-MNIST was not found. Expected train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                + "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz; received none of them in /nowhere/a, "
                + "in /nowhere/b. Install it (sudo apt-get install dataset-fashion-mnist), or name its folder by --data DIR or by "
                + "the environment variable APUS_DATA.")
        #expect(throws: DatasetError.self) { try FashionMNIST.load(directory: "/nowhere") }
    }

    @Test func eleventhClass() throws {
        try withTemporaryFolder { folder in
            try write("train", images: 2, labels: [0, 10], to: folder)
            try write("t10k", images: 1, labels: [1], to: folder)
            let error = #expect(throws: DatasetError.self) { try FashionMNIST.load(directory: folder) }
            #expect(error?.problem.hasSuffix("the label of row 1 is out of range") == true)
            #expect(error?.expected == "0..<10")
        }
    }

    @Test(.enabled(if: isInstalled, "Fashion-MNIST is not installed: sudo apt-get install dataset-fashion-mnist"))
    func realFiles() throws {
        let (train, test) = try FashionMNIST.load()
        #expect(train.description == "60000 samples of uint8[28, 28, 1], 10 classes")
        #expect(test.description == "10000 samples of uint8[28, 28, 1], 10 classes")
        #expect(train.classCounts == Array(repeating: 6000, count: 10))
        #expect(test.classCounts == Array(repeating: 1000, count: 10))
        #expect((0..<5).map { train.label(at: $0) } == [9, 0, 0, 3, 0])
        #expect(train.fingerprint(by: FormerHash.self) == 6_820_240_913_293_379_295)

        let measured = try train.measuredStandardization()
        #expect(abs(measured.scales[0] / FashionMNIST.standardization.scales[0] - 1) < 1e-12)
        #expect(abs(measured.offsets[0] / FashionMNIST.standardization.offsets[0] - 1) < 1e-12)
        #expect(abs(FashionMNIST.mean / 255 - 0.2860) < 5e-5)
        #expect(abs(FashionMNIST.standardDeviation / 255 - 0.3530) < 5e-5)

        let (training, validation) = try train.split(validation: 0.1, stratified: true, seed: 7)
        #expect(training.classCounts == Array(repeating: 5400, count: 10))
        #expect(validation.classCounts == Array(repeating: 600, count: 10))
        var sum = 0
        for batch in training.batches(of: 128, epoch: 0, seed: 7) { sum += batch.count }
        #expect(sum == 54000)
    }

    private static var isInstalled: Bool {
        do {
            _ = try FashionMNIST.load()
        } catch let error as DatasetError where error.kind == .missing {
            return false
        } catch {}
        return true
    }
}
