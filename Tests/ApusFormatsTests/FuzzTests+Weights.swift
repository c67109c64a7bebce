import ApusFormats
import ApusFuzzing
import ApusGraph

extension Fuzzing {
    /// Both forms; and pickles alone, which get an archive whose checksums fit.
    static func pyTorch(limited: Bool) throws {
        let files = try [
            "types-zip.pth", "types-legacy.pth", "views-legacy.pth", "nested-legacy.pth", "list.pth", "single.pth",
        ].map { try WeightFixture.bytes($0) }
        let pickles = try ["types-zip.pth", "views-zip.pth", "nested-zip.pth"].map { name in
            let archive = try ZipArchive(ByteSource(WeightFixture.bytes(name), name: name))
            return try archive.bytes(archive.names[0])!
        }
        try run(files + pickles, limited: limited) { bytes, _ throws(FormatError) in
            var bytes = bytes
            if bytes.starts(with: [0x80, 2]), !bytes.starts(with: [0x80, 2, 0x8a, 10]) {
                let memory = MemorySink()
                let elements = [UInt8](repeating: 1, count: 96)
                let items =
                    [ZipWriter.Item(name: "a/data.pkl", parts: [bytes])]
                    + (0..<24).map { ZipWriter.Item(name: "a/data/\($0)", parts: [elements]) }
                try ZipWriter(items, path: "", remedy: "").write(to: memory)
                bytes = memory.bytes
            }
            let file = try PyTorchFile(ByteSource(bytes, name: "fuzz"))
            for (_, name) in file.stateDict where !file.contains(name) {
                throw FormatError(.malformed, path: "", "", remedy: name)
            }
            try all(file.names) { (name) throws(FormatError) in try file.array(name) }
        }
    }

    static func hdf5(limited: Bool) throws {
        let written = try HDF5File.encode(
            [
                ("a/b", NumericArray(shape: [2, 2], elements: [1, 2, 3, 4] as [Float])),
                ("c", NumericArray(shape: [3], elements: [true, false, true])),
            ], attributes: ["": [("text", .text("t")), ("list", .texts(["a", "bc"]))]])
        let files = try ["small.h5", "small-latest.h5", "user-block.h5", "tracked.h5", "cycle.h5"]
            .map { try WeightFixture.bytes($0) }
        try run(files + [written], limited: limited) { bytes, _ throws(FormatError) in
            let file = try HDF5File(ByteSource(bytes, name: "fuzz"))
            try all(file.root.attributeNames) { (name) throws(FormatError) in try file.root.attribute(name) }
            for name in try file.datasets() {
                let dataset = try file.dataset(name)
                do throws(FormatError) {
                    _ = try dataset.array()
                } catch {
                    _ = try dataset.texts()
                }
                try all(dataset.attributeNames) { (name) throws(FormatError) in try dataset.attribute(name) }
            }
        }
    }

    static func keras(limited: Bool) throws {
        let weights = try KerasText.weights()
        let files = try [WeightFixture.bytes("small.h5"), weights, KerasText.archive(weights)]
        try run(files, limited: limited) { bytes, mutator throws(FormatError) in
            // Damage in the weights of an archive whose own structure is sound.
            let isArchive = bytes.starts(with: Array("PK".utf8))
            let bytes = !isArchive && mutator.chance(3) ? try KerasText.archive(bytes) : bytes
            let file = try KerasFile(ByteSource(bytes, name: "fuzz"))
            try all(file.names + file.otherNames) { (name) throws(FormatError) in try file.array(name) }
        }
    }

    /// Reads everything, and fails where anything did.
    private static func all<Value>(
        _ names: [String], _ read: (String) throws(FormatError) -> Value
    ) throws(FormatError) {
        var failure: FormatError?
        for name in names {
            do throws(FormatError) { _ = try read(name) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

/// Small files of Keras.
private enum KerasText {
    static func weights() throws -> [UInt8] {
        try HDF5File.encode(
            [
                ("layers/dense/vars/0", NumericArray(shape: [2, 1], elements: [1, 2] as [Float])),
                ("optimizer/vars/10", NumericArray(shape: [], elements: [3 as Int64])),
            ], attributes: ["layers/dense/vars": [("name", .text("dense"))], "vars": []])
    }

    static func archive(_ weights: [UInt8]) throws(FormatError) -> [UInt8] {
        let memory = MemorySink()
        try ZipWriter(
            [
                .init(name: "config.json", parts: [Array("{}".utf8)]),
                .init(name: "metadata.json", parts: [[0x7b, 0x7d]]),
                .init(name: "model.weights.h5", parts: [weights]),
            ], path: "", remedy: ""
        ).write(to: memory)
        return memory.bytes
    }
}
