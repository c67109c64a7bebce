import ApusFormats
import ApusTestKit
import ApusGraph
import Testing

@Suite struct NPYTests {
    static let codes: [(String, ElementType)] = [
        ("b1", .bool), ("u1", .uint8), ("i1", .int32), ("i2", .int32), ("u2", .int32), ("i4", .int32), ("u4", .int64),
        ("i8", .int64), ("f4", .float32), ("f8", .float64),
    ]

    @Test(arguments: codes, ["little", "big", "fortran"])
    func filesOfNumPy(code: (String, ElementType), order: String) throws {
        let array = try NPY.read(Fixture.path("\(order)-\(code.0).npy"))
        #expect(array.type == TensorType([2, 3, 4], code.1))
        let lowest = code.0.hasPrefix("u") ? 0.0 : -5
        #expect(try array.doubles == (0..<24).map { code.0 == "b1" ? Double($0 % 2) : lowest + Double($0) })
    }

    @Test func versionsScalarsAndEmptyArrays() throws {
        for version in [2, 3] {
            #expect(try NPY.read(Fixture.path("version-\(version).npy")).doubles == (0..<24).map(Double.init))
        }
        #expect(try NPY.read(Fixture.path("scalar.npy")) == NumericArray(shape: [], elements: [2.5 as Float]))
        #expect(try NPY.read(Fixture.path("empty.npy")) == NumericArray(shape: [0, 3], elements: [Float]()))
    }

    @Test(arguments: [
        ("c8", "'<c8'"), ("S3", "'|S3'"),
        (
            "structure",
            "a "
                + "structured type"
        ),
    ])
    func otherTypesAreRefused(name: String, received: String) throws {
        let path = Fixture.path("refused-\(name).npy")
        #expect(
            message { try NPY.read(path) }
                == "\(path): the element type is not supported (at byte 20). Expected b1, u1, i1, u2, i2, u4, i4, "
                + "u8, i8, f2, f4 or f8; received \(received). Convert it before it is saved, for example by array.astype('float32')."
        )
    }

    /// Half precision becomes float32, and whole numbers without a sign int64 if they fit.
    @Test func halvesAndUnsignedNumbers() throws {
        func bytes(_ code: String, _ data: [UInt8], _ count: Int) -> ByteSource {
            var header = Array("{'descr': '\(code)', 'fortran_order': False, 'shape': (\(count),), }".utf8)
            header += Array(repeating: UInt8(ascii: " "), count: 63 - (10 + header.count) % 64) + [UInt8(ascii: "\n")]
            let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0]
            return ByteSource(start + header + data, name: "t")
        }
        let halves: [UInt16] = [0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000]
        let values: [Float] = [
            1, -2, 0.333251953125, 0x1p-24, 1023 * 0x1p-24, 0x1p-14, 65504, .infinity, -.infinity, -0.0,
        ]
        for isBig in [false, true] {
            let data = halves.flatMap { half in
                isBig ? [UInt8(half >> 8), UInt8(half & 255)] : [UInt8(half & 255), UInt8(half >> 8)]
            }
            let array = try NPY.read(bytes(isBig ? ">f2" : "<f2", data, halves.count))
            #expect(try array.elements(as: Float.self).map(\.bitPattern) == values.map(\.bitPattern))
        }
        #expect(try NPY.read(bytes("<f2", [0, 0x7e], 1)).elements(as: Float.self)[0].isNaN)
        let small = try NPY.read(bytes("<u8", [7, 0, 0, 0, 0, 0, 0, 0x7f], 1))
        #expect(try small.elements(as: Int64.self) == [0x7f00_0000_0000_0007])
        #expect(
            message {
                try NPY.read(bytes("<u8", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80], 2))
            }
            .contains(
                "an element of uint64 is too large (at byte 136). Expected less than 2^63; received 9223372036854775808."
            ))
    }

    /// NumPy's own bytes are the test of the writer.
    @Test(arguments: ["b1", "u1", "i4", "i8", "f4", "f8"])
    func writesWhatNumPyWrites(code: String) throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t.npy")
            try NPY.write(NPY.read(Fixture.path("big-\(code).npy")), to: path)
            #expect(try contents(path) == Fixture.bytes("little-\(code).npy"))
        }
    }

    @Test(arguments: [[], [0], [5], [3, 2], [2, 1, 3, 2]])
    func shapesComeBack(dimensions: [Int]) throws {
        let shape = Shape(dimensions)
        let array = try NumericArray(shape: shape, elements: (0..<shape.count).map(Double.init))
        let bytes = try NPY.encode(array)
        #expect(try NPY.read(ByteSource(bytes, name: "t")) == array)
        #expect((bytes.count - array.bytes.count) % 64 == 0)
    }

    @Test func largeFortranArraysCrossChunks() throws {
        // [300, 500] of int16: five chunks of 64 KiB, each ending within a column.
        var data: [UInt8] = []
        for column in 0..<500 {
            for row in 0..<300 {
                let value = (row * 500 + column) % 30_011
                data += [UInt8(value & 255), UInt8(value >> 8)]
            }
        }
        let array = try NPY.read(
            ByteSource(npy("{'descr': '<i2', 'fortran_order': True, 'shape': (300, 500)}", data), name: "t"))
        #expect(try array.elements(as: Int32.self) == (0..<150_000).map { Int32($0 % 30_011) })
    }

    @Test(arguments: [
        ("", "a dictionary; received the end of the header"),
        ("{", "'descr', 'fortran_order' or 'shape'; received the end of the header"),
        (
            "{'descr': '<f4', 'descr': '<f4'}",
            "'descr', 'fortran_order' and 'shape', once each; received "
                + "\"'descr': '<f4'}\""
        ),
        ("{'descr': '<f4', 'shape': (1,)}", "'descr', 'fortran_order' and 'shape'; received the end of the header"),
        ("{'shape': (3)}", "(3,) or (3, 4); received \"}\""),
        ("{'shape': (3 4)}", "a comma; received \"4)}\""),
        ("{'shape': (-3,)}", "a dimension of 0 or more; received \"-3,)}\""),
        ("{'shape': (99999999999999999999,)}", "at most 9223372036854775807; received \"9999999999999999\""),
        ("{'fortran_order': 1}", "True or False; received \"1}\""),
    ])
    func damagedHeaders(header: String, text: String) {
        let text = "Expected \(text). Save the array again with numpy.save."
        #expect(
            message { try NPY.read(ByteSource(npy(header, []), name: "t")) }.hasSuffix(text))
    }

    @Test func damageIsNamed() throws {
        let array = try NumericArray(shape: [2], elements: [1, 2] as [Float])
        let bytes = try NPY.encode(array)
        let read = { (bytes: [UInt8]) throws(FormatError) in try NPY.read(ByteSource(bytes, name: "t")) }
        #expect(
            message { try read(Array(bytes.dropLast())) }
                == "t: the file ends too early (at byte 135). Expected 136 bytes: a header of 128 and float32[2]; "
                + "received "
                + "135 bytes. Copy or download it again.")
        #expect(
            message { try read(bytes + [0]) }
                == "t: there are more bytes after the data (at byte 136). Expected 136 bytes: a header of 128 and "
                + "float32[2]; received 137 bytes. Copy or download it again, or remove the rest.")
        #expect(
            message { try read([0x50, 0x4b, 3, 4, 0, 0, 0, 0]) }
                == "t: this is not an .npy file (at byte 0). Expected 93 4e 55 4d 50 59 at the start; received 50 "
                + "4b 03 04 "
                + "00 00 00 00 (zip?). Check the path, or save the array again with numpy.save.")
        for count in 0..<bytes.count {
            #expect(throws: FormatError.self, "\(count)") { try read(Array(bytes[..<count])) }
        }
        let half = try NumericArray(shape: [1], elements: [BFloat16(1)])
        #expect(
            message { try NPY.write(half, to: "/none/t.npy") }
                == "/none/t.npy: .npy files have no bfloat16 elements. Expected another type; received bfloat16[1]. "
                + "Convert the array to float32, or save it as safetensors.")
    }

    private func npy(_ header: String, _ data: [UInt8]) -> [UInt8] {
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)]
            + Array(header.utf8) + data
    }
}

@Suite struct NPZTests {
    @Test(arguments: ["stored.npz", "deflated.npz"])
    func filesOfNumPy(name: String) throws {
        let file = try NPZFile(Fixture.path(name))
        #expect(file.names == ["kernel", "labels"])
        #expect(try file.array("kernel") == NumericArray(shape: [2, 3, 4], elements: (0..<24).map(Float.init)))
        #expect(try file.array("labels") == NumericArray(shape: [5], elements: [0, 1, 2, 3, 4] as [Int64]))
        #expect(
            message { try file.array("bias") }
                == "\(file.path): there is no array \"bias\". Expected one of \"kernel\", \"labels\". Check the name.")
    }

    @Test(arguments: ["stored.npz", "deflated.npz"])
    func everyFlippedByteOfDataIsNoticed(name: String) throws {
        let bytes = try Fixture.bytes(name)
        let original = try NPZFile(ByteSource(bytes, name: "t"))
        let expected = try original.names.map { try original.array($0) }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            guard let file = try? NPZFile(ByteSource(damaged, name: "t")) else { continue }
            let arrays = file.names.compactMap { try? file.array($0) }
            // Dates, versions and attributes may change; data may not.
            #expect(arrays.count < 2 || arrays == expected, "\(index)")
        }
    }

    /// Sizes and places of 64 bits, as in archives of more than 4 GiB; some programs always write them.
    @Test(arguments: ["stored.npz", "deflated.npz"], [false, true])
    func wideDirectories(name: String, isWideAtTheEnd: Bool) throws {
        let bytes = try Fixture.bytes(name)
        func number(_ place: Int, _ width: Int) -> Int {
            (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        func number(_ value: Int, width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let end = bytes.count - 22
        let start = number(end + 16, 4)
        var (directory, place) = ([UInt8](), start)
        while place < end {
            let stored = number(place + 20, 4)
            let (count, header) = (number(place + 24, 4), number(place + 42, 4))
            let next = place + 46 + number(place + 28, 2)
            let extra =
                number(1, width: 2) + number(24, width: 2) + [count, stored, header].flatMap { number($0, width: 8) }
            directory += bytes[place..<place + 20] + [UInt8](repeating: 0xff, count: 8) + bytes[place + 28..<place + 30]
            directory += number(extra.count, width: 2) + bytes[place + 32..<place + 42] + [255, 255, 255, 255]
            directory += bytes[place + 46..<next] + extra
            place = next + number(place + 30, 2) + number(place + 32, 2)
        }
        var tail = Array(bytes[end...])
        tail.replaceSubrange(12..<16, with: number(directory.count, width: 4))
        if isWideAtTheEnd {
            let entries = number(number(end + 10, 2), width: 8)
            let record =
                number(0x0606_4b50, width: 4) + number(44, width: 8) + number(45, width: 2) + number(45, width: 2)
                + number(0, width: 8) + entries + entries + number(directory.count, width: 8) + number(start, width: 8)
            let locator =
                number(0x0706_4b50, width: 4) + number(0, width: 4) + number(start + directory.count, width: 8)
                + number(1, width: 4)
            tail.replaceSubrange(8..<20, with: [UInt8](repeating: 0xff, count: 12))
            tail = record + locator + tail
        }
        let file = try NPZFile(ByteSource(bytes[..<start] + directory + tail, name: "wide"))
        let plain = try NPZFile(Fixture.path(name))
        #expect(file.names == plain.names)
        for name in file.names { #expect(try file.array(name) == plain.array(name)) }
    }

    @Test func truncationsAndOtherFiles() throws {
        let bytes = try Fixture.bytes("deflated.npz")
        for count in 0..<bytes.count {
            #expect(throws: FormatError.self) { try NPZFile(ByteSource(Array(bytes[..<count]), name: "t")) }
        }
        #expect(
            message { try NPZFile(ByteSource([0x93, 0x4e, 0x55, 0x4d], name: "t")) }
                == "t: this is not an .npz file, or its end is missing (at byte 4). Expected the directory of a "
                + "zip archive "
                + "at the end; received a file that starts with 93 4e 55 4d (npy?). Check the path, or copy or "
                + "download it "
                + "again.")
    }
}
