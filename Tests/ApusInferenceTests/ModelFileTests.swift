import ApusFormats
import ApusGraph
import ApusInference
import ApusTestKit
import Foundation
import Testing

@Suite struct ModelFileTests {
    @Test func comesBack() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/model.safetensors"
            let network = Sequential {
                Conv2D(filters: 2, kernelSize: 3, padding: .same, activation: .relu)
                BatchNorm()
                Flatten()
                Dropout(0.5)
                Dense(1).named("answer")
            }
            let model = TrainedModel(
                network, variables: try network.initialized(input: [4, 4, 3], seed: 3), input: [4, 4, 3],
                preprocessing: Preprocessing(scales: [0.1, 0.2, 1.0 / 3], offsets: [0, 1e-7, -1]),
                classNames: ["no \"never\"", "yes"], meaning: .yesOrNo(isProbability: false),
                precision: .mixedBFloat16)
            try model.write(to: path)
            let read = try TrainedModel(contentsOf: path)
            #expect(AnyHashable(read.model) == AnyHashable(model.model))
            #expect(read.variables.paths == model.variables.paths)
            for name in model.variables.paths {
                #expect(read.variables[name]!.scalars == model.variables[name]!.scalars)
                #expect(
                    read.variables.variable(name)!.description.isTrainable
                        == model.variables.variable(name)!.description.isTrainable)
            }
            #expect(read.inputShape == [4, 4, 3])
            #expect(read.preprocessing == model.preprocessing)
            #expect(read.classNames == model.classNames)
            #expect(read.meaning == model.meaning)
            #expect(read.precision == model.precision)
            let samples = Tensor((0..<96).map { Float($0) }, shape: [2, 4, 4, 3])
            #expect(try read(samples).scalars == model(samples).scalars)
            #expect(try read.predict(samples) == model.predict(samples))
        }
    }

    /// What is wrong with a file, by the metadata and the arrays that it is made of.
    private func problem(
        _ change: (inout [String: String], inout [(name: String, array: NumericArray)]) throws -> Void
    ) throws -> FormatError {
        var found: FormatError?
        try withTemporaryFolder { folder in
            let (whole, changed) = ("\(folder)/whole.safetensors", "\(folder)/changed.safetensors")
            try doubling().write(to: whole)
            let file = try SafetensorsFile(whole)
            var metadata = file.metadata
            var arrays = try file.names.map { (name: $0, array: try file.array($0)) }
            try change(&metadata, &arrays)
            try SafetensorsFile.write(arrays, metadata: metadata, to: changed)
            found = try #require(throws: FormatError.self) { try TrainedModel(contentsOf: changed) }
            #expect(found?.path == changed)
        }
        return try #require(found)
    }

    /// What is wrong with a file whose description has another text in place of one.
    private func problem(replacing text: String, _ other: String) throws -> FormatError {
        try problem { metadata, _ in
            #expect(metadata["apus-model"]!.contains(text))
            metadata["apus-model"] = metadata["apus-model"]!.replacing(text, with: other)
        }
    }

    @Test func weightsAloneAreNoModel() throws {
        let error = try problem { metadata, _ in metadata = ["format": "pt"] }
        #expect(error.kind == .mismatch)
        #expect(error.problem == "the file holds no trained model")
        #expect(error.received == "format")
    }

    @Test func newerVersionsAreNamed() throws {
        let error = try problem(replacing: "\"version\":2", "\"version\":3")
        #expect(error.kind == .unsupported)
        #expect(error.expected == "version 1 or 2" && error.received == "version 3")
    }

    @Test(arguments: [
        ("\"dense\"", "\"dens\"", "model.sequential.0"),
        ("\"useBias\":false", "\"useBias\":7", "model.sequential.0.dense"),
        ("\"input\":[3]", "\"input\":3", "input"), ("\"classNames\"", "\"names\"", "no classNames"),
        ("{\"classNames\"", "{{", ""), ("\"scale\":0.5", "\"scale\":[1,2]", "preprocessing"),
        ("\"meaning\":{\"classes\"", "\"meaning\":{\"kinds\"", "meaning"),
    ])
    func damagedDescriptionsSayWhere(_ text: String, _ other: String, _ place: String) throws {
        let error = try problem(replacing: text, other)
        #expect(error.kind == .malformed)
        #expect(error.problem == "the description of the model can't be read")
        #expect(error.received?.hasPrefix(place) == true, "\(error)")
    }

    @Test(arguments: ["[]", "[0]", "[-3]"]) func shapesThatAreNone(_ shape: String) throws {
        let error = try problem(replacing: "\"input\":[3]", "\"input\":\(shape)")
        #expect(error.problem == "the shape of a sample is none")
    }

    @Test func networksThatDoNotFitTheirSamples() throws {
        let error = try problem(
            replacing: "\"dense\":", "\"conv2D\":{\"filters\":3,\"kernelSize\":3},\"name\":\"x\",\"dense\":")
        #expect(error.kind == .malformed)
        let other = try problem(
            replacing: "\"sequential\":[", "\"sequential\":[{\"conv2D\":{\"filters\":3,\"kernelSize\":3}},")
        #expect(other.problem == "the network does not fit its samples [3]")
    }

    @Test func outputsThatCannotMeanThat() throws {
        let error = try problem(replacing: "{\"classes\":{\"areProbabilities\"", "{\"yesOrNo\":{\"isProbability\"")
        #expect(error.problem == "the outputs can't mean what the file says")
        #expect(error.received == "[1, 3]")
    }

    @Test func tensorsThatDoNotBelong() throws {
        let missing = try problem { _, arrays in arrays = [] }
        #expect(missing.problem == "there is no tensor \"0.dense/kernel\"")
        let more = try problem { _, arrays in
            arrays.append(("bias", try NumericArray(shape: [1], elements: [1] as [Float])))
        }
        #expect(more.problem == "tensor \"bias\" does not belong to the model of the file")
        let other = try problem { _, arrays in
            arrays[0].array = try NumericArray(shape: [9], elements: [Float](repeating: 0, count: 9))
        }
        #expect(other.expected == "float32[3, 3]" && other.received == "float32[9]")
    }

    /// A layer that no file knows.
    private struct Own: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor { x }
    }

    @Test func layersThatWouldNotComeBack() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/own.safetensors"
            let error = try #require(throws: FormatError.self) {
                try TrainedModel(Own(), variables: Variables(), input: [3], meaning: .numbers).write(to: path)
            }
            #expect(error.kind == .unsupported)
            #expect(error.received?.contains("LayerKinds.register(Own.self)") == true, "\(error)")
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
