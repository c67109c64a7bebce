import ApusFormats
import ApusInference
import ApusTestKit
import Foundation
import Testing

/// Models of several inputs and outputs: predictions by name, and files.
@Suite struct SeveralInputsTests {
    @Test func predictionsAreByName() throws {
        let predictions = try TwoWays.trained().predict(TwoWays.samples, names: ["x", "y"], top: 2)
        #expect(predictions.map(\.input) == ["x", "y"])
        #expect(predictions[0].outputs.map(\.name) == ["sum", "class"])
        #expect(predictions.map { $0["sum"]?.numbers } == [[3], [7]])
        #expect(predictions.map { $0["class"]?.classes.map(\.name) } == [["b", "a"], ["c", "a"]])
        #expect(predictions[0]["class"]?.classes.map(\.probability) == [0.5, 0.25])
        #expect(predictions[0]["class"]?.numbers == [] && predictions[0]["other"] == nil)
        // Those of the first output.
        #expect(predictions[0].numbers == [3] && predictions[0].classes.isEmpty && predictions[0].top(3).isEmpty)
        // Whatever the order in which inputs are given.
        let turned: Values = ["right": TwoWays.samples["right"], "left": TwoWays.samples["left"]]
        #expect(try TwoWays.trained().predict(turned, names: ["x", "y"], top: 2) == predictions)
    }

    /// Each piece of a batch has its part of all inputs.
    @Test func manySamples() throws {
        let count = 300
        let samples: Values = [
            "left": Tensor((0..<2 * count).map { Float($0) }, shape: [count, 2]),
            "right": Tensor((0..<3 * count).map { Float($0) }, shape: [count, 3]),
        ]
        let predictions = try TwoWays.trained().predict(samples)
        #expect(predictions.map { $0.numbers[0] } == (0..<count).map { Double(4 * $0 + 1) })
        #expect(predictions.map { $0["class"]!.classes[0].probability } == (0..<count).map { Double(3 * $0 + 2) })
    }

    @Test func predictionsAsJSON() throws {
        let predictions = try TwoWays.trained().predict(TwoWays.samples, top: 1)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(predictions[0]), as: UTF8.self)
        #expect(
            text
                == ##"{"input":"#0","outputs":{"class":{"classes":[{"label":1,"name":"b","probability":0.5}],"numbers":[]},"##
                + #""sum":{"classes":[],"numbers":[3]}}}"#)
        let read = try JSONDecoder().decode(Prediction.self, from: Data(text.utf8))
        #expect(read["sum"] == predictions[0]["sum"] && read["class"] == predictions[0]["class"])
        // One output is written as ever.
        let one = try doubling().predict(Tensor([0, 3, 1] as [Float], shape: [1, 3]), top: 1)[0]
        let plain = String(decoding: try encoder.encode(one), as: UTF8.self)
        #expect(plain.hasPrefix(##"{"classes":[{"label":1,"name":"b","probability":0.8"##))
        #expect(plain.hasSuffix(##"}],"input":"#0","numbers":[]}"##))
        #expect(try JSONDecoder().decode(Prediction.self, from: Data(plain.utf8)) == one)
    }

    // MARK: Files

    @Test func filesHoldModelsOfGivenKinds() throws {
        try withTemporaryFolder { folder in
            let (path, model) = ("\(folder)/two.apus", try TwoWays.trained(factor: 3))
            #expect(
                message { try model.write(to: path) }
                    == "\(path): the model can't be written. Received model: the model TwoWays(factor: 3.0) can't be written: files know "
                    + "models that are Codable and registered, try ModelKinds.register(TwoWays.self). Make custom layers and models "
                    + "Codable, and register them or give their kinds.")
            try model.write(to: path, kinds: [TwoWays.self])
            let read = try TrainedModel(path, kinds: [TwoWays.self])
            #expect(read.model as? TwoWays == TwoWays(factor: 3))
            #expect(read.details.inputs == model.details.inputs && read.details.outputs == model.details.outputs)
            #expect(read.preprocessing == model.preprocessing && read.inputs.names == ["left", "right"])
            #expect(try read.predict(TwoWays.samples) == model.predict(TwoWays.samples))
            // What was read with a kind is written with it.
            try read.write(to: "\(folder)/again.apus")
            #expect(
                try Data(contentsOf: URL(filePath: "\(folder)/again.apus")) == Data(contentsOf: URL(filePath: path)))
            let unknown = message { try TrainedModel(path) }
            #expect(
                unknown.hasPrefix(
                    "\(path): the description of the model can't be read. Expected a model and its inputs; received model: there is no "
                        + "layer twoWays (known are activation, "))
            #expect(
                unknown.hasSuffix(
                    "). Give the kinds of custom layers and models, kinds: […], or register them before; if there are none, write the "
                        + "file again."))
        }
    }

    @Test func filesHoldLayersOfGivenKinds() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/own.apus"
            let network = Sequential {
                Shifted(by: 2)
                Residual { Shifted() }
            }
            let model = TrainedModel(
                network, variables: try network.initialized(input: [3], seed: 1), input: [3], meaning: .numbers)
            #expect(throws: FormatError.self) { try model.write(to: path) }
            try model.write(to: path, kinds: [Shifted.self])
            #expect(throws: FormatError.self) { try TrainedModel(path) }
            let read = try TrainedModel(path, kinds: [TwoWays.self, Shifted.self])
            #expect(AnyHashable(read.model) == AnyHashable(network))
            #expect(try read.predict(Tensor([1, 2, 3] as [Float], shape: [1, 3]))[0].numbers == [7, 9, 11])
        }
    }

    /// A type of the name of another kind.
    private struct Impostor: Model, Codable {
        static let kind = "dense"
        func outputs(for inputs: Values, in context: Context) -> Values { inputs }
    }

    private struct Registered: Model, Codable {
        func outputs(for inputs: Values, in context: Context) -> Values { inputs }
    }

    @Test func kindsHaveNamesOfTheirOwn() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/m.apus"
            try doubling().write(to: path)
            #expect(
                message { try TrainedModel(path, kinds: [Impostor.self]) }
                    == "\(path): the kinds that are given can't be told from others. Received there is a model dense already; rename the "
                    + "type, or give it another name in files: static var kind. Give each kind a name of its own.")
            #expect(message { try ModelKinds.register(Impostor.self) }.hasPrefix("there is a layer dense already"))
            try ModelKinds.register(Registered.self)
            try ModelKinds.register(Registered.self)
            let inputs: Signature = ["a": [1], "b": [2]]
            let model = TrainedModel(Registered(), variables: Variables(), inputs: inputs, meaning: .numbers)
            try model.write(to: path)
            #expect(try TrainedModel(path).model as? Registered == Registered())
            // Whoever is registered may be given as well.
            #expect(try TrainedModel(path, kinds: [Registered.self, Dense.self]).inputs == inputs)
        }
    }

    /// The metadata of a file whose description has another text in place of one, and what reading it says.
    private func problem(replacing text: String, _ other: String) throws -> FormatError {
        try withTemporaryFolder { folder in
            let (whole, changed) = ("\(folder)/whole.apus", "\(folder)/changed.apus")
            try TwoWays.trained().write(to: whole, kinds: [TwoWays.self])
            let file = try SafetensorsFile(whole)
            var metadata = file.metadata
            let json = try #require(metadata["apus-model"])
            try #require(json.contains(text), "\(json)")
            metadata["apus-model"] = json.replacing(text, with: other)
            try SafetensorsFile.write(
                try file.names.map { (name: $0, array: try file.array($0)) }, metadata: metadata, to: changed)
            return try #require(throws: FormatError.self) { try TrainedModel(changed, kinds: [TwoWays.self]) }
        }
    }

    @Test(
        arguments: [
            (#""name":"right""#, #""name":"left""#, "the inputs can't be told apart", #""left", "left""#),
            (#""inputs":[{"#, #""inputs":[],"others":[{"#, "the model has no inputs", nil),
            (#""name":"class""#, #""name":"clas""#, "the model has no output \"clas\"", nil),
            (#""shape":[2]"#, #""shape":[-2]"#, "the shape of a sample is none", "[-2]"),
            (
                #""shape":[3]"#, #""shape":[4]"#, "tensor \"head/kernel\" does not belong to the model of the file",
                "float32[3, 3]"
            ),
            (
                #"{"inputs":{"left""#, #"{"inputs":{"lft""#,
                #"the normalization has a part for the input "lft", but there are "left", "right""#, nil
            ),
            (
                #""scale":0.5"#, #""scale":[1,2,3]"#, "the description of the model can't be read",
                "preprocessing.inputs.left: expected as many offsets as factors, received 1 and 3"
            ),
            (
                #""elementType":"float32""#, #""elementType":"float33""#, "the description of the model can't be read",
                "inputs.0.elementType: there is no element type float33 (did you mean float32?)"
            ),
            (#""model":{"twoWays":{"factor":2}},"#, "", "the description of the model can't be read", "no model"),
        ] as [(String, String, String, String?)])
    func damagedFilesSayWhere(_ text: String, _ other: String, _ expected: String, _ received: String?) throws {
        let error = try problem(replacing: text, other)
        #expect(error.problem == expected, "\(error)")
        #expect(received == nil || error.received == received, "\(error)")
    }
}
