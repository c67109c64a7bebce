import ApusFormats
import ApusGraph
import ApusTestKit
import Testing

/// Files that want to run code, take all memory or never end.
@Suite struct PyTorchHostileTests {
    private func problem(_ content: [UInt8]) -> String {
        message { try PyTorchFile(ByteSource(PickleText.legacy(content), name: "t")) }
    }

    /// What a file asks Python for is named, and not looked for.
    @Test(arguments: [
        ("posix", "system"), ("os", "system"), ("builtins", "eval"), ("__builtin__", "eval"), ("subprocess", "Popen"),
        ("torch._utils", "_rebuild_device_tensor_from_numpy"), ("torch", "load"), ("torch.hub", "load"),
        ("numpy.core.multiarray", "_reconstruct"), ("collections", "namedtuple"), ("my.models", "Net"),
    ]) func namesThatAreRefused(module: String, name: String) throws {
        let expected =
            "t: the file asks for \(module).\(name): it holds more than tensors, and reading it in Python could run code"
        for global in [
            PickleText.global(module, name), PickleText.text(module) + PickleText.text(name) + [0x93],
        ] {
            let text = problem(global + PickleText.tuple([PickleText.text("rm -rf ~")]) + Array("R".utf8))
            #expect(text.hasPrefix(expected), "\(text)")
            #expect(text.hasSuffix("Save the numbers alone: torch.save(model.state_dict(), path)."))
        }
        let bytes = try PickleText.archive(PickleText.global(module, name))
        #expect(message { try PyTorchFile(ByteSource(bytes, name: "t")) }.contains("asks for \(module).\(name)"))
    }

    /// Instructions that make objects, sets or persistent texts.
    @Test(arguments: [
        0x81, 0x92, 0x8f, 0x90, 0x91, 0x82, UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "P"), 0x97, 0,
    ])
    func instructionsThatAreRefused(code: UInt8) {
        let text = problem(Array("})".utf8) + [code])
        #expect(text.contains("the pickle has an instruction that tensors do not need"), "\(text)")
    }

    @Test func callsOfOtherThings() {
        let calls: [[UInt8]] = [
            Array("})R".utf8), PickleText.call("torch", "FloatStorage", []), PickleText.call("torch", "float32", []),
            PickleText.call("torch._utils", "_rebuild_parameter", [PickleText.text("a")]),
            PickleText.call("torch", "Size", []), PickleText.call("collections", "OrderedDict", [PickleText.number(3)]),
            PickleText.call("collections", "OrderedDict", [Array("](K".utf8) + [1] + Array("e".utf8)]),
            PickleText.global("torch", "Size") + Array("]R".utf8), Array("]}b".utf8), Array("K".utf8) + [1, 0x51],
        ]
        for call in calls {
            let text = problem(call)
            #expect(text.contains("the pickle"), "\(text)")
        }
    }

    /// Stack and memory of the machine: nothing is taken that is not there.
    @Test(arguments: [
        "", "t", "a", "]a", "]K\u{1}s", "e", "(e", "u", "}(K\u{1}u", "s", "0", "1", "2", "R", "b", "Q", "h\u{5}",
        "q\u{1}", "(0",
        "j\u{1}\u{1}\u{1}\u{1}", "X\u{7f}\u{7f}\u{7f}\u{7f}", "T\u{1}", "U\u{9}a", "G", "ca\nb", "(K\u{1}d", "\u{1}",
        "]N(a", "}NN(s",
    ]) func damagedPickles(code: String) {
        #expect(throws: FormatError.self) {
            try PyTorchFile(ByteSource(PickleText.legacy(Array(code.utf8), keys: []), name: "t"))
        }
    }

    @Test func longNumbersAndUnknownProtocols() throws {
        let content = PickleText.dictionary([
            ("n", [0x8a, 9] + Array(repeating: 1, count: 9)), ("a", PickleText.tensor),
        ])
        #expect(try PyTorchFile(ByteSource(PickleText.legacy(content), name: "t")).names == ["a"])
        #expect(
            problem([0x80, 9]).contains("the pickle has an unknown protocol (at byte 29). Expected 2 to 5; received 9"))
        #expect(problem([0x8b, 0xff, 0xff, 0xff, 0xff]).contains("ends too early"))
    }

    // MARK: Bombs

    @Test func repeatedCopies() {
        let pairs =
            Array("](".utf8) + (0..<900).flatMap { _ in Array(")K\u{1}".utf8) + [0x86] } + Array("eq\u{1}0".utf8)
        let call = PickleText.global("collections", "OrderedDict") + Array("h\u{1}".utf8) + [0x85] + Array("R0".utf8)
        let text = problem(pairs + (0..<2000).flatMap { _ in call })
        #expect(text.contains("copies the same values again and again"), "\(text)")
    }

    /// Each level holds the one below twice: a path for each of 2⁴⁰ ways.
    @Test func sharedLevels() {
        var content = PickleText.tuple([PickleText.tensor]) + Array("q\u{0}".utf8)
        for level in 1..<40 {
            content += Array("0(h".utf8) + [UInt8(level - 1)] + Array("h".utf8) + [UInt8(level - 1)] + Array("tq".utf8)
            content += [UInt8(level)]
        }
        let text = problem(content)
        #expect(text.contains("repeats the same values far more often than its size makes likely"), "\(text)")
    }

    @Test func deepNesting() {
        let depth = 100_000
        let lists =
            [UInt8](repeating: UInt8(ascii: "]"), count: depth)
            + [UInt8](repeating: UInt8(ascii: "a"), count: depth - 1)
        #expect(problem(lists).contains("lie more than 64 deep in each other"))
        // A list that holds itself.
        #expect(problem(Array("]q\u{1}h\u{1}a".utf8)).contains("lie more than 64 deep in each other"))
        // A deep level without tensors costs nothing else.
        #expect(problem(Array(repeating: UInt8(ascii: "("), count: 100_000)).contains("the pickle"))
    }

    @Test func moreValuesThanBytesMakeLikely() {
        #expect(problem(Array(repeating: UInt8(ascii: ")"), count: 300_000)).contains("more values than the size"))
        #expect(problem(Array(repeating: UInt8(ascii: "N"), count: 300_000)).contains("more values than the size"))
        // Great numbers of memory are numbers, not sizes.
        let far = Array("]r".utf8) + [0xff, 0xff, 0xff, 0xff]
        #expect(problem(far + Array("j".utf8) + [0xff, 0xff, 0xff, 0xfe]).contains("recalls what it has not noted"))
    }

    @Test func archivesThatGrow() throws {
        // A pickle of 4 MB of marks, deflated to 4 kB.
        let large = try Gzip.compress(Array(repeating: UInt8(ascii: "("), count: 32 << 20))
        let deflated = Array(large.dropFirst(10).dropLast(8))
        let bytes = try PickleText.deflatedArchive("a/data.pkl", deflated, count: 32 << 20)
        let text = message { try PyTorchFile(ByteSource(bytes, name: "t")) }
        #expect(text.contains("announces far more data than its size makes likely"), "\(text)")
    }

    // MARK: Tensors

    @Test func tensorsBeyondTheirStorage() throws {
        let damaged: [[UInt8]] = [
            PickleText.tensor(shape: [5]), PickleText.tensor(start: 1), PickleText.tensor(shape: [2], strides: [4]),
            PickleText.tensor(count: 5), PickleText.tensor(shape: [2, 2], strides: [Int.max, 1]),
            PickleText.tensor(shape: [1 << 32, 1 << 32], strides: [0, 0]), PickleText.tensor(start: Int.max),
            PickleText.tensor(shape: [0], start: 5), PickleText.tensor(shape: [2, 2], strides: [1]),
            PickleText.tensor(shape: [-1]), PickleText.tensor(strides: [-1]), PickleText.tensor(count: -4),
            PickleText.tensor(key: "1"), PickleText.tensor(shape: Array(repeating: 1, count: 65), strides: []),
        ]
        for tensor in damaged {
            #expect(throws: FormatError.self) { try PyTorchFile(ByteSource(PickleText.legacy(tensor), name: "t")) }
            let bytes = try PickleText.archive(tensor)
            #expect(throws: FormatError.self) { try PyTorchFile(ByteSource(bytes, name: "t")) }
        }
        #expect(
            problem(PickleText.dictionary([("w", PickleText.tensor(shape: [5]))]))
                == "t: tensor \"w\" reaches beyond its storage. Expected 4 elements; received shape [5], strides [1], "
                + "from element 0. Copy or download it again.")
        // The same element a million times.
        let repeated = PickleText.tensor(shape: [1 << 21], strides: [0])
        let file = try PyTorchFile(ByteSource(PickleText.legacy(repeated), name: "t"))
        #expect(message { try file.array("tensor") }.contains("repeats its elements far more often than is likely"))
        let sound = try PyTorchFile(
            ByteSource(PickleText.legacy(PickleText.tensor(shape: [2], strides: [2], start: 1)), name: "t"))
        #expect(try sound.array("tensor") == NumericArray(shape: [2], elements: [1, 3] as [Float]))
    }

    @Test func storages() {
        let two = PickleText.dictionary([
            ("a", PickleText.tensor), ("b", PickleText.tensor(storage: "IntStorage")),
        ])
        #expect(problem(two).contains("a storage has two types"))
        let tensor = PickleText.tensor
        for bytes in [
            PickleText.legacy(tensor, keys: ["0", "0"]), PickleText.legacy(tensor, keys: ["1"]),
            PickleText.legacy(tensor, keys: []), PickleText.legacy(tensor, count: 5),
            PickleText.legacy(tensor, count: Int.max), PickleText.legacy(tensor, count: -1),
        ] {
            #expect(throws: FormatError.self) { try PyTorchFile(ByteSource(bytes, name: "t")) }
        }
        let twice = PickleText.dictionary(raw: [
            PickleText.text("a.b") + tensor, PickleText.text("a") + PickleText.dictionary([("b", tensor)]),
        ])
        #expect(problem(twice).contains("two tensors of the file have the name \"a.b\""))
        #expect(
            problem(PickleText.dictionary(raw: [Array("N".utf8) + tensor])).contains(
                "neither a text nor a whole number"))
    }

    /// A machine of the other order of bytes, views of a storage that is a part of another, keys of two kinds, the last of equal keys.
    @Test func rareSoundFiles() throws {
        let isBig = PickleText.dictionary([("little_endian", [0x89])])
        var bytes = PickleText.legacy(PickleText.tensor, system: isBig)
        bytes.replaceSubrange(bytes.count - 24..<bytes.count, with: bytes[(bytes.count - 24)...].reversed())
        bytes.replaceSubrange(bytes.count - 24..<bytes.count - 16, with: PickleText.little(4, 8).reversed())
        bytes.replaceSubrange(
            bytes.count - 16..<bytes.count,
            with: (0..<4).flatMap { PickleText.little(Int(Float($0).bitPattern), 4).reversed() })
        let big = try PyTorchFile(ByteSource(bytes, name: "t"))
        #expect(try big.array("tensor").elements(as: Float.self) == [0, 1, 2, 3])

        let view = PickleText.tuple([PickleText.text("7"), PickleText.number(1), PickleText.number(2)])
        let identity = PickleText.tuple([
            PickleText.text("storage"), PickleText.global("torch", "FloatStorage"), PickleText.text("0"),
            PickleText.text("cpu"), PickleText.number(4), view,
        ])
        let tensor = PickleText.call(
            "torch._utils", "_rebuild_tensor",
            [
                identity + Array("Q".utf8), PickleText.number(1), PickleText.tuple([PickleText.number(1)]),
                PickleText.tuple([PickleText.number(1)]),
            ])
        let content = PickleText.dictionary(raw: [
            Array("K".utf8) + [3] + PickleText.tensor, PickleText.text("b") + PickleText.tensor,
            PickleText.text("b") + tensor, [0x88] + PickleText.tensor, [0x8a, 1, 0xfe] + PickleText.tensor,
            Array("J".utf8) + [0xfd, 0xff, 0xff, 0xff] + PickleText.tensor,
        ])
        let file = try PyTorchFile(ByteSource(PickleText.legacy(content), name: "t"))
        #expect(file.names == ["3", "b", "True", "-2", "-3"])
        #expect(try file.array("b").elements(as: Float.self) == [2])
    }
}
