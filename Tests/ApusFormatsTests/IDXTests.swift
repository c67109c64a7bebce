import ApusFormats
import ApusTestKit
import ApusGraph
import Testing

@Suite struct IDXTests {
    static let arrays: [NumericArray] = {
        let arrays = try? [
            NumericArray(shape: [2, 3], elements: [0, 1, 2, 253, 254, 255] as [UInt8]),
            NumericArray(shape: [3], elements: [.min, -1, .max] as [Int32]),
            NumericArray(shape: [2, 1, 2], elements: [1.5, -0.0, .infinity, .leastNonzeroMagnitude] as [Float]),
            NumericArray(shape: [2], elements: [.pi, -.greatestFiniteMagnitude] as [Double]),
            NumericArray(shape: [0, 28, 28], elements: [UInt8]()),
            NumericArray(shape: [70_000], elements: (0..<70_000).map { Int32($0 * 30_000) }),
        ]
        return arrays ?? []
    }()

    @Test(arguments: arrays.indices, [false, true])
    func arraysComeBack(index: Int, compressed: Bool) throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("array")
            try IDX.write(IDXTests.arrays[index], to: path, compressed: compressed)
            #expect(try IDX.read(path) == IDXTests.arrays[index])
            #expect(try contents(path) == IDX.encode(IDXTests.arrays[index], compressed: compressed))
            #expect(try contents(path).starts(with: compressed ? [0x1f, 0x8b] : [0, 0]))
        }
    }

    @Test func thereAreArrays() { #expect(IDXTests.arrays.count == 6) }

    @Test(arguments: [
        (0x08 as UInt8, [0x01, 0xff] as [UInt8], ElementType.uint8, [1, 255] as [Double]),
        (0x09, [0x01, 0xff], .int32, [1, -1]),
        (0x0b, [0x01, 0x02, 0xff, 0xfe], .int32, [258, -2]),
        (0x0c, [0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe], .int32, [258, -2]),
        (0x0d, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], .float32, [1.5, -2]),
        (0x0e, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], .float64, [1.5, -2]),
    ])
    func typesAreBigEndian(code: UInt8, data: [UInt8], type: ElementType, values: [Double]) throws {
        let array = try IDX.read(ByteSource(idx(code, [2], data), name: "t"))
        #expect(array.elementType == type)
        #expect(try array.doubles == values)
    }

    @Test func imagesAndLabelsAreToldApart() throws {
        let images = ByteSource(idx(8, [1, 2, 2], [1, 2, 3, 4]), name: "images")
        let labels = ByteSource(idx(8, [2], [1, 2]), name: "labels")
        let fractions = ByteSource(idx(13, [1], [0, 0, 0, 0]), name: "fractions")
        #expect(try IDX.read(images, .images).shape == [1, 2, 2])
        #expect(try IDX.read(labels, .labels).shape == [2])
        #expect(
            message { try IDX.read(labels, .images) }
                == "labels: the file holds labels, not images (at byte 2). Expected images: uint8[count, height, "
                + "width], "
                + "magic 00 00 08 03; received uint8[2], magic 00 00 08 01. Give the file of images, such as "
                + "train-images-idx3-ubyte.")
        #expect(
            message { try IDX.read(images, .labels) }
                == "images: the file holds images, not labels (at byte 2). Expected labels: uint8[count], magic "
                + "00 00 08 "
                + "01; received uint8[1, 2, 2], magic 00 00 08 03. Give the file of labels, such as "
                + "train-labels-idx1-ubyte.")
        #expect(
            message { try IDX.read(fractions, .labels) }
                == "fractions: the file does not hold labels (at byte 2). Expected labels: uint8[count], magic 00 "
                + "00 08 "
                + "01; received float32[1], magic 00 00 0d 01. Give the file of labels, such as "
                + "train-labels-idx1-ubyte.")
    }

    @Test(
        arguments: [
            (
                [],
                "this is not an IDX file (at byte 0). Expected 00 00 at the start; received an empty file. Check the "
                    + "path; "
                    + "if it was downloaded, download it again."
            ),
            (
                Array("<html>".utf8),
                "this is not an IDX file (at byte 0). Expected 00 00 at the start; received 3c 68 "
                    + "74 6d (a "
                    + "web page?). Check the path; if it was downloaded, download it again."
            ),
            (
                [0, 0, 8],
                "the file ends too early (at byte 3). Expected an IDX header of at least 8 bytes; received 3 "
                    + "bytes. "
                    + "Copy or download it again."
            ),
            (
                idx(7, [1], [0]),
                "the IDX file has an unknown element type (at byte 2). Expected 08, 09, 0b, 0c, 0d or 0e; "
                    + "received 07. Copy or download it again."
            ),
            (
                idx(8, [], [0]),
                "the IDX file has no dimensions (at byte 3). Expected at least 1; received 0. Copy or "
                    + "download "
                    + "it again."
            ),
            (
                [0, 0, 8, 2, 0, 0, 0, 1],
                "the file ends too early (at byte 8). Expected 8 bytes of dimensions; received 4 "
                    + "bytes. Copy or download it again."
            ),
            (
                idx(8, [2, 3], [1, 2, 3, 4, 5]),
                "the file ends too early (at byte 17). Expected 18 bytes: a header of 12 and "
                    + "uint8[2, 3]; received 17 bytes. Copy or download it again."
            ),
            (
                idx(8, [2], [1, 2, 3]),
                "there are more bytes after the data (at byte 10). Expected 10 bytes: a header "
                    + "of 8 and "
                    + "uint8[2]; received 11 bytes. Copy or download it again, or remove the rest."
            ),
            (
                idx(13, [.max, .max, 9], []),
                "the dimensions are too large (at byte 4). Expected at most 2^63 - 1 bytes; "
                    + "received dimensions [4294967295, 4294967295, 9]. The file is damaged: copy or download it again."
            ),
            (
                idx(8, [.max, .max, .max, 0], []),
                "the dimensions are too large (at byte 4). Expected at most 2^63 - 1 "
                    + "bytes; "
                    + "received dimensions [4294967295, 4294967295, 4294967295, 0]. The file is damaged: copy "
                    + "or download it "
                    + "again."
            ),
        ] as [([UInt8], String)])
    func damageIsNamed(bytes: [UInt8], text: String) throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t.idx", bytes)
            #expect(message { try IDX.read(path) } == "\(path): \(text)")
            #expect(message { try IDX.read(ByteSource(bytes, name: "t")) } == "t: \(text)")
        }
    }

    @Test func missingFilesAreNamed() throws {
        #expect(
            message { try IDX.readImages("/none/train-images-idx3-ubyte") }
                == "/none/train-images-idx3-ubyte: there is no such file. Expected an IDX file of images. Check "
                + "the path.")
        #expect(
            message { try IDX.read("/") }
                == "/: this is not a regular file. Expected an IDX file; received a folder. Give the path of a "
                + "file in it.")
        #expect(
            message { try IDX.read("a\0b") }
                == "a\\0b: the path contains a zero byte. Use a path without it.")
    }

    @Test func unsupportedArraysAreRefused() throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t")
            let mask = try NumericArray(shape: [1], elements: [true])
            #expect(
                message { try IDX.write(mask, to: path) }
                    == "\(path): IDX files have no bool elements. Expected uint8, int32, float32 or float64; received "
                    + "bool[1]. Convert the array, or save it as safetensors.")
            let scalar = try NumericArray(shape: [], elements: [1 as Float])
            #expect(throws: FormatError.self) { try IDX.write(scalar, to: path) }
            #expect(try folder.names == [])
        }
    }
}

@Suite struct GzipTests {
    private func array() throws -> NumericArray {
        try NumericArray(shape: [4, 5], elements: Array(0..<20 as Range<UInt8>))
    }

    private func compress(_ header: [UInt32], _ count: Int) throws -> [UInt8] {
        // The encoder writes what an array says; a lie takes another header of the same length.
        let data = try NumericArray(shape: [count], elements: [UInt8](repeating: 0, count: count))
        return try Gzip.compress(idx(8, header, data.bytes))
    }

    @Test func membersFollowOneAnother() throws {
        let bytes = idx(8, [4], [1, 2, 3, 4])
        let parts = try Gzip.compress(Array(bytes[..<6])) + Gzip.compress([]) + Gzip.compress(Array(bytes[6...]))
        #expect(try IDX.read(ByteSource(parts, name: "t")).bytes == [1, 2, 3, 4])
    }

    /// A member may end just where a piece of the file does that is read at once.
    @Test func membersEndWithPieces() throws {
        var generator = SeededGenerator(seed: 3)
        let noise = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let bytes = idx(8, [70_000], noise)
        // Noise becomes longer by a few bytes, whatever it is, so that some beginning has the length of a piece.
        let end = try #require(
            try (65_400..<65_536).first { try Gzip.compress(Array(bytes[..<$0])).count == 1 << 16 })
        let (first, rest) = (try Gzip.compress(Array(bytes[..<end])), try Gzip.compress(Array(bytes[end...])))
        #expect(try IDX.read(ByteSource(first + rest, name: "t")).bytes == noise)
    }

    @Test func everyTruncationIsAnError() throws {
        let bytes = try IDX.encode(array(), compressed: true)
        for count in 0..<bytes.count {
            #expect(throws: FormatError.self, "\(count)") {
                try IDX.read(ByteSource(Array(bytes[..<count]), name: "t"))
            }
        }
        #expect(
            message { try IDX.read(ByteSource(Array(bytes.dropLast(9)), name: "t")) }
                == "t: the compressed data ends too early (at byte 32). Expected gzip data. Copy or download it again.")
        #expect(
            message { try IDX.read(ByteSource(bytes + [0], name: "t")) }
                == "t: there are more bytes after the compressed data (at byte 32). Expected gzip data. Copy or "
                + "download "
                + "it again.")
    }

    @Test func checksumsAreCompared() throws {
        var bytes = try IDX.encode(array(), compressed: true)
        bytes[bytes.count - 8] ^= 1
        #expect(
            message { try IDX.read(ByteSource(bytes, name: "t")) }
                == "t: the compressed data is damaged: incorrect data check (at byte 32). Expected gzip data. Copy or "
                + "download it again.")
    }

    @Test func inflationStopsWhereTheHeaderSays() throws {
        // 64 MB of zeros behind a header that announces 10 bytes.
        let bomb = ByteSource(try compress([10], 64 << 20), name: "bomb")
        #expect(bomb.count < 100_000)
        #expect(
            message { try IDX.read(bomb) }
                == "bomb: there are more bytes after the data (at byte 18). Expected 18 bytes; received more. Copy or "
                + "download it again, or remove the rest.")
        let missing = ByteSource(try compress([20], 10), name: "missing")
        #expect(
            message { try IDX.read(missing) }
                == "missing: the data ends too early (at byte 18). Expected 10 more bytes. Copy or download it again.")
        // A header that tells the truth about a bomb.
        let honest = ByteSource(try compress([64 << 20], 64 << 20), name: "honest")
        #expect(
            message { try IDX.read(honest) }
                == "honest: the compressed file announces far more data than its size makes likely. Expected at most "
                + "16777216 bytes; received 67108872 bytes for uint8[67108864]. If you trust it, decompress it "
                + "first and "
                + "read the result.")
    }
}
