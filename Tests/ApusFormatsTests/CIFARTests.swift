import ApusFormats
import ApusTestKit
import ApusGraph
import Testing

@Suite struct CIFARTests {
    /// A file of records whose samples tell their place: channel × 80 + (row + column + number) mod 80.
    static func file(_ sort: CIFAR, labels: [UInt8], first: Int = 0) -> [UInt8] {
        labels.enumerated().flatMap { number, label -> [UInt8] in
            let start = sort == .cifar10 ? [label] : [label / 5, label]
            return start
                + (0..<3072).map { index in
                    let (channel, place) = (index / 1024, index % 1024)
                    return UInt8(channel * 80 + (place / 32 + place % 32 + number + first) % 80)
                }
        }
    }

    private func check(_ part: CIFAR.Part, labels: [UInt8], numbers: [Int]) throws {
        #expect(part.images.shape == [labels.count, 32, 32, 3])
        #expect(part.labels.bytes == labels)
        var expected: [UInt8] = []
        for number in numbers {
            for row in 0..<32 {
                for column in 0..<32 {
                    for channel in 0..<3 { expected.append(UInt8(channel * 80 + (row + column + number) % 80)) }
                }
            }
        }
        // Without a comparison of the lists, which takes minutes where they differ.
        #expect(part.images.bytes.elementsEqual(expected))
    }

    @Test func tenClassesAreRead() throws {
        try withTemporaryFolder { folder in
            for batch in 1...5 {
                _ = try folder.file(
                    "data_batch_\(batch).bin", CIFARTests.file(.cifar10, labels: [UInt8(batch), 9], first: 2 * batch))
            }
            _ = try folder.file("test_batch.bin", CIFARTests.file(.cifar10, labels: [3]))
            let unnamed = try CIFARFolder(folder)
            #expect(unnamed.classNames == (0..<10).map { "\($0)" })
            _ = try folder.file("batches.meta.txt", Array((0..<10).map { "class \($0)\n" }.joined().utf8) + [0x0a])
            let data = try CIFARFolder(folder)
            #expect(data.sort == .cifar10)
            #expect(data.classNames == (0..<10).map { "class \($0)" })
            try check(data.train, labels: [1, 9, 2, 9, 3, 9, 4, 9, 5, 9], numbers: Array(2..<12))
            try check(data.test, labels: [3], numbers: [0])
            #expect(data.train.coarseLabels == nil && data.coarseClassNames == [])
        }
    }

    @Test func hundredClassesAreRead() throws {
        try withTemporaryFolder { folder in
            let labels = (0..<100).map { UInt8($0) }
            _ = try folder.file("train.bin", CIFARTests.file(.cifar100, labels: labels))
            _ = try folder.file("test.bin", CIFARTests.file(.cifar100, labels: [99]))
            _ = try folder.file("fine_label_names.txt", Array((0..<100).map { "fine\($0)\r\n" }.joined().utf8))
            _ = try folder.file("coarse_label_names.txt", Array((0..<20).map { "coarse\($0)\n" }.joined().utf8))
            let data = try CIFARFolder(folder)
            try check(data.train, labels: labels, numbers: Array(0..<100))
            #expect(data.train.coarseLabels?.bytes == labels.map { $0 / 5 })
            #expect(data.classNames[99] == "fine99" && data.coarseClassNames[19] == "coarse19")
        }
    }

    @Test func mistakesAreExplained() throws {
        try withTemporaryFolder { folder in
            let ten = try folder.file("a.bin", CIFARTests.file(.cifar10, labels: [1, 2]))
            #expect(
                message { try CIFAR.cifar100.read([ten]) }
                    == "\(ten): the file is of CIFAR-10, not of CIFAR-100 (at byte 6146). Expected a multiple of 3074 bytes: 2 "
                    + "labels and 32 × 32 × 3 samples; received 6146 bytes, first 01 00 01 02. Read it as CIFAR-10.")
            let cut = try folder.file("b.bin", Array(CIFARTests.file(.cifar10, labels: [1, 2]).dropLast()))
            #expect(
                message { try CIFAR.cifar10.read([cut]) }
                    == "\(cut): the file's size is not that of CIFAR-10 (at byte 6145). Expected a multiple of 3073 bytes: 1 "
                    + "label and 32 × 32 × 3 samples; received 6145 bytes, first 01 00 01 02. Download the binary version "
                    + "again, and unpack it.")
            let label = try folder.file("c.bin", CIFARTests.file(.cifar10, labels: [1, 10]))
            #expect(
                message { try CIFAR.cifar10.read([label]) }
                    == "\(label): the label of image 1 is out of range (at byte 3073). Expected 0 to 9; received 10. Download "
                    + "the binary version of CIFAR-10 again.")
            #expect(
                message { try CIFARFolder(folder) }
                    == "\(folder): the folder does not hold CIFAR. Expected data_batch_1.bin to data_batch_5.bin and "
                    + "test_batch.bin, or train.bin and test.bin. Check the path; unpack the archive.")
            _ = try folder.file("data_batch_1", [1])
            #expect(
                message { try CIFARFolder(folder) }.hasSuffix(
                    "Download the binary version instead of that for Python."))
            _ = try folder.file("train.bin", CIFARTests.file(.cifar100, labels: [1]))
            #expect(
                message { try CIFARFolder(folder) }
                    == "\(folder)/test.bin: there is no such file. Expected a binary file of CIFAR-100. Check the path."
            )
            _ = try folder.file("test.bin", CIFARTests.file(.cifar100, labels: [1]))
            _ = try folder.file("fine_label_names.txt", Array("a\nb\n".utf8))
            #expect(
                message { try CIFARFolder(folder) }
                    == "\(folder)/fine_label_names.txt: the file does not hold the names of the classes. Expected 100 "
                    + "lines; received 2. Download it again, or remove it to have numbers for names.")
        }
    }
}
