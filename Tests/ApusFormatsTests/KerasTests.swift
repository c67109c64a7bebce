import ApusFormats
import ApusGraph
import ApusTestKit
import Foundation
import Testing

@Suite struct KerasTests {
    private static let read = [
        "keras.weights.h5", "keras-model.h5", "plain.keras", "keras-weights-only.h5", "keras-early.weights.h5",
    ]

    /// Every array of the three forms.
    @Test(arguments: read) func filesOfKeras(name: String) throws {
        let file = try KerasFile(WeightFixture.path(name))
        // The older form has its layers in a group, and what optimizers keep in another.
        let prefix = "model_weights/"
        var expected = try WeightFixture.arrays(of: name).filter { !$0.key.hasPrefix("optimizer_weights/") }
        expected = Dictionary(
            uniqueKeysWithValues: expected.map { key, array in
                (key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : key, array)
            })
        #expect(Set(file.names + file.otherNames) == Set(expected.keys))
        for (key, array) in expected {
            #expect(try file.array(key) == array, "\(key)")
            #expect(try file.type(of: key) == array.type && file.contains(key))
            let bytes = try memory(array) { try file.read(key, into: $0) }
            let lent = try file.withBytes(of: key) { [UInt8]($0) }
            #expect(bytes == array.bytes && lent == array.bytes)
        }
        #expect(
            message { try file.array("none") }.contains(
                "there is no tensor \"none\". Expected one of \"\(file.names[0])\""))
    }

    @Test func wholeModelOfBefore() throws {
        let file = try KerasFile(WeightFixture.path("keras-model.h5"))
        #expect(file.form == .legacy && file.metadata == nil)
        #expect(file.configuration?.hasPrefix("{\"class_name\": \"Sequential\"") == true)
        // In the order of the layers, which is not that of their names.
        #expect(
            file.names == [
                "first/small/first/kernel", "first/small/first/bias",
                "batch_normalization/small/batch_normalization/gamma",
                "batch_normalization/small/batch_normalization/beta",
                "batch_normalization/small/batch_normalization/moving_mean",
                "batch_normalization/small/batch_normalization/moving_variance", "nested/small/nested/dense/kernel",
                "nested/small/nested/dense/bias", "nested/small/nested/dense_1/kernel",
                "layer_normalization/small/layer_normalization/gamma",
                "layer_normalization/small/layer_normalization/beta",
            ])
        #expect(file.layer(of: "nested/small/nested/dense/bias") == "nested")
    }

    @Test func weightsOfBefore() throws {
        let file = try KerasFile(WeightFixture.path("keras-weights-only.h5"))
        #expect(file.form == .legacy && file.configuration == nil)
        // The list of names is split in two.
        #expect(file.names == ["zeta/zeta/kernel:0", "zeta/zeta/bias:0", "alpha/alpha/kernel:0"])
    }

    @Test func weightsOfToday() throws {
        let file = try KerasFile(WeightFixture.path("keras.weights.h5"))
        #expect(file.form == .weights && file.configuration == nil)
        #expect(
            file.names.prefix(7) == [
                "layers/batch_normalization/vars/0", "layers/batch_normalization/vars/1",
                "layers/batch_normalization/vars/2", "layers/batch_normalization/vars/3", "layers/block/inner/vars/0",
                "layers/block/inner/vars/1", "layers/conv2d/vars/0",
            ])
        #expect(file.layer(of: "layers/conv2d/vars/0") == "first")
        #expect(file.layer(of: "layers/block/inner/vars/0") == "dense_2")
        // As people count, not as texts are sorted.
        #expect(file.otherNames == (0..<24).map { "optimizer/vars/\($0)" })
        let early = try KerasFile(WeightFixture.path("keras-early.weights.h5"))
        #expect(
            early.names == [
                "_layer_checkpoint_dependencies/dense/vars/0", "layers/dense_2/vars/0", "layers/dense_10/vars/0",
            ])
        #expect(early.otherNames == ["layers/dropout/seed_generator/vars/0", "metrics/mean/vars/0"])
    }

    @Test func archives() throws {
        let file = try KerasFile(WeightFixture.path("plain.keras"))
        #expect(file.form == .archive)
        #expect(file.configuration?.contains("\"class_name\": \"Sequential\"") == true)
        #expect(file.metadata?.contains("\"keras_version\": \"3.15.1\"") == true)
        // Also from memory, and from an archive whose weights are deflated.
        let memory = try KerasFile(ByteSource(WeightFixture.bytes("plain.keras"), name: "t"))
        #expect(memory.names == file.names)
    }

    @Test func otherFiles() throws {
        #expect(
            message { try KerasFile(Fixture.path("stored.npz")) }.contains(
                "this zip archive is no .keras file. Expected entries config.json and model.weights.h5"))
        #expect(message { try KerasFile(Fixture.path("little-f4.npy")) }.contains("this is not an HDF5 file"))
        // Any other HDF5 file: its data sets by their paths.
        let file = try KerasFile(WeightFixture.path("tracked.h5"))
        #expect(file.form == .weights && file.names == ["a", "m", "z"] && file.layer(of: "a") == nil)
    }

    @Test func whatIsWrittenIsRead() throws {
        let arrays: [(name: String, array: NumericArray)] = [
            ("layers/dense/vars/0", try NumericArray(shape: [2, 1], elements: [0.5, -1] as [Float])),
            ("layers/dense/vars/1", try NumericArray(shape: [1], elements: [3] as [Float])),
        ]
        let layers = ["layers/dense": "output", "layers/flatten": "flatten", "": "net"]
        try withTemporaryFolder { folder in
            try KerasFile.writeWeights(arrays, layers: layers, to: "\(folder)/a.weights.h5")
            try KerasFile.write(
                arrays, layers: layers, configuration: "{\"a\": 1}", metadata: "{}", to: "\(folder)/a.keras")
            for name in ["a.weights.h5", "a.keras"] {
                let file = try KerasFile("\(folder)/\(name)")
                #expect(file.form == (name == "a.keras" ? .archive : .weights))
                #expect(file.configuration == (name == "a.keras" ? "{\"a\": 1}" : nil))
                #expect(file.metadata == (name == "a.keras" ? "{}" : nil))
                #expect(file.names == arrays.map(\.name))
                for (name, array) in arrays { #expect(try file.array(name) == array) }
                #expect(file.layer(of: "layers/dense/vars/1") == "output")
            }
            let file = try HDF5File("\(folder)/a.weights.h5")
            #expect(try file.group("vars").attribute("name") == .text("net"))
            #expect(try file.group("layers/flatten/vars").attribute("name") == .text("flatten"))
        }
    }

    /// Files of weights are told apart by what is in them.
    @Test func formsOfFiles() throws {
        let files: [(bytes: [UInt8], name: String, form: WeightsForm?)] = [
            (try WeightFixture.bytes("types-zip.pth"), "a.npz", .pyTorch),
            (try WeightFixture.bytes("types-legacy.pth"), "a.safetensors", .pyTorch),
            (try WeightFixture.bytes("plain.keras"), "a.zip", .keras),
            (try WeightFixture.bytes("keras.weights.h5"), "a.bin", .keras),
            (try Fixture.bytes("stored.npz"), "a.pth", .npz),
            (try Fixture.bytes("numpy.safetensors"), "b.h5", .safetensors),
            (try Fixture.bytes("numpy.safetensors"), "b", .safetensors),
            ([1, 2, 3], "a.NPZ", .npz), ([], "a.pt", .pyTorch), ([1], "a.hdf5", .keras), ([2], "a", .safetensors),
            (Array("PK".utf8), "a.npz", nil),
        ]
        try withTemporaryFolder { folder in
            for (bytes, name, form) in files {
                let path = try folder.file(name, bytes)
                let found = try? WeightsForm.of(path)
                #expect(found == form, "\(name)")
            }
        }
    }
}
