import ApusFormats
import ApusGraph
import ApusTestKit
import Foundation
import Testing

@Suite struct HDF5Tests {
    private static let read = [
        "earliest.h5", "latest.h5", "tracked.h5", "many.h5", "user-block.h5", "small.h5", "small-latest.h5",
    ]

    /// Every data set that h5py wrote: types, orders of bytes, layouts, filters, fill values.
    @Test(arguments: read) func filesOfH5py(name: String) throws {
        let file = try HDF5File(WeightFixture.path(name))
        let expected = try WeightFixture.arrays(of: name)
        let names = try file.datasets()
        #expect(Set(expected.keys).isSubset(of: names))
        for (key, array) in expected {
            let dataset = try file.dataset(key)
            #expect(try dataset.array() == array, "\(key)")
            #expect(try dataset.type == array.type)
            #expect(dataset.name == key)
            let bytes = try memory(array) { try dataset.read(into: $0) }
            let lent = try dataset.withBytes { [UInt8]($0) }
            #expect(bytes == array.bytes && lent == array.bytes, "\(key)")
        }
        let memory = try HDF5File(ByteSource(WeightFixture.bytes(name), name: "t"))
        #expect(try memory.datasets() == names)
    }

    @Test(arguments: ["earliest.h5", "latest.h5"]) func textsAndAttributes(name: String) throws {
        let file = try HDF5File(WeightFixture.path(name))
        #expect(try file.dataset("texts").texts() == ["eins", "größer", ""])
        #expect(try file.dataset("fixed").texts() == ["ab", "c"])
        let root = file.root
        #expect(
            Set(root.attributeNames) == ["text", "bytes", "list", "fixed-list", "number", "numbers"])
        #expect(try root.attribute("text") == .text("ein Täxt"))
        #expect(try root.attribute("bytes") == .text("fixed"))
        #expect(try root.attribute("list") == .texts(["a", "bc", "größer"]))
        #expect(try root.attribute("fixed-list") == .texts(["conv/kernel:0", "conv/bias:0"]))
        #expect(try root.attribute("number") == .array(NumericArray(shape: [], elements: [7 as Int64])))
        #expect(try root.attribute("numbers") == .array(NumericArray(shape: [2], elements: [1.5, -2] as [Double])))
        #expect(try root.attribute("none") == nil)
        let empty = try file.group("types").attribute("empty")
        #expect(try empty == .array(NumericArray(shape: [0], elements: [Double]())))
    }

    @Test func groupsAndNames() throws {
        let file = try HDF5File(WeightFixture.path("many.h5"))
        #expect(file.root.names == ["chunks", "names"] && file.root.name == "")
        let group = try file.group("names")
        #expect(group.names.count == 200 && group.names == group.names.sorted() && group.name == "names")
        #expect(try group.dataset("007-").name == "names/007-")
        #expect(group.contains("001-x") && !group.contains("001"))
        let tracked = try HDF5File(WeightFixture.path("tracked.h5"))
        #expect(Set(tracked.root.names) == ["z", "a", "m"])
        #expect(
            message { try file.dataset("names/none") }
                == "\(file.path): there is no \"none\" in \"names\". Expected one of 000-, 001-x, 002-xx, 003-xxx, "
                + "004-xxxx, …. Check the name.")
        #expect(
            message { try file.group("chunks") }.contains(
                "\"chunks\" is no group. Expected a group; received a data set"))
        #expect(
            message { try file.dataset("names") }.contains(
                "\"names\" is no data set. Expected a data set; received a group"))
        #expect(message { try file.dataset("chunks/a") }.contains("\"chunks\" is no group"))
        #expect(message { try file.dataset("") }.contains("there is no"))
        let texts = try HDF5File(WeightFixture.path("earliest.h5"))
        #expect(message { try texts.dataset("texts").array() }.contains("Expected numbers or bools; received texts"))
        #expect(message { try texts.dataset("plain").texts() }.contains("Expected texts; received numbers"))
    }

    /// What is not read says its name and what it is.
    @Test(arguments: [
        ("soft", "is a soft link, which is not followed"),
        ("inner/external", "is a link to another file, which is not followed"),
        ("outside", "has its data in other files"), ("virtual", "is stored as a virtual data set"),
        ("lzf", "was stored through the filter lzf"), ("complex", "compounds of several members"),
        ("table", "compounds of several members"), ("reference", "references"),
        ("ragged", "sequences of variable length"), ("named", "is no data set"),
    ]) func whatIsRefused(name: String, problem: String) throws {
        let file = try HDF5File(WeightFixture.path("refused.h5"))
        let text = message { try file.dataset(name).array() }
        #expect(text.contains("\"\(name)\"") && text.contains(problem), "\(text)")
        #expect(try file.dataset("a").array() == NumericArray(shape: [2], elements: [0, 0] as [Double]))
        #expect(throws: FormatError.self) { try file.datasets() }
    }

    @Test func groupsInThemselves() throws {
        let file = try HDF5File(WeightFixture.path("cycle.h5"))
        #expect(try file.group("a/b/back/b/back").names == ["b"])
        #expect(
            message { try file.datasets() }.contains(
                "\"a/b/back\" is a group that has another name as well, or lies in itself"))
        let dense = message { try HDF5File(WeightFixture.path("dense.h5")) }
        #expect(dense.contains("\"/\" keeps its members in a fractal heap, which is not read"))
    }

    @Test func otherFiles() {
        #expect(
            message { try HDF5File(Fixture.path("stored.npz")) }.contains(
                "this is not an HDF5 file (at byte 0). Expected 89 48 44 46 0d 0a 1a 0a at the start; received 50 4b 03 04"
            ))
        for count in [0, 1, 7, 8, 9, 600] {
            #expect(throws: FormatError.self) { try HDF5File(ByteSource(Array(repeating: 0, count: count), name: "t")) }
        }
    }

    @Test func truncations() throws {
        let bytes = try HDF5File.encode(written(), attributes: attributes)
        for count in stride(from: 0, to: bytes.count - 64, by: 197) {
            let source = ByteSource(Array(bytes[..<count]), name: "t")
            #expect(throws: FormatError.self) {
                let file = try HDF5File(source)
                _ = try file.root.attribute("text")
                for name in try file.datasets() { _ = try file.dataset(name).array() }
            }
        }
    }

    // MARK: Writing

    private func written() throws -> [(name: String, array: NumericArray)] {
        [
            ("b/kernel", try NumericArray(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Float])),
            ("b/deep/er/x", try NumericArray(shape: [3], elements: [1, 2, 3] as [Double])),
            ("a", try NumericArray(shape: [], elements: [7] as [Int64])),
            ("flags", try NumericArray(shape: [3], elements: [true, false, true])),
            ("größe", try NumericArray(shape: [0, 4], elements: [] as [Float])),
            ("u", try NumericArray(shape: [3], elements: [1, 2, 255] as [UInt8])),
            ("i", try NumericArray(shape: [3], elements: [1, -2, 255] as [Int32])),
        ]
    }

    private let attributes: [String: [(name: String, value: HDF5Value)]] = [
        "": [
            ("text", .text("Täxt")), ("list", .texts(["a", "", "größer"])), ("empty", .text("")), ("none", .texts([])),
            ("long", .text(String(repeating: "abc ", count: 20_000))),
        ],
        "empty/group": [("weight_names", .texts(["x"]))], "a": [("x", .text("y"))],
    ]

    @Test func whatIsWrittenIsRead() throws {
        let arrays = try written()
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.h5"
            try HDF5File.write(arrays, attributes: attributes, to: path)
            #expect(try contents(path) == HDF5File.encode(arrays, attributes: attributes))
            let file = try HDF5File(path)
            #expect(
                try file.datasets() == ["b/kernel", "b/deep/er/x", "a", "flags", "größe", "u", "i"])
            for (name, array) in arrays { #expect(try file.dataset(name).array() == array) }
            for (name, values) in attributes where name != "a" {
                let group = name.isEmpty ? file.root : try file.group(name)
                #expect(group.attributeNames == values.map(\.name))
                for (name, value) in values { #expect(try group.attribute(name) == value) }
            }
            #expect(try file.dataset("a").attribute("x") == .text("y"))
            #expect(try file.dataset("a").attributeNames == ["x"])
        }
        #expect(try HDF5File(ByteSource(HDF5File.encode([]), name: "t")).datasets() == [])
    }

    /// Elements begin at multiples of 64, so that they can be mapped.
    @Test func placesOfElements() throws {
        let bytes = try HDF5File.encode(written())
        let elements = try written()[0].array.bytes
        #expect(bytes.indices.first { bytes[$0...].starts(with: elements) }! % 64 == 0)
    }

    @Test(arguments: ["", "a/", "/a", "a//b", "u", "u/x", "b", "x/.", "a\u{0}b"]) func impossibleNames(name: String)
        throws
    {
        let one = try NumericArray(shape: [1], elements: [1] as [Float])
        let arrays = try written() + [(name, one)]
        #expect(
            message { try HDF5File.encode(arrays) }.contains("an array can't have this name"), "\(name)")
    }

    @Test func whatCanNotBeWritten() throws {
        let half = try NumericArray(shape: [1], elementType: .bfloat16, bytes: [0, 0])
        #expect(message { try HDF5File.encode([("a", half)]) }.contains("bfloat16 is no type of h5py"))
        let many = (0..<5000).map { "\($0)" }
        #expect(
            message { try HDF5File.encode([], attributes: ["": [("list", .texts(many))]]) }.contains("4000 texts"))
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["APUS_WRITTEN_WEIGHTS"] != nil)) func filesForTheScript()
        throws
    {
        let folder = ProcessInfo.processInfo.environment["APUS_WRITTEN_WEIGHTS"]!
        let arrays = try written()
        try HDF5File.write(arrays, attributes: attributes, to: "\(folder)/written.h5")
        let half = try NumericArray(shape: [2], elements: [BFloat16(1), BFloat16(-3)])
        try PyTorchFile.write(arrays + [("half", half)], to: "\(folder)/written.pth")
        // What Keras wrote, written again.
        for name in ["plain.keras", "keras.weights.h5"] {
            let file = try KerasFile(WeightFixture.path(name))
            let weights = try file.names.map { ($0, try file.array($0)) }
            if let configuration = file.configuration, let metadata = file.metadata {
                try KerasFile.write(
                    weights, configuration: configuration, metadata: metadata, to: "\(folder)/written.keras")
            } else {
                try KerasFile.writeWeights(weights, to: "\(folder)/written.weights.h5")
            }
        }
    }
}
