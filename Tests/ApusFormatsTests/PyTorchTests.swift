import ApusFormats
import ApusGraph
import ApusTestKit
import Foundation
import Testing

@Suite struct PyTorchTests {
    private static let read = [
        "types-zip.pth", "types-legacy.pth", "views-zip.pth", "views-legacy.pth", "nested-zip.pth", "nested-legacy.pth",
        "list.pth", "single.pth", "unchecked.pth",
    ]

    /// Every tensor of every form: types, views of a storage, checkpoints.
    @Test(arguments: read) func filesOfTorchSave(name: String) throws {
        let file = try PyTorchFile(WeightFixture.path(name))
        let expected = try WeightFixture.arrays(of: name)
        #expect(Set(file.names) == Set(expected.keys) && file.names.count == expected.count)
        for (key, array) in expected {
            #expect(try file.array(key) == array, "\(key)")
            #expect(try file.type(of: key) == array.type)
            #expect(file.contains(key))
            let bytes = try memory(array) { try file.read(key, into: $0) }
            let lent = try file.withBytes(of: key) { [UInt8]($0) }
            #expect(bytes == array.bytes && lent == array.bytes, "\(key)")
        }
    }

    @Test func namesInOrderAndMessages() throws {
        let file = try PyTorchFile(WeightFixture.path("views-zip.pth"))
        #expect(
            file.names == [
                "base", "transposed", "part", "step", "expanded", "permuted", "tail", "one", "half",
            ])
        #expect(file.stateDict.map(\.name) == file.names && file.stateDict.map(\.tensor) == file.names)
        #expect(
            message { try file.array("bias") }
                == "\(file.path): there is no tensor \"bias\". Expected one of \"base\", \"transposed\", \"part\", \"step\", "
                + "\"expanded\", …. Check the name, or take the file of the same model.")
        #expect(
            message {
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 4)
                defer { memory.deallocate() }
                try file.read("transposed", into: memory)
            }.contains("Expected 96 bytes for float32[6, 4]; received 4 bytes."))
    }

    /// The model of a checkpoint is found, and the wrapper of copies that train side by side taken away.
    @Test(arguments: ["nested-zip.pth", "nested-legacy.pth"]) func stateDictOfACheckpoint(name: String) throws {
        let file = try PyTorchFile(WeightFixture.path(name))
        #expect(
            file.stateDict.map(\.name) == [
                "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
                "3.weight", "3.bias",
            ])
        #expect(file.stateDict[0].tensor == "state_dict.module.0.weight")
        #expect(file.names.contains("optimizer.state.0.exp_avg"))
        #expect(
            try file.array("state_dict.module.1.num_batches_tracked") == NumericArray(shape: [], elements: [1 as Int64])
        )
    }

    /// The usual keys count first, then the number of tensors.
    @Test func whichStateDict() throws {
        func stateDict(_ keys: [(String, Int)], alone: Int = 0) throws -> [String] {
            var groups = keys.map { key, count in
                PickleText.text(key) + PickleText.dictionary((0..<count).map { ("\(key)\($0)", PickleText.tensor) })
            }
            groups += (0..<alone).map { PickleText.text("w\($0)") + PickleText.tensor }
            let bytes = PickleText.legacy(PickleText.dictionary(raw: groups), keys: keys.isEmpty ? [] : ["0"])
            let file = try PyTorchFile(ByteSource(bytes, name: "t"))
            return file.stateDict.map(\.tensor)
        }
        #expect(try stateDict([("a", 2), ("b", 3)]) == ["b.b0", "b.b1", "b.b2"])
        #expect(try stateDict([("a", 2), ("model", 1)]) == ["model.model0"])
        #expect(try stateDict([("model", 2), ("state_dict", 1)]) == ["state_dict.state_dict0"])
        #expect(try stateDict([]) == [])
        // A tensor beside the model is no model: the best accuracy so far. Of equally many the outermost count.
        #expect(try stateDict([("model", 2)], alone: 1) == ["model.model0", "model.model1"])
        #expect(try stateDict([("a", 2)], alone: 1) == ["a.a0", "a.a1"])
        #expect(try stateDict([("a", 2)], alone: 2) == ["w0", "w1"])
        #expect(try PyTorchFile(WeightFixture.path("single.pth")).stateDict.map(\.tensor) == ["tensor"])
    }

    @Test func typesWithoutACounterpart() throws {
        let file = try PyTorchFile(WeightFixture.path("complex.pth"))
        #expect(file.names == ["c", "f"])
        #expect(try file.array("f") == NumericArray(shape: [1], elements: [1 as Float]))
        let text = message { try file.array("c") }
        #expect(text.contains("tensor \"c\" has a type that is not supported") && text.contains("received complex64"))
        #expect(message { try file.type(of: "c") } == text)
    }

    @Test(arguments: [
        ("module.pth", "the file asks for torch.nn.modules.linear.Linear"),
        ("module-legacy.pth", "the file asks for torch.nn.modules.linear.Linear"),
        ("script.pt", "this is a program of TorchScript"),
    ]) func wholeModels(name: String, problem: String) {
        let text = message { try PyTorchFile(WeightFixture.path(name)) }
        #expect(text.contains(problem) && text.contains("torch.save("), "\(text)")
    }

    @Test func otherFiles() throws {
        #expect(
            message { try PyTorchFile(ByteSource([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], name: "t")) }
                == "t: this is not a file of torch.save (at byte 0). Expected a zip archive, or the magic number of the "
                + "older form; received 93 4e 55 4d 50 59 (npy?). Check the path, or save it again: "
                + "torch.save(model.state_dict(), path).")
        #expect(
            message { try PyTorchFile(Fixture.path("stored.npz")) }.contains(
                "this zip archive is no file of torch.save. Expected one entry NAME/data.pkl; received \"kernel.npy\""))
    }

    /// Damage to data is noticed where checksums are, and no cut file is read.
    @Test func damage() throws {
        let bytes = try WeightFixture.bytes("types-zip.pth")
        let sound = try PyTorchFile(ByteSource(bytes, name: "t"))
        let pattern = try sound.array("float64").bytes
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
        var damaged = bytes
        damaged[place] ^= 1
        let file = try PyTorchFile(ByteSource(damaged, name: "t"))
        #expect(
            message { try file.array("float64") }.contains(
                "the data of tensor \"float64\" is damaged: its checksum is wrong"))
        #expect(try file.array("float32") == sound.array("float32"))
        for name in ["types-zip.pth", "types-legacy.pth"] {
            let bytes = try WeightFixture.bytes(name)
            for count in stride(from: 0, to: bytes.count, by: 7) {
                #expect(throws: FormatError.self) { try PyTorchFile(ByteSource(Array(bytes[..<count]), name: "t")) }
            }
        }
    }

    // MARK: Writing

    private func arrays() throws -> [(name: String, array: NumericArray)] {
        [
            ("conv.weight", try NumericArray(shape: [2, 1, 3], elements: [1, 2, 3, 4, 5, 6] as [Float])),
            ("bn.num_batches_tracked", try NumericArray(shape: [], elements: [1 << 40] as [Int64])),
            ("größe", try NumericArray(shape: [0, 70_000], elements: [] as [Double])),
            ("flags", try NumericArray(shape: [3], elements: [true, false, true])),
            ("b", try NumericArray(shape: [2], elements: [BFloat16(1), BFloat16(-3)])),
            ("u", try NumericArray(shape: [300], elements: (0..<300).map { UInt8($0 % 256) })),
            ("i", try NumericArray(shape: [1], elements: [-5 as Int32])),
        ]
    }

    @Test func whatIsWrittenIsRead() throws {
        let arrays = try arrays()
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.pth"
            try PyTorchFile.write(arrays, to: path)
            #expect(try contents(path) == PyTorchFile.encode(arrays))
            let file = try PyTorchFile(path)
            #expect(file.names == arrays.map(\.name))
            for (name, array) in arrays { #expect(try file.array(name) == array) }
        }
        #expect(try PyTorchFile(ByteSource(PyTorchFile.encode([]), name: "t")).names == [])
        #expect(
            message { try PyTorchFile.encode([arrays[0], arrays[0]]) }.contains(
                "two tensors have the name \"conv.weight\""))
    }

    /// Elements begin at multiples of 64, so that they can be mapped. What PyTorch reads is checked by check_written_weights.py.
    @Test func placesOfElements() throws {
        let bytes = try PyTorchFile.encode(arrays())
        let elements = try arrays()[0].array.bytes
        #expect(bytes.indices.first { bytes[$0...].starts(with: elements) }! % 64 == 0)
    }
}
