import Apus
import ApusBackend
import ApusFormats
import ApusInterchange
import ApusTestKit
import Foundation
import Testing

/// The files that graphs become.
@Suite struct ExportFileTests {
    private let model = Sequential {
        Dense(40); Dense(2)
    }

    private func variables() throws -> Variables { try model.initialized(input: [30], seed: 1) }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func bytes(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map(Array.init) ?? [] }

    /// A dense layer of one weight, byte by byte.
    @Test func bytesOfASmallModel() throws {
        try withTemporaryFolder { folder in
            let model = Sequential { Dense(1, useBias: false) }
            var variables = try model.initialized(input: [1], seed: 1)
            try variables.setValue("0.dense/kernel", Tensor([1.5], shape: [1, 1]))
            let graph = try model.exportedGraph(variables, Signature([1]))
            try graph.write(
                to: "\(folder)/a.onnx",
                ExportedGraph.Description(name: "a", version: "1", metadata: [(key: "k", value: "v")]))
            func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
                [number << 3 | 2, UInt8(content.count)] + content
            }
            func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
            let type = field(2, field(1, [8, 1] + field(2, field(1, text(2, "N")) + field(1, [8, 1]))))
            let node =
                text(1, "input") + text(1, "0.dense.kernel") + text(2, "output") + text(3, "0.dense.MatMul")
                + text(4, "MatMul")
            let weight = [8, 1, 8, 1, 16, 1] + text(8, "0.dense.kernel") + field(9, [0, 0, 0xc0, 0x3f])
            let graphField =
                field(1, node) + text(2, "a") + field(5, weight) + field(11, text(1, "input") + type)
                + field(12, text(1, "output") + type)
            let expected =
                [8, 8] + text(2, "Apus") + text(3, "1") + [7 << 3 | 2, UInt8(graphField.count & 0x7f | 0x80), 1]
                + graphField + field(8, [16, 17]) + field(14, text(1, "k") + text(2, "v"))
            #expect(graphField.count < 256)
            #expect(bytes("\(folder)/a.onnx") == expected)
        }
    }

    /// Numbers that are too many lie in a file of their own, at multiples of a page.
    @Test func largeModelsHaveTwoFiles() throws {
        try withTemporaryFolder { folder in
            let graph = try model.exportedGraph(variables(), Signature([30]))
            let description = ExportedGraph.Description(name: "a", version: "1", metadata: [])
            let path = "\(folder)/a.onnx"
            try graph.write(to: path, description, limit: 100)
            let data = try #require(names(folder).first { $0.hasSuffix(".data") })
            #expect(try names(folder) == ["a.onnx", data] && data.hasPrefix("a.onnx-"))
            let kernel = Array(graph.initializers[0].tensor.elements().bytes)
            #expect(kernel.count == 4800 && bytes("\(folder)/\(data)") == kernel)
            let text = String(decoding: bytes(path), as: UTF8.self)
            for part in ["location", data, "offset", "length", "4800"] { #expect(text.contains(part), "\(part)") }
            // Small ones stay.
            #expect(bytes(path).count < 1500)
            // What fits is one file.
            try graph.write(to: "\(folder)/b.onnx", description, limit: 10_000)
            #expect(try names(folder) == ["a.onnx", data, "b.onnx"] && bytes("\(folder)/b.onnx").count > 4800)
        }
    }

    /// The file of numbers is named after the file that it will belong to, and has each piece at a page of its own.
    @Test func piecesBeginAtPages() throws {
        try withTemporaryFolder { folder in
            let model = Sequential {
                Dense(40, useBias: false); Dense(40, useBias: false)
            }
            let graph = try model.exportedGraph(model.initialized(input: [30], seed: 1), Signature([30]))
            try graph.write(
                to: "\(folder)/draft", ExportedGraph.Description(name: "a", version: "1", metadata: []),
                standingFor: "\(folder)/b.onnx", limit: 0)
            let data = try #require(names(folder).first)
            #expect(try names(folder) == [data, "draft"] && data.hasPrefix("b.onnx-") && data.hasSuffix(".data"))
            let pieces = graph.initializers.map { Array($0.tensor.elements().bytes) }
            let zeros = Array(repeating: UInt8(0), count: 8192 - 4800)
            #expect(bytes("\(folder)/\(data)") == pieces[0] + zeros + pieces[1])
            #expect(String(decoding: bytes("\(folder)/draft"), as: UTF8.self).contains("8192"))
        }
    }

    /// A full disk leaves what was there, and nothing besides.
    @Test func failuresLeaveNothing() throws {
        try withTemporaryFolder { folder in
            let graph = try model.exportedGraph(variables(), Signature([30]))
            let description = ExportedGraph.Description(name: "a", version: "1", metadata: [])
            let path = "\(folder)/a.onnx"
            try graph.write(to: path, description)
            let before = bytes(path)
            // The file of numbers is written, the graph is not.
            var calls = FileCalls.system
            calls.rename = { from, to in to.hasSuffix(".onnx") ? -Int(ENOSPC) : FileCalls.system.rename(from, to) }
            let failing = calls
            let text = message { try graph.write(to: path, description, limit: 0, calls: failing) }
            #expect(text.contains("the file can't be written"), "\(text)")
            #expect(bytes(path) == before)
            #expect(try names(folder) == ["a.onnx"])
        }
    }

    // MARK: Trained models

    @Test func trainedModelsSayWhatTheyAre() throws {
        let model = Sequential {
            Flatten(); Dense(2)
        }
        let trained = TrainedModel(
            model, variables: try model.initialized(input: [4, 4, 3], seed: 1),
            inputs: Signature([4, 4, 3], .uint8), preprocessing: .unitRange, classNames: ["cat", "dog"],
            meaning: .classes(areProbabilities: false))
        let metadata = try trained.details.exportedMetadata(path: "", images: .channelsFirst)
        #expect(metadata["classes"] == #"["cat","dog"]"#)
        #expect(metadata["preprocessing"] == #"{"offset":0,"scale":0.00392156862745098}"#)
        #expect(metadata["channels"] == "RGB" && metadata["images"] == "channelsFirst")
        #expect(try #require(metadata["apus-model"]).contains(#""classNames":["cat","dog"]"#))
        #expect(try #require(metadata["apus-model"]).contains(#""model""#) == false)
        try withTemporaryFolder { folder in
            try trained.write(onnx: "\(folder)/pets.onnx")
            let text = String(decoding: bytes("\(folder)/pets.onnx"), as: UTF8.self)
            for part in ["pets", "Apus", "channelsFirst", "RGB", #"["cat","dog"]"#] { #expect(text.contains(part)) }
        }
    }

    /// A format whose files compute something else than the model.
    private struct Wrong: ModelExporter {
        let error: Double

        func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
            try AtomicFile.write("new", to: path)
        }

        func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) -> Values {
            Values(inputs.only * 2 + error)
        }
    }

    @Test func filesAreCompared() throws {
        try withTemporaryFolder { folder in
            let model = Lambda("double") { $0 * 2 }
            let trained = TrainedModel(model, variables: Variables(), input: [3], meaning: .numbers)
            let path = "\(folder)/a.onnx"
            try AtomicFile.write("old", to: path)
            for error in [1, 1e-2, .nan] {
                let text = message { try trained.export(to: path, with: Wrong(error: error)) }
                #expect(text.contains("the file computes other numbers than the model"), "\(text)")
                #expect(bytes(path) == Array("old".utf8))
            }
            let distance = try trained.export(to: path, with: Wrong(error: 1e-5))
            #expect(distance > 0 && distance < 1e-4)
            #expect(bytes(path) == Array("new".utf8))
            #expect(try names(folder) == ["a.onnx"])
        }
    }

    /// What is compared is what the network receives: scaled, and words that every vocabulary has.
    @Test func comparedSamples() throws {
        struct Seen: ModelExporter {
            let inputs: Collector<Values>
            func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
                try AtomicFile.write("", to: path)
            }
            func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) -> Values {
                self.inputs.add(inputs)
                return inputs
            }
        }
        func samples(_ type: ElementType, _ preprocessing: Preprocessing) throws -> [Float] {
            let seen = Collector<Values>()
            let trained = TrainedModel(
                Lambda("same") { $0 }, variables: Variables(), inputs: Signature([50], type),
                preprocessing: preprocessing, meaning: .numbers)
            try withTemporaryFolder { folder in
                _ = try trained.export(to: "\(folder)/a", with: Seen(inputs: seen))
            }
            let inputs = seen.elements[0].only
            #expect(inputs.shape == [2, 50] && inputs.elementType == .float32)
            return inputs.scalars
        }
        let bytes = try samples(.uint8, .unitRange)
        #expect(bytes.allSatisfy { (0...1).contains($0) } && Set(bytes).count > 50)
        #expect(Set(try samples(.int32, .identity)) == [0, 1])
        let numbers = try samples(.float32, Preprocessing(scale: 100, offset: 1000))
        #expect(numbers.allSatisfy { abs($0) < 10 } && numbers.contains { $0 < 0 })
    }

    /// Every format is read again and computes the same, in both orders of axes; PyTorch's and Keras's names are theirs.
    @Test(arguments: ExportFormat.allCases) func formats(_ format: ExportFormat) throws {
        let net = Sequential {
            Conv2D(filters: 4, kernelSize: 3, padding: .same, useBias: false)
            BatchNorm()
            ActivationLayer(.relu)
            DepthwiseConv2D(kernelSize: 2, depthMultiplier: 2)
            SeparableConv2D(filters: 3, kernelSize: 2)
            Flatten()
            Dense(5, activation: .tanh)
            Dense(2)
        }
        let variables = try net.initialized(input: [6, 5, 2], seed: 5)
        let trained = TrainedModel(net, variables: variables, input: [6, 5, 2], meaning: .numbers)
        try withTemporaryFolder { folder in
            let path = "\(folder)/model"
            for images in [ImageLayout.channelsFirst, .channelsLast] {
                let distance = try trained.export(to: path, with: format.exporter(images: images))
                #expect(distance < (format == .onnx ? 1e-5 : .leastNormalMagnitude))
            }
            #expect(try names(folder) == ["model"])
            let expected: [String]
            switch format {
            case .pyTorch:
                expected = [
                    "0.conv2D.weight", "1.batchNorm.weight", "1.batchNorm.bias", "1.batchNorm.running_mean",
                    "1.batchNorm.num_batches_tracked", "1.batchNorm.running_var", "3.depthwiseConv2D.weight",
                ]
                #expect(try PyTorchFile(path).type(of: "3.depthwiseConv2D.weight").shape == [8, 1, 2, 2])
            case .keras:
                expected = [
                    "layers/batch_normalization/vars/0", "layers/batch_normalization/vars/1",
                    "layers/batch_normalization/vars/2", "layers/batch_normalization/vars/3", "layers/conv2d/vars/0",
                    "layers/dense/vars/0", "layers/dense/vars/1", "layers/dense_1/vars/0",
                ]
            case .safetensors, .npz: expected = Array(variables.paths.prefix(3))
            case .onnx: return
            }
            #expect(try Array(WeightsFile(path).names.prefix(expected.count)) == expected)
        }
    }

    /// A file that Apus wrote knows how samples are scaled and what classes are called.
    @Test func writtenFilesAreDescribed() throws {
        let net = Sequential {
            Flatten(); Dense(2)
        }
        let variables = try net.initialized(input: [4, 4, 3], seed: 5)
        let trained = TrainedModel(
            net, variables: variables, inputs: Signature([4, 4, 3], .uint8),
            preprocessing: Preprocessing(scale: 0.01, offset: 1), classNames: ["cat", "dog"],
            meaning: .classes(areProbabilities: false))
        try withTemporaryFolder { folder in
            let path = "\(folder)/pets.onnx"
            try trained.write(onnx: path)
            let image = try Image(height: 4, width: 4, channels: 3, pixels: (0..<48).map { UInt8($0 * 5) })
            let (expected, received) = (
                try trained.predict(image).top(2), try TrainedModel(onnx: path).predict(image).top(2)
            )
            #expect(received.map(\.label) == expected.map(\.label))
            for (a, b) in zip(received, expected) { #expect(abs(a.probability - b.probability) < 1e-6) }
            let other = try TrainedModel(onnx: path, preprocessing: .identity, classNames: ["a", "b"])
            #expect(other.preprocessing == .identity && other.classNames == ["a", "b"])
        }
    }

    /// A file that lost a weight is not kept.
    @Test func weightsAreAllThere() throws {
        struct Short: ModelExporter {
            func write(_ model: TrainedModel, to path: String, standingFor final: String) throws {
                let array = try NumericArray(shape: [3, 2], elements: [1, 2, 3, 4, 5, 6] as [Float])
                try SafetensorsFile.write([("kernel", array)], to: path)
            }
            func outputs(of path: String, _ model: TrainedModel, _ inputs: Values) throws -> Values {
                try ExportFormat.safetensors.exporter(images: .channelsLast).outputs(of: path, model, inputs)
            }
        }
        let net = Dense(2)
        let trained = TrainedModel(
            net, variables: try net.initialized(input: [3], seed: 1), input: [3], meaning: .numbers)
        try withTemporaryFolder { folder in
            let text = message { try trained.export(to: "\(folder)/a", with: Short()) }
            #expect(text.contains("the file has not all weights of the model"), "\(text)")
            let files = try names(folder)
            #expect(files.isEmpty)
        }
    }
}
