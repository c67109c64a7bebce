import ApusBackend
import ApusGraph
import ApusInference
import Foundation
import Testing

/// y = 2 x of samples that are halved before: the outputs are the samples.
func doubling(
    classNames: [String] = ["a", "b", "c"], meaning: OutputMeaning = .classes(areProbabilities: false)
) throws -> TrainedModel {
    let model = Sequential { Dense(3, useBias: false) }
    var variables = try model.initialized(input: [3], seed: 1)
    try variables.setValue("0.dense/kernel", Tensor([2, 0, 0, 0, 2, 0, 0, 0, 2] as [Float], shape: [3, 3]))
    return TrainedModel(
        model, variables: variables, input: [3], preprocessing: Preprocessing(scale: 0.5, offset: 0),
        classNames: classNames, meaning: meaning)
}

@Suite struct TrainedModelTests {
    private let samples = Tensor([0, 3, 1, 5, 5, -2] as [Float], shape: [2, 3])

    @Test func outputsArePreprocessedAndRaw() throws {
        #expect(try doubling()(samples).scalars == [0, 3, 1, 5, 5, -2])
    }

    @Test func classesAreRanked() throws {
        let predictions = try doubling(classNames: ["a", "b"]).predict(samples, names: ["x.png", "y.png"])
        #expect(predictions.map(\.input) == ["x.png", "y.png"])
        #expect(predictions[0].classes.map(\.name) == ["b", "2", "a"])
        #expect(predictions[0].classes.map(\.label) == [1, 2, 0])
        let total = exp(0.0) + exp(3) + exp(1)
        #expect(abs(predictions[0].classes[0].probability - exp(3) / total) < 1e-6)
        #expect(predictions[1].top(2).map(\.label) == [0, 1])
        #expect(predictions[0].numbers.isEmpty)
        #expect(try doubling().predict(samples, top: 1).map { $0.classes.count } == [1, 1])
    }

    @Test func numbersStayNumbers() throws {
        let predictions = try doubling(classNames: [], meaning: .numbers).predict(samples)
        #expect(predictions.map(\.input) == ["#0", "#1"])
        #expect(predictions.map(\.numbers) == [[0, 3, 1], [5, 5, -2]])
        #expect(predictions.allSatisfy { $0.classes.isEmpty && $0.top(3).isEmpty })
    }

    /// Among equals the earlier class comes first; a limit leaves the best.
    @Test func equalsKeepTheirOrder() throws {
        let equal = Tensor([1, 1, 1, -1, 2, 2] as [Float], shape: [2, 3])
        let predictions = try doubling().predict(equal)
        #expect(predictions.map { $0.classes.map(\.label) } == [[0, 1, 2], [1, 2, 0]])
        #expect(try doubling().predict(equal, top: 2).map { $0.classes.map(\.name) } == [["a", "b"], ["b", "c"]])
    }

    /// One output is the probability of the second class.
    @Test(arguments: [false, true]) func yesIsTheSecondClass(isProbability: Bool) throws {
        let network = Sequential { Dense(1, useBias: false) }
        var variables = try network.initialized(input: [1], seed: 1)
        try variables.setValue("0.dense/kernel", Tensor([1] as [Float], shape: [1, 1]))
        let model = TrainedModel(
            network, variables: variables, input: [1], classNames: ["no", "yes"],
            meaning: .yesOrNo(isProbability: isProbability))
        let samples: [Float] = isProbability ? [0.25, 0.75] : [-log(3), log(3)]
        let predictions = try model.predict(Tensor(samples, shape: [2, 1]))
        #expect(predictions.map { $0.classes.map(\.name) } == [["no", "yes"], ["yes", "no"]])
        #expect(predictions.map { $0.classes.map(\.label) } == [[0, 1], [1, 0]])
        for prediction in predictions {
            #expect(abs(prediction.classes[0].probability - 0.75) < 1e-6)
            #expect(abs(prediction.classes[1].probability - 0.25) < 1e-6)
        }
    }

    /// Outputs that are probabilities stay as they are.
    @Test func probabilitiesStay() throws {
        let predictions = try doubling(meaning: .classes(areProbabilities: true)).predict(
            Tensor([0.125, 0.625, 0.25] as [Float], shape: [1, 3]))
        #expect(predictions[0].classes.map(\.probability) == [0.625, 0.25, 0.125])
    }

    /// Each channel has a factor and an offset of its own, and bytes are scaled as numbers are.
    @Test(arguments: [ElementType.uint8, .float32]) func channelsAreScaled(type: ElementType) throws {
        let network = Sequential { Flatten() }
        let model = TrainedModel(
            network, variables: try network.initialized(input: [1, 2, 2], seed: 1), input: [1, 2, 2],
            preprocessing: Preprocessing(scales: [2, 0.5], offsets: [1, -3]), meaning: .numbers)
        let images = Tensor([1, 2, 3, 4, 200, 100, 0, 8] as [Float], shape: [2, 1, 2, 2], type: type)
        #expect(try model.predict(images).map(\.numbers) == [[3, -2, 7, -1], [401, 47, 1, 1]])
    }

    /// More samples than go through at once.
    @Test func manySamples() throws {
        let numbers: [Float] = (0..<300).flatMap { [Float($0), 0, 0] as [Float] }
        let predictions = try doubling(meaning: .numbers).predict(Tensor(numbers, shape: [300, 3]))
        #expect(predictions.map { $0.numbers[0] } == (0..<300).map(Double.init))
        #expect(predictions[299].input == "#299")
        #expect(try doubling().predict(Tensor.zeros([0, 3])).isEmpty)
    }

    /// Weights stay from prediction to prediction: what depends on them alone is computed once, ahead of the samples.
    @Test func weightsAreConstantsOfTheProgram() throws {
        let network = Sequential {
            Conv2D(filters: 16, kernelSize: 3, padding: .same, useBias: false); BatchNorm()
        }
        let variables = try network.initialized(input: [8, 8, 16], seed: 1)
        let program = try InferenceProgram(network, precision: .float32, device: .cpu).executable(
            variables, Values(.zeros([2, 8, 8, 16])), .identity)
        #expect(program.report.constantByteCount >= 4 * 3 * 3 * 16 * 16)
    }

    @Test func weightsOfAnotherModelAreRefused() throws {
        let model = Sequential { Dense(3) }
        let other = TrainedModel(model, variables: try doubling().variables, input: [3], meaning: .numbers)
        let error = try #require(throws: VariablesError.self) { try other(samples) }
        #expect("\(error)" == "the weights lack the variable 0.dense/bias; they belong to another model")
    }
}
