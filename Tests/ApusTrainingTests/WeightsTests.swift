import ApusData
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import Testing

/// Weights from files, whole and in part.
@Suite struct WeightsTests {
    private let source = Sequential {
        Dense(3).named("encoder")
        Dense(2).named("head")
    }

    private func variables(_ model: Sequential, seed: UInt64 = 1) throws -> Variables {
        try model.initialized(input: [4], seed: seed)
    }

    private func withSaved<Result>(_ body: (String, Variables) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            let saved = try variables(source)
            try saved.write(to: "\(folder)/a.safetensors")
            return try body("\(folder)/a.safetensors", saved)
        }
    }

    @Test func whole() throws {
        try withSaved { path, saved in
            var target = try variables(source, seed: 2)
            let report = try target.load(path)
            #expect(report.isComplete && report.loaded == target.paths)
            #expect(target.paths.allSatisfy { target[$0]?.scalars == saved[$0]?.scalars })
            #expect("\(report)" == "4 of 4 variables loaded from \(path)")
        }
    }

    @Test func archives() throws {
        try withSaved { path, saved in
            let archive = path.replacing(".safetensors", with: ".npz")
            try saved.write(to: archive)
            var target = try variables(source, seed: 2)
            #expect(try target.load(archive).isComplete)
            #expect(target.paths.allSatisfy { target[$0]?.scalars == saved[$0]?.scalars })
        }
    }

    @Test func part() throws {
        try withSaved { path, saved in
            let model = Sequential {
                Dense(3).named("encoder")
                Dense(5).named("head")
                Dense(2).named("last")
            }
            var target = try variables(model, seed: 2)
            let before = target
            #expect(
                message { try target.load(path) } == """
                    the weights in \(path) do not belong to this model: missing in the file: last/kernel, last/bias; \
                    other shapes: head/kernel has shape [3, 2], the model expects [3, 5]; \
                    head/bias has shape [2], the model expects [5]
                    """)
            #expect(target.paths.allSatisfy { target[$0]?.scalars == before[$0]?.scalars })
            let report = try target.load(path, mode: .partial)
            #expect(report.loaded == ["encoder/kernel", "encoder/bias"])
            #expect(report.missing == ["last/kernel", "last/bias"] && report.unexpected.isEmpty)
            #expect(report.mismatched.map(\.name) == ["head/kernel", "head/bias"])
            #expect(
                "\(report)" == """
                    2 of 6 variables loaded from \(path)
                    missing in the file: last/kernel, last/bias
                    other shapes: head/kernel has shape [3, 2], the model expects [3, 5]; \
                    head/bias has shape [2], the model expects [5]
                    """)
            #expect(target["encoder/kernel"]?.scalars == saved["encoder/kernel"]?.scalars)
            #expect(target["head/kernel"]?.scalars == before["head/kernel"]?.scalars)
        }
    }

    @Test func mapping() throws {
        try withSaved { path, saved in
            let model = Sequential {
                Dense(3).named("backbone")
                Dense(2).named("encoders")
            }
            var target = try variables(model, seed: 2)
            #expect(
                message { try target.load(path, mode: .partial) } == """
                    the weights in \(path) do not belong to this model: missing in the file: backbone/kernel, backbone/bias, \
                    encoders/kernel, encoders/bias; not variables of the model: encoder/kernel, encoder/bias, head/kernel, head/bias
                    """)
            let report = try target.load(path, mode: .partial, mapping: ["encoder": "backbone"])
            #expect(report.loaded == ["backbone/kernel", "backbone/bias"])
            #expect(report.unexpected == ["head/kernel", "head/bias"])
            #expect(target["backbone/kernel"]?.scalars == saved["encoder/kernel"]?.scalars)
            #expect(try target.load(path, mapping: ["encoder": "backbone", "head": "encoders"]).isComplete)
            #expect(
                message { try target.load(path, mapping: ["encoder": "x", "head": "x"]) }
                    == "the mapping gives encoder/kernel and head/kernel of \(path) the same name x/kernel")
        }
    }

    /// What is mapped takes the place of what has the name already.
    @Test func mappingsGoFirst() throws {
        try withSaved { path, saved in
            let model = Sequential { Dense(2, useBias: false).named("encoder") }
            var target = try model.initialized(input: [3], seed: 2)
            let report = try target.load(path, mode: .partial, mapping: ["head": "encoder"])
            #expect(report.loaded == ["encoder/kernel"])
            #expect(report.unexpected == ["encoder/kernel", "encoder/bias", "head/bias"])
            #expect(target["encoder/kernel"]?.scalars == saved["head/kernel"]?.scalars)
        }
    }

    @Test func aMappingOfNothingIsAnError() throws {
        try withSaved { path, _ in
            var target = try variables(source)
            #expect(
                message { try target.load(path, mode: .partial, mapping: ["encode": "x"]) }
                    == "no name in \(path) begins with encode (did you mean encoder?)")
            #expect(
                message { try target.load(path, mode: .partial, mapping: ["convolution": "x"]) }
                    == "no name in \(path) begins with convolution (known are encoder, head)")
        }
    }

    /// Checkpoints hold slots, of which reports do not speak; the folder of a training stands for the weights that it keeps.
    @Test func checkpointsAndRuns() throws {
        try withTemporaryFolder { folder in
            let data = try Dataset(inputs: .ones([8, 4]), labels: (0..<8).map { $0 % 2 })
            var trainer = Trainer(source, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.1), seed: 1)
            try trainer.fit(data, epochs: 1, batchSize: 4, callbacks: [.checkpoint()], folder: folder)
            var target = try variables(source, seed: 2)
            #expect(try target.load(folder).isComplete)
            #expect(target["head/bias"]?.scalars == trainer.state?.variables["head/bias"]?.scalars)
            var other = try variables(Sequential { Dense(3).named("encoder") })
            let report = try other.load("\(folder)/checkpoints/last/state.safetensors", mode: .partial)
            #expect(report.unexpected == ["head/kernel", "head/bias"])
        }
    }

    /// What is excepted keeps its value, by its name in the model, or in the file where the model has none.
    @Test func exceptions() throws {
        try withSaved { path, saved in
            let model = Sequential {
                Dense(3).named("encoder")
                Dense(5).named("last")
            }
            var target = try variables(model, seed: 2)
            let before = target
            let report = try target.load(path, except: ["last", "head"])
            #expect(report.isComplete && report.loaded == ["encoder/kernel", "encoder/bias"])
            #expect(report.excepted == ["last/kernel", "last/bias"])
            #expect(target["last/kernel"]?.scalars == before["last/kernel"]?.scalars)
            #expect(target["encoder/kernel"]?.scalars == saved["encoder/kernel"]?.scalars)
            // Whole names count.
            #expect(
                message { try target.load(path, except: ["las", "head"]) }.contains("begins with las, which is to be"))
            // Names of PyTorch have dots.
            let arrays = try saved.paths.map { path in
                let value = saved[path]!.shape.rank == 2 ? saved[path]!.transposed() : saved[path]!
                let bytes = value.scalars.withUnsafeBytes { Array($0) }
                return (
                    path.replacing("/kernel", with: ".weight").replacing("/bias", with: ".bias"),
                    try NumericArray(shape: value.shape, elementType: .float32, bytes: bytes)
                )
            }
            let other = path.replacing(".safetensors", with: ".npz")
            try NPZFile.write(arrays, to: other)
            var dotted = before
            #expect(try dotted.load(other, except: ["last", "head"]).loaded == ["encoder/kernel", "encoder/bias"])
            #expect(dotted["encoder/kernel"]?.scalars == saved["encoder/kernel"]?.scalars)
            var same = try variables(source, seed: 2)
            #expect(
                try same.load(path, except: ["encoder/bias"]).loaded == ["encoder/kernel", "head/kernel", "head/bias"])
        }
    }

    /// A beginning may be added, and taken away.
    @Test func emptyPrefixes() throws {
        try withTemporaryFolder { folder in
            let inner = Sequential { Dense(3).named("a") }
            let outer = Sequential {
                inner.layers[0] is Named ? Sequential(inner.layers).named("body") : Dense(3).named("a")
            }
            let (small, large) = (try variables(inner), try variables(outer))
            try small.write(to: "\(folder)/small.safetensors")
            try large.write(to: "\(folder)/large.safetensors")
            #expect(large.paths == ["body/a/kernel", "body/a/bias"])
            var copy = large
            #expect(try copy.load("\(folder)/small.safetensors", mapping: ["": "body"]).isComplete)
            #expect(copy["body/a/kernel"]?.scalars == small["a/kernel"]?.scalars)
            var other = small
            #expect(try other.load("\(folder)/large.safetensors", mapping: ["body": ""]).isComplete)
        }
    }

    @Test func npz() throws {
        // np.savez of kernel float64 and bias int32, under the names of the model.
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/weights.npz").path
        var target = try variables(Sequential { Dense(2).named("head") })
        #expect(try target.load(path).loaded == ["head/kernel", "head/bias"])
        #expect(target["head/kernel"]?.scalars == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5] as [Float])
        #expect(target["head/bias"]?.scalars == [7, -8] as [Float])
    }

    /// The content says what a file is, whatever it is called; of a checkpoint of PyTorch the model counts.
    @Test func filesOfPyTorchAndKeras() throws {
        try withSaved { path, saved in
            let file = try SafetensorsFile(path)
            let arrays = try file.names.map { (name: $0, array: try file.array($0)) }
            let folder = path.replacing("/a.safetensors", with: "")
            try PyTorchFile.write(arrays, to: "\(folder)/torch.bin")
            try KerasFile.writeWeights(arrays, to: "\(folder)/keras.npz")
            try KerasFile.write(arrays, configuration: "{}", metadata: "{}", to: "\(folder)/keras.pth")
            for name in ["torch.bin", "keras.npz", "keras.pth"] {
                var target = try variables(source, seed: 2)
                #expect(try target.load("\(folder)/\(name)").loaded == target.paths, "\(name)")
                #expect(target.paths.allSatisfy { target[$0]?.scalars == saved[$0]?.scalars }, "\(name)")
                let wide = Sequential {
                    Dense(3).named("encoder"); Dense(5).named("head")
                }
                var other = try variables(wide)
                let report = try other.load("\(folder)/\(name)", mode: .partial)
                #expect(report.mismatched.map(\.shape) == [[3, 2], [2]], "\(name)")
            }
        }
        // The names and numbers of a file of torch.save, whose optimizer is left out.
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/weights/nested-zip.pth").path
        var target = try variables(source)
        let text = message { try target.load(path, mode: .partial) }
        #expect(text.contains("0.weight, 0.bias, 1.weight") && !text.contains("module") && !text.contains("exp_avg"))
    }

    @Test func aMissingFile() throws {
        var target = try variables(source)
        #expect(throws: FormatError.self) { try target.load("/nowhere/a.npz") }
        #expect(throws: FormatError.self) { try target.load("/nowhere/a.safetensors") }
    }
}
