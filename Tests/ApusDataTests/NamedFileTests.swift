import ApusData
import ApusFormats
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Data sets of files by name, and tables by their columns.
@Suite struct NamedFileTests {
    private let table = """
        area,town,rooms,price
        100,Ulm,3,1.5
        80,Bonn,,2.5
        60,Ulm,1,3.5

        """

    private func write(_ bytes: some Sequence<UInt8>, _ folder: String, _ name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }

    private func rows(_ data: Dataset) -> [[Float]] { (0..<data.count).map { data.features(at: $0).scalars } }

    @Test func tables() throws {
        try withTemporaryFolder { folder in
            let path = try write(table.utf8, folder, "t.csv")
            let data = try Dataset.csv(path, target: "price", task: .regression)
            #expect(data.columnNames == ["area", "town=Bonn", "town=Ulm", "rooms"])
            #expect(rows(data) == [[100, 0, 1, 3], [80, 1, 0, 2], [60, 0, 1, 1]])
            #expect(data.target(at: 2).scalars == [3.5] && data.preprocessing == .identity)
            let towns = try Dataset.csv(path, target: "town", columns: ["area"])
            #expect(towns.classNames == ["Bonn", "Ulm"] && towns.columnNames == ["area"])
            #expect((0..<3).map { towns.label(at: $0) } == [1, 0, 1])
            let other = try Dataset.csv(
                try write("1;x\n2;y\n".utf8, folder, "u.csv"), target: "column 2", header: false, separator: .semicolon)
            #expect(other.classNames == ["x", "y"] && rows(other) == [[1], [2]])
            #expect(try Dataset(inputs: Tensor([1, 2] as [Float]), labels: [0, 1]).columnNames == [])
        }
    }

    @Test func arrays() throws {
        try withTemporaryFolder { folder in
            let arrays = [
                (name: "x", array: try NumericArray(shape: [3, 2], elements: (0..<6).map { Float($0) })),
                (name: "y", array: try NumericArray(shape: [3], elements: [2, 0, 1] as [Int64])),
                (name: "z", array: try NumericArray(shape: [3, 1], elements: [0.5, 1.5, 2.5] as [Float])),
            ]
            try NPZFile.write(arrays, to: "\(folder)/a.npz")
            let data = try Dataset.npz("\(folder)/a.npz")
            #expect(rows(data) == [[0, 1], [2, 3], [4, 5]])
            #expect(data.classNames == ["0", "1", "2"] && data.label(at: 0) == 2)
            let numbers = try Dataset.npz("\(folder)/a.npz", targets: "z")
            #expect(numbers.target(at: 1).scalars == [1.5] && !numbers.isClassification)
            let whole = try Dataset.npz("\(folder)/a.npz", inputs: "z", targets: "y", task: .regression)
            #expect(whole.target(at: 0).scalars == [2] && rows(whole) == [[0.5], [1.5], [2.5]])
        }
    }

    @Test func foldersOfImages() throws {
        try withTemporaryFolder { folder in
            for (name, count) in [("train", 2), ("test", 1)] {
                var records: [UInt8] = []
                for index in 0..<count {
                    records += [UInt8(index), UInt8(index + 5)]
                    records += (0..<3072).map { UInt8($0 / 1024 * 10 + index) }
                }
                _ = try write(records, folder, "\(name).bin")
            }
            let (training, test) = try Dataset.cifar100(folder)
            #expect(training.count == 2 && test.count == 1 && training.classCount == 100)
            #expect(training.label(at: 1) == 6 && training.features(at: 1).scalars.prefix(3) == [1, 11, 21])
            #expect(training.preprocessing == .unitRange)
            #expect(
                message { try Dataset.cifar10(folder) }
                    == "\(folder): the folder holds another data set. Expected CIFAR-10; received CIFAR-100. Name the source "
                    + "cifar100.")
        }
        try withTemporaryFolder { folder in
            for (part, count) in [("train", 3), ("t10k", 2)] {
                try IDX.write(
                    NumericArray(shape: [count, 1, 2], elements: (0..<2 * count).map { UInt8($0) }),
                    to: "\(folder)/\(part)-images-idx3-ubyte", compressed: false)
                try IDX.write(
                    NumericArray(shape: [count], elements: (0..<count).map { UInt8($0) }),
                    to: "\(folder)/\(part)-labels-idx1-ubyte", compressed: false)
            }
            let (training, test) = try Dataset.idx(folder)
            #expect(rows(training) == [[0, 1], [2, 3], [4, 5]] && rows(test) == [[0, 1], [2, 3]])
            #expect(test.classNames == ["0", "1", "2"] && test.label(at: 1) == 1)
        }
    }

    // MARK: Columns

    @Test func someColumns() throws {
        try withTemporaryFolder { folder in
            var data = try Dataset.csv(try write(table.utf8, folder, "t.csv"), target: "price", task: .regression)
            data.preprocessing = Preprocessing(scales: [1, 2, 3, 4], offsets: [5, 6, 7, 8])
            data = try data.subset([2, 0])
            let some = try data.selecting(columns: ["rooms", "town"])
            #expect(some.columnNames == ["rooms", "town=Bonn", "town=Ulm"] && some.inputNames == [""])
            #expect(rows(some) == [[1, 0, 1], [3, 0, 1]])
            #expect(some.preprocessing == Preprocessing(scales: [4, 2, 3], offsets: [8, 6, 7]))
            #expect(some.target(at: 0).scalars == [3.5])
            #expect(try data.selecting(columns: ["town=Bonn"]).columnNames == ["town=Bonn"])

            let divided = try data.dividing(columns: ["wide": ["town"], "deep": ["area", "rooms"]])
            #expect(divided.inputNames == ["wide", "deep"] && divided.columnNames == ["town=Bonn", "town=Ulm"])
            #expect(divided[0].inputs["wide"].scalars == [0, 1] && divided[0].inputs["deep"].scalars == [60, 1])
            #expect(divided[1].inputs["deep"].scalars == [100, 3])
            #expect(
                divided.preprocessing
                    == Preprocessing(named: [
                        "wide": Preprocessing(scales: [2, 3], offsets: [6, 7]),
                        "deep": Preprocessing(scales: [1, 4], offsets: [5, 8]),
                    ]))
            data.preprocessing = .identity
            #expect(try data.dividing(columns: ["a": ["area"], "b": ["rooms"]]).preprocessing == .identity)
        }
    }

    @Test func columnsThatThereAreNot() throws {
        try withTemporaryFolder { folder in
            let data = try Dataset.csv(try write(table.utf8, folder, "t.csv"), target: "price", task: .regression)
            #expect(
                message { try data.selecting(columns: ["area", "tow"]) }
                    == "there is no column tow. Expected one of area, town=Bonn, town=Ulm, rooms; received tow. Correct the name."
            )
            #expect(
                message { try data.dividing(columns: ["a": ["area"], "a": ["rooms"]]) }
                    == "each input needs a name and columns. Give each input a name of its own and a list of columns.")
            #expect(
                message { try data.dividing(columns: ["a": ["area"], "b": []]) }
                    == "the input \"b\" has no columns. Give each input a name of its own and a list of columns.")
            #expect(
                message { try Dataset(inputs: Tensor([1, 2] as [Float]), labels: [0, 1]).selecting(columns: ["a"]) }
                    == "the columns of these samples have no names. Expected a table that was read from a file; received 2 samples "
                    + "of float32[], 2 classes. Take the columns where the samples are made.")
        }
    }
}
