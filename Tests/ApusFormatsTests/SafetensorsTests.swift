import ApusFormats
import ApusTestKit
import ApusGraph
import Testing

@Suite struct SafetensorsTests {
    @Test func fileOfTheFormatsOwnLibrary() throws {
        let file = try SafetensorsFile(Fixture.path("numpy.safetensors"))
        #expect(
            Set(file.names) == [
                "dense/kernel", "dense/bias", "half", "steps", "mask", "größe \"1\"\n", "pixels", "nothing",
            ])
        #expect(file.metadata == ["format": "np", "näme": "a \"quoted\" \\ text"])
        #expect(try file.array("dense/kernel") == NumericArray(shape: [2, 3, 4], elements: (0..<24).map(Float.init)))
        #expect(try file.array("dense/bias") == NumericArray(shape: [2], elements: [0.5, -1] as [Double]))
        #expect(try file.array("steps") == NumericArray(shape: [], elements: [7 as Int64]))
        #expect(try file.array("mask") == NumericArray(shape: [2], elements: [true, false]))
        #expect(try file.array("größe \"1\"\n") == NumericArray(shape: [2], elements: [1, -2] as [Int32]))
        #expect(try file.array("pixels") == NumericArray(shape: [1, 2], elements: [0, 255] as [UInt8]))
        #expect(try file.array("nothing") == NumericArray(shape: [0, 4], elements: [Float]()))
        #expect(try file.type(of: "dense/kernel") == TensorType([2, 3, 4], .float32))
        #expect(try file.type(of: "half").elementType == .float32)
        #expect(file.contains("half") && !file.contains("quarter"))
        for name in file.names {
            let array = try file.array(name)
            #expect(try file.withBytes(of: name) { [UInt8]($0) } == array.bytes)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.bytes.count, alignment: 64)
            defer { memory.deallocate() }
            try file.read(name, into: memory)
            #expect(memory.elementsEqual(array.bytes))
        }
    }

    @Test func arraysComeBackInOrder() throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t.safetensors")
            let arrays: [(name: String, array: NumericArray)] = [
                ("z", try NumericArray(shape: [3], elements: [1, 2, 3] as [UInt8])),
                ("e", try NumericArray(shape: [0], elements: [Float]())),
                ("a\u{1}\t\"\\é🦅", try NumericArray(shape: [2, 1], elements: [BFloat16(1), BFloat16(-3)])),
                ("", try NumericArray(shape: [], elements: [Int64.min])),
                ("b", try NumericArray(shape: [70_000], elements: (0..<70_000).map(Double.init))),
            ]
            let metadata = ["step": "12", "line": "a\nb\u{0}"]
            try SafetensorsFile.write(arrays, metadata: metadata, to: path)
            let file = try SafetensorsFile(path)
            #expect(file.names == arrays.map(\.name))
            #expect(file.metadata == metadata)
            for (name, array) in arrays { #expect(try file.array(name) == array) }
            let bytes = try contents(path)
            #expect(try bytes == SafetensorsFile.encode(arrays, metadata: metadata))
            #expect(bytes[0] % 8 == 0)
            let header = String(decoding: bytes[8..<8 + Int(bytes[0]) + Int(bytes[1]) * 256], as: UTF8.self)
            #expect(
                header.hasPrefix(
                    #"{"__metadata__":{"line":"a\nb\u0000","step":"12"},"z":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
                        + #""e":{"dtype":"F32","shape":[0],"data_offsets":[3,3]},"a\u0001\t\"\\é🦅":{"dtype":"BF16","#))
            // Data of arrays that are written piece by piece is counted.
            #expect(
                message {
                    try SafetensorsFile.write([("w", TensorType([2], .float32))], to: path) {
                        (_, output) throws(FormatError) in
                        try output.append(contentsOf: [1, 2, 3])
                    }
                }
                    == "\(path): the bytes of tensor \"w\" do not fit its shape. Expected 8 bytes for float32[2]; received 3 "
                    + "bytes. Append all bytes of the array, and no others.")
            #expect(try contents(path) == bytes)
            #expect(throws: FormatError.self) { try SafetensorsFile.write([arrays[0], arrays[0]], to: path) }
            #expect(throws: FormatError.self) {
                try SafetensorsFile.write([("__metadata__", arrays[0].array)], to: path)
            }
            #expect(try folder.names == ["t.safetensors"])
        }
    }

    /// Data begins at a multiple of eight, however long names are.
    @Test func dataIsAligned() throws {
        let array = try NumericArray(shape: [1], elements: [1] as [Double])
        let counts = try (1...8).map { length in
            let bytes = try SafetensorsFile.encode([(String(repeating: "x", count: length), array)])
            return Int(bytes[0]) + Int(bytes[1]) * 256
        }
        #expect(counts.allSatisfy { $0 % 8 == 0 } && Set(counts).count == 2)
    }

    /// Headers name arrays in any order, those without elements at any place.
    @Test func headersInAnyOrder() throws {
        let header =
            #"{"c":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
            + #""e":{"dtype":"I64","shape":[0],"data_offsets":[3,3]},"d":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}"#
        let file = try SafetensorsFile(ByteSource(safetensors(header, data: [1, 2, 3, 4, 5]), name: "t"))
        #expect(file.names == ["d", "a", "e", "c"])
        #expect(try file.array("a").bytes == [1, 2, 3] && file.array("c").bytes == [4, 5])
        #expect(try file.type(of: "d") == TensorType([2, 0], .float32) && file.array("e").bytes == [])
    }

    @Test func emptyFileOfNoTensors() throws {
        #expect(try SafetensorsFile(ByteSource(safetensors("{}"), name: "t")).names == [])
        #expect(try SafetensorsFile(ByteSource(SafetensorsFile.encode([]), name: "t")).names == [])
    }

    /// What the format forbids, and the message that says so.
    static let broken: [(bytes: [UInt8], text: String)] = [
        (
            [],
            "the file ends before its header does, or is no safetensors file (at byte 0). Expected 8 bytes that "
                + "give the "
                + "length of the header; received 0 bytes. Check the path, or download it again."
        ),
        (
            [16, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d],
            "the file ends before its header does, or is no safetensors file "
                + "(at byte "
                + "0). Expected a header of 2 to 2 bytes; received 16 (bytes 10 00 00 00 00 00 00 00). Check "
                + "the path, or "
                + "download it again."
        ),
        (
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d],
            "the file ends before its header does, or is no "
                + "safetensors file (at byte 0). Expected a header of 2 to 2 bytes; received 18446744073709551615 "
                + "(bytes ff ff "
                + "ff ff ff ff ff ff). Check the path, or download it again."
        ),
        (
            safetensors(" {}"),
            "this is not a safetensors file (at byte 8). Expected an opening brace (7b); "
                + "received 20. Save "
                + "the file again, or download it again."
        ),
        (
            safetensors("{} x"),
            "the header continues after its object (at byte 11). Expected only spaces; received "
                + "78. Save the "
                + "file again, or download it again."
        ),
        (
            safetensors(
                #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                    + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
                data: [1, 2]),
            "the name \"a\" occurs twice (at byte 8). Expected different names. Save the file again, or download "
                + "it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","dtype":"U8"}}"#),
            "the name \"dtype\" occurs twice (at byte 27). Expected "
                + "different names. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"__metadata__":{"a":"1","a":"2"}}"#),
            "the name \"a\" occurs twice (at byte 33). Expected different "
                + "names. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"__metadata__":{"a":1}}"#),
            "the header is not as expected (at byte 29). Expected a string; received "
                + "31 7d 7d. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[1]}}"#),
            "tensor \"a\" lacks data_offsets (at byte 13). Expected dtype, "
                + "shape and data_offsets. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U9","shape":[1]}}"#),
            "tensor \"a\" has an unknown type (at byte 14). Expected F32, BF16, "
                + "I64 or the like; received U9. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,7]}}"#, data: [0, 0, 0, 0, 0, 0, 0]),
            "the data of "
                + "tensor \"a\" does not fit its shape (at byte 13). Expected 8 bytes for F32[2]; received 7 bytes. "
                + "Save the file "
                + "again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#),
            "the size of tensor "
                + "\"a\" is too large, or no whole number of bytes (at byte 13). Expected at most 2^60 - 1 "
                + "bytes; received "
                + "F32[4611686018427387904, 4]. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#, data: [0]),
            "the size of tensor \"a\" is too "
                + "large, or no whole number of bytes (at byte 13). Expected at most 2^60 - 1 bytes; received F4[3]. "
                + "Save the file "
                + "again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, data: [0]),
            "tensor \"a\" has wrong "
                + "data_offsets (at byte 13). Expected [begin, end]; received [1, 0]. Save the file again, or "
                + "download it again."
        ),
        (
            safetensors(
                #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
                    + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
                data: [1, 2, 3]),
            "tensor \"b\" overlaps another tensor (at byte 113). Expected data from 2 on; received data from 1 "
                + "on. Save the "
                + "file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: [1, 2, 3]),
            "tensor \"a\" is preceded by "
                + "a hole (at byte 61). Expected data from 0 on; received data from 1 on. Save the file again, or "
                + "download it "
                + "again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: [1]),
            "the file ends too early (at byte "
                + "62). Expected 2 bytes of data; received 1 byte. Save the file again, or download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: [1, 2, 3]),
            "there are more bytes after "
                + "the data (at byte 63). Expected 2 bytes of data; received 3 bytes. Save the file again, or "
                + "download it again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,2]}}"#),
            "the header is not as expected (at byte 36). "
                + "Expected a whole number of 0 or more; received 2d 31 5d 2c 22 64 61 74. Save the file again, or "
                + "download it "
                + "again."
        ),
        (
            safetensors(#"{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,2]}}"#),
            "the header is not as expected (at byte 36). "
                + "Expected a whole number of 0 or more; received 30 31 5d 2c 22 64 61 74. Save the file again, or "
                + "download it "
                + "again."
        ),
        (
            safetensors(#"{"\ud800":{}}"#),
            "half of a character is missing (at byte 16). Expected a pair of \\u escapes; received "
                + "22 3a 7b 7d 7d. Save the file again, or download it again."
        ),
    ]

    @Test(arguments: broken.indices)
    func rulesAreEnforced(index: Int) throws {
        let (bytes, text) = SafetensorsTests.broken[index]
        #expect(message { try SafetensorsFile(ByteSource(bytes, name: "t")) } == "t: \(text)")
        try withTemporaryFolder { folder in
            let path = try folder.file("t", bytes)
            #expect(message { try SafetensorsFile(path) } == "\(path): \(text)")
        }
    }

    @Test func stringsMustBeUTF8() {
        var bytes = safetensors(#"{"__metadata__":{"a":"??"}}"#)
        bytes[30] = 0xc3
        #expect(throws: FormatError.self) { try SafetensorsFile(ByteSource(bytes, name: "t")) }
        bytes[31] = 0xa9
        #expect(throws: Never.self) { try SafetensorsFile(ByteSource(bytes, name: "t")) }
    }

    @Test func unknownMembersAreSkippedAndNestingEnds() throws {
        let tensor = #""dtype":"U8","shape":[1],"data_offsets":[0,1]"#
        let extra = safetensors(#"{"a":{"x":[1,-2.5e3,{"y":[true,null,"z"]}],\#(tensor)}}"#, data: [5])
        #expect(try SafetensorsFile(ByteSource(extra, name: "t")).array("a").bytes == [5])
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            message {
                try SafetensorsFile(ByteSource(safetensors(#"{"a":{"x":\#(deep)"#), name: "t"))
            }.hasPrefix("t: the header nests too deeply (at byte 50). Expected at most 32 levels"))
    }

    @Test func typesThatBecomeOthers() throws {
        func file(_ type: String, _ data: [UInt8]) throws -> SafetensorsFile {
            let header = #"{"a":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,\#(data.count)]}}"#
            return try SafetensorsFile(ByteSource(safetensors(header, data: data), name: "t"))
        }
        let halves = try file("F16", [0x00, 0x3c, 0x00, 0xc0])
        #expect(try halves.type(of: "a") == TensorType([2], .float32))
        #expect(try halves.array("a").elements(as: Float.self) == [1, -2])
        var read = [UInt8](repeating: 0, count: 8)
        try read.withUnsafeMutableBytes { try halves.read("a", into: $0) }
        #expect(try halves.withBytes(of: "a") { Array($0) } == read)
        #expect(read == [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
        #expect(try file("I8", [1, 0xff]).array("a").elements(as: Int32.self) == [1, -1])
        #expect(try file("I16", [1, 0, 0xfe, 0xff]).array("a").elements(as: Int32.self) == [1, -2])
        let wide = try file("U64", [7, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
        #expect(try wide.array("a").elements(as: Int64.self) == [7, .max])
        #expect(try file("U16", [1, 0, 0xff, 0xff]).array("a").elements(as: Int32.self) == [1, 65535])
        #expect(
            try file("U32", [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]).array("a").elements(as: Int64.self) == [
                1, 0xffff_ffff,
            ])
        #expect(throws: FormatError.self) { try file("U64", Array(repeating: 0xff, count: 16)).array("a") }
    }

    @Test func arraysOfOtherNamesAndTypes() throws {
        let types = ["F8_E4M3", "F8_E5M2", "C64", "F4"]
        for type in types {
            let bits = ["C64": 64, "F4": 4][type] ?? 8
            let header = #"{"a":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,\#(bits / 4)]}}"#
            let data = [UInt8](repeating: 0, count: bits / 4)
            let file = try SafetensorsFile(ByteSource(safetensors(header, data: data), name: "t"))
            #expect(
                message { try file.array("a") }
                    == "t: tensor \"a\" has a type that is not supported (at byte \(8 + header.utf8.count)). "
                    + "Expected F16, F32, F64, BF16, whole numbers or BOOL; received \(type). Convert it in the program that saved it."
            )
            #expect(
                message { try file.array("b") }
                    == "t: there is no tensor \"b\". Expected one of \"a\". Check the name, or take the file of "
                    + "the same "
                    + "model.")
        }
    }
}
