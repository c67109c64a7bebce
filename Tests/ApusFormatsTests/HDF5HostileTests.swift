import ApusFormats
import ApusGraph
import ApusTestKit
import Testing

/// Files that never end, announce what they don't hold, or point where they should not.
@Suite struct HDF5HostileTests {
    private func failure(_ bytes: [UInt8]) -> String {
        message {
            let file = try HDF5File(ByteSource(bytes, name: "t"))
            for name in try file.datasets() { _ = try file.dataset(name).array() }
        }
    }

    private func place(_ pattern: [UInt8], in bytes: [UInt8], after start: Int = 0) throws -> Int {
        try #require((start..<bytes.count).first { bytes[$0...].starts(with: pattern) })
    }

    private func little(_ number: Int) -> [UInt8] { PickleText.little(number, 8) }

    private func tree(_ kind: UInt8, level: UInt8) -> [UInt8] { Array("TREE".utf8) + [kind, level] }

    @Test(arguments: [("zeros", 4086, 1 << 22), ("unwritten", 0, 1 << 42), ("chunks", 4090, 1 << 42)])
    func bombs(name: String, stored: Int, count: Int) throws {
        let file = try HDF5File(WeightFixture.path("bombs.h5"))
        #expect(
            message { try file.dataset(name).array() }
                == "\(file.path): data set \"\(name)\" announces far more data than the file makes likely. Expected at most "
                + "1000 times the \(stored) bytes that are stored; received \(count) bytes. If you trust it, write it again "
                + "without compression.")
    }

    /// Trees whose nodes are their own children, or those of two.
    @Test func treesInThemselves() throws {
        let bytes = try WeightFixture.bytes("many.h5")
        for kind in [UInt8(0), 1] {
            let root = try place(tree(kind, level: 1), in: bytes)
            // Behind the head and the first key.
            let child = root + 24 + (kind == 0 ? 8 : 32)
            let step = kind == 0 ? 16 : 40
            var itself = bytes
            itself.replaceSubrange(child..<child + 8, with: little(root))
            #expect(failure(itself).contains("leads back to itself"))
            // A level that the node above does not say.
            var level = bytes
            level[root + 5] = 2
            #expect(failure(level).contains("is damaged"))
            var twice = bytes
            twice.replaceSubrange(child..<child + 8, with: bytes[child + step..<child + step + 8])
            #expect(failure(twice).contains("leads back to itself"))
        }
        // Two tables of names in one node.
        let leaf = try place(tree(0, level: 0), in: bytes, after: place(tree(0, level: 1), in: bytes) + 1)
        var twice = bytes
        twice.replaceSubrange(leaf + 32..<leaf + 40, with: bytes[leaf + 48..<leaf + 56])
        #expect(failure(twice).contains("leads back to itself"))
    }

    /// The rest of a header is the header itself.
    @Test func headersInThemselves() throws {
        var bytes = try HDF5File.encode([])
        // The first message of the root group, after the superblock and the head of its header.
        #expect(bytes[112] == 2)
        bytes[112] = 0x10
        bytes.replaceSubrange(120..<136, with: little(112) + little(32))
        #expect(failure(bytes).contains("an object's header leads back to itself"))
        bytes.replaceSubrange(120..<136, with: little(1 << 60) + little(32))
        #expect(failure(bytes).contains("an object's header lies outside the file"))
    }

    @Test(arguments: [
        (Int.max, "the dimensions are too large"), (1 << 61, "the dimensions are too large"),
        (1 << 40, "reaches beyond the file"), (3, "reaches beyond the file"), (-1, "too large"),
    ]) func extents(extent: Int, problem: String) throws {
        var bytes = try HDF5File.encode([
            ("a", NumericArray(shape: [2, 20], elements: Array(repeating: 1 as Float, count: 40)))
        ])
        let shape = try place(little(2) + little(20), in: bytes)
        bytes.replaceSubrange(shape..<shape + 8, with: little(extent))
        let text = failure(bytes)
        #expect(text.contains(problem), "\(text)")
    }

    @Test func groupsThatAreDeep() throws {
        let one = try NumericArray(shape: [1], elements: [1] as [Float])
        func nested(_ depth: Int) -> String { Array(repeating: "g", count: depth).joined(separator: "/") }
        let sound = try HDF5File(ByteSource(HDF5File.encode([(nested(64), one)]), name: "t"))
        #expect(try sound.datasets() == [nested(64)])
        let deep = try HDF5File(ByteSource(HDF5File.encode([(nested(65), one)]), name: "t"))
        #expect(message { try deep.datasets() }.contains("lies more than 64 groups deep"))
        #expect(message { try deep.dataset(nested(65)) }.contains("lies more than 64 groups deep"))
        // A path through a group that holds itself.
        let cycle = try HDF5File(WeightFixture.path("cycle.h5"))
        let path = Array(repeating: "a/b/back", count: 10_000).joined(separator: "/")
        #expect(message { try cycle.group(path) }.contains("lies more than 64 groups deep"))
    }

    /// Names of members are parts of paths, and unique.
    @Test(arguments: ["zz", "a/", "/a", "bb"]) func namesOfMembers(name: String) throws {
        let one = try NumericArray(shape: [1], elements: [1] as [Float])
        var bytes = try HDF5File.encode([("aa", one), ("bb", one)])
        let place = try place(Array("aa".utf8), in: bytes)
        bytes.replaceSubrange(place..<place + 2, with: name.utf8)
        let text = message { try KerasFile(ByteSource(bytes, name: "t")) }
        #expect((text == "no error") == (name == "zz"), "\(text)")
        #expect(
            name == "zz" || text.contains("a group has two members of one name, or one whose name is no part of a path")
        )
        // A name of no letter at all.
        bytes[place - 2] = 0
        #expect(throws: FormatError.self) { try HDF5File(ByteSource(bytes, name: "t")) }
    }

    /// Texts that all lie in the same place: a short file of long texts.
    @Test func textsInOnePlace() throws {
        let long = String(repeating: "x", count: 20_000)
        var bytes = try HDF5File.encode(
            [], attributes: ["": [("list", .texts([long] + Array(repeating: "y", count: 50)))]])
        let first = try place(PickleText.little(20_000, 4), in: bytes)
        let reference = Array(bytes[first..<first + 16])
        for index in 1...50 { bytes.replaceSubrange(first + 16 * index..<first + 16 * index + 16, with: reference) }
        let file = try HDF5File(ByteSource(bytes, name: "t"))
        #expect(message { try file.root.attribute("list") }.contains("texts of the HDF5 file overlap"))
        // A heap that is not there, and a number that it does not have.
        for (offset, value) in [(4, 8), (4, 1 << 50), (12, 7)] {
            var damaged = bytes
            damaged[first + 12] = 1
            damaged.replaceSubrange(
                first + offset..<first + offset + (offset == 4 ? 8 : 4),
                with: PickleText.little(value, offset == 4 ? 8 : 4))
            let file = try HDF5File(ByteSource(damaged, name: "t"))
            #expect(throws: FormatError.self) { try file.root.attribute("list") }
        }
    }

    /// Chunks that lie outside of their data set, of the file, or in the same place again and again.
    @Test func chunks() throws {
        let bytes = try WeightFixture.bytes("many.h5")
        let leaf = try place(tree(1, level: 0), in: bytes)
        // Size, mask, origin (2), zero, place.
        let key = leaf + 24
        #expect(Array(bytes[key..<key + 8]) == [12, 0, 0, 0, 0, 0, 0, 0])
        for (offset, value) in [(8, 300), (8, 1), (16, 12), (32, 1 << 40), (32, bytes.count - 4)] {
            var damaged = bytes
            damaged.replaceSubrange(key + offset..<key + offset + 8, with: little(value))
            let text = failure(damaged)
            #expect(text.contains("a chunk of \"chunks\" lies outside of it or of the file"), "\(text)")
        }
        var short = bytes
        short[key] = 11
        #expect(failure(short).contains("lies outside of it or of the file"))
        // In small.h5 a chunk is compressed: damaged data is noticed.
        var small = try WeightFixture.bytes("small.h5")
        let compressed = try place([0x78, 0x5e], in: small)
        small[compressed + 2] = 0xff
        #expect(failure(small).contains("the compressed data is damaged"))
    }

    @Test func superblocks() throws {
        let sound = try HDF5File.encode([])
        for (offset, value, problem) in [
            (8, UInt8(9), "the version of the HDF5 file is not supported"), (13, 4, "has places of another size"),
            (24, 1, "says that it begins somewhere else"), (64, 0xff, "lies outside the file"),
        ] {
            var bytes = sound
            bytes[offset] = value
            #expect(failure(bytes).contains(problem), "\(failure(bytes))")
        }
        var rootless = sound
        rootless.replaceSubrange(64..<72, with: little(-1))
        #expect(failure(rootless).contains("has no root group"))
    }

    /// Lists of weights that are longer than any file: each layer is the same group.
    @Test func weightsThatAreListedAgain() throws {
        let one = try NumericArray(shape: [1], elements: [1] as [Float])
        let names = (0..<3000).map { _ in "w" }
        let bytes = try HDF5File.encode(
            [("layer/w", one)],
            attributes: [
                "": [("layer_names", .texts(["layer", "layer"]))], "layer": [("weight_names", .texts(names))],
            ])
        let text = message { try KerasFile(ByteSource(bytes, name: "t")) }
        #expect(
            text.contains("lists more weights than its size makes likely") || text.contains("two weights have the name")
        )
        let twice = try HDF5File.encode(
            [("layer/w", one)],
            attributes: [
                "": [("layer_names", .texts(["layer", "layer"]))], "layer": [("weight_names", .texts(["w"]))],
            ])
        #expect(
            message { try KerasFile(ByteSource(twice, name: "t")) }.contains("two weights have the name \"layer/w\""))
    }
}
