import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

@Suite struct ScalingTests {
    /// Two channels: 0, 2, 4, 10 and a constant.
    private func bytes() throws -> Dataset {
        try Dataset(
            inputs: Tensor([0, 7, 2, 7, 4, 7, 10, 7] as [UInt8], shape: [2, 1, 2, 2]), labels: [0, 1])
    }

    private func applied(_ rule: Scaling, _ data: Dataset) throws -> [Float] {
        let all = Tensor(
            data.batches(of: data.count, epoch: 0, seed: 0, shuffled: false).flatMap { $0.inputs.only.scalars },
            shape: Shape([data.count] + data.sampleShape.dimensions), type: data.elementType)
        return try rule.fitted(to: data)(all).evaluated().scalars
    }

    @Test func eachChannelByItself() throws {
        let root = Float(14).squareRoot()
        let standard = try applied(.standardize(), bytes())
        #expect(isClose(standard, [-4 / root, 0, -2 / root, 0, 0, 0, 6 / root, 0], 1e-6))
        let scaled = try applied(.minMax(per: .channel, low: -1, high: 1), bytes())
        #expect(isClose(scaled, [-1, -1, -0.6, -1, -0.2, -1, 1, -1], 1e-6))
    }

    @Test func allTogether() throws {
        let scaled = try applied(.minMax(per: .all), bytes())
        #expect(isClose(scaled, [0, 0.7, 0.2, 0.7, 0.4, 0.7, 1, 0.7], 1e-6))
        #expect(
            try Scaling.standardize(per: .all).fitted(to: bytes()) == bytes().measuredStandardization())
        #expect(try Scaling.none.fitted(to: bytes()) == .identity)
        #expect(try Scaling.unitRange.fitted(to: bytes()) == .unitRange)
    }

    /// What torchvision's networks take: pixels in 0…1 less ImageNet's means, divided by its standard deviations, red first.
    @Test func numbersOfImageNet() throws {
        let pixels = try Dataset(
            inputs: Tensor([0, 0, 0, 255, 255, 255] as [UInt8], shape: [1, 1, 2, 3]), labels: [0])
        let expected: [Float] = [-2.117_904, -2.035_714, -1.804_444, 2.248_908, 2.428_571, 2.64]
        #expect(isClose(try applied(.imagenet, pixels), expected, 1e-5))
        let text = try JSONEncoder().encode([Scaling.imagenet])
        #expect(String(decoding: text, as: UTF8.self) == "[\"imagenet\"]")
        #expect(try JSONDecoder().decode([Scaling].self, from: text) == [.imagenet])
        for wrong in [try bytes(), try Dataset(inputs: .ones([1, 2, 2, 3]), labels: [0])] {
            #expect(
                message { try Scaling.imagenet.fitted(to: wrong) }.contains(
                    "the samples are no color images as bytes, which imagenet scales"))
        }
    }

    @Test func featuresOfTables() throws {
        var random = SeededGenerator(seed: 4)
        let table = (0..<300).map { Float.random(in: 0...1, using: &random) * Float($0 % 3 + 1) + Float($0 % 3) }
        let data = try Dataset(inputs: Tensor(table, shape: [100, 3]), labels: Array(repeating: 0, count: 100))
        let values = try applied(.standardize(), data)
        for feature in 0..<3 {
            let column = stride(from: feature, to: 300, by: 3).map { Double(values[$0]) }
            #expect(abs(column.reduce(0, +)) < 1e-3)
            #expect(abs(column.reduce(0) { $0 + $1 * $1 } / 100 - 1) < 1e-4)
        }
    }

    @Test func onlyTheTrainingPartIsMeasured() throws {
        let data = try Dataset(inputs: Tensor([0, 2, 100] as [Float], shape: [3, 1]), labels: [0, 0, 0])
        let parts = try data.split(validationIndices: [2])
        #expect(try Scaling.standardize().fitted(to: parts.training) == .init(scale: 1, offset: -1))
    }

    @Test func oneChannelIsAsAllTogether() throws {
        let data = try Dataset(inputs: Tensor([0, 2, 4, 10] as [UInt8], shape: [1, 2, 2, 1]), labels: [0])
        #expect(try Scaling.standardize().fitted(to: data) == data.measuredStandardization())
    }

    @Test func givenConstants() throws {
        let rule = Scaling.constants(mean: [2, 7], standardDeviation: 2)
        #expect(try applied(rule, bytes()) == [-1, 0, 0, 0, 1, 0, 4, 0])
        let error = #expect(throws: DatasetError.self) {
            try Scaling.constants(mean: [1, 2, 3], standardDeviation: 1).fitted(to: bytes())
        }
        #expect(
            error?.description
                == "the constants of the normalization do not fit the samples. Expected one number, or 2 for uint8[1, "
                + "2, 2]; received 3. Give one number a channel.")
    }

    @Test func samplesThatDoNotFit() throws {
        let preprocessing = Preprocessing(scales: [1, 2], offsets: [0, 0])
        let result = preprocessing(.zeros([4, 3]))
        #expect(
            result.problems.map(\.message)
                == ["the normalization has 2 channels but the samples have the shape [4, 3]"])
    }

    @Test(arguments: [Scaling.standardize(), .minMax()]) func nothingToMeasure(rule: Scaling) throws {
        let done = rule == .standardize() ? "standardized" : "scaled"
        let empty = try bytes().prefix(0)
        let error = #expect(throws: DatasetError.self) { try rule.fitted(to: empty) }
        #expect(
            error?.description
                == "an empty data set can't be \(done). Received 0 samples of uint8[1, 2, 2], 2 classes. Give at least "
                + "one sample.")
        let broken = try Dataset(inputs: Tensor([1, 2, .nan, 3] as [Float], shape: [2, 2]), labels: [0, 0])
        let failure = #expect(throws: DatasetError.self) { try rule.fitted(to: broken) }
        let numbers = rule == .standardize() ? "mean nan, standard deviation nan" : "minimum nan, maximum nan"
        #expect(
            failure?.description
                == "the features can't be \(done). Expected finite numbers; received \(numbers) in channel 0. Remove the "
                + "samples that contain NaN or infinite numbers; the first is sample 1.")
    }

    // MARK: Files

    @Test func readFromFiles() throws {
        #expect(try Scaling.read(#""standardize""#) == .standardize())
        #expect(try Scaling.read(#"{"standardize": "all"}"#) == .standardize(per: .all))
        #expect(try Scaling.read(#""minMax""#) == .minMax())
        #expect(try Scaling.read(#"{"minMax": {"low": -1}}"#) == .minMax(low: -1))
        #expect(try Scaling.read(#""none""#) == Scaling.none)
        let text = #"{"constants": {"mean": [1, 2], "standardDeviation": 3}}"#
        #expect(try Scaling.read(text) == .constants(mean: [1, 2], standardDeviation: 3))
        for rule in [Scaling.unitRange, .minMax(low: -2), .constants(mean: [1, 2], standardDeviation: 0.5)] {
            let text = String(decoding: try JSONEncoder().encode(rule), as: UTF8.self)
            #expect(try Scaling.read(text) == rule)
        }
    }

    @Test(arguments: [
        (#""standardise""#, "there is no normalization standardise (did you mean standardize?)"),
        (#"{"standardize": "pixel"}"#, "there is no scope pixel (known are channel, all)"),
        (#"{"minMax": {"low": 1, "high": 1}}"#, "minMax needs low < high, received 1 and 1"),
        (#""constants""#, "the key mean is missing"),
        (
            #"{"constants": {"mean": 0, "standardDeviation": 0}}"#,
            "constants need finite means and positive standard deviations, received 0.0 and 0.0"
        ),
        (
            #"{"constants": {"mean": [1, 2], "standardDeviation": [1, 2, 3]}}"#,
            "constants need one number or one a channel, received 2 means and 3 standard deviations"
        ),
    ])
    func whatIsWrong(text: String, message: String) { #expect(Scaling.failure(text) == message) }

    @Test func normalizationsAreWrittenAndReadAgain() throws {
        for value in [Preprocessing.unitRange, .init(scales: [1, 2], offsets: [0.5, 0])] {
            let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
            #expect(try Preprocessing.read(text) == value)
        }
        #expect(
            Preprocessing.failure(#"{"scale": [1, 2], "offset": 0}"#)
                == "expected as many offsets as factors, received 1 and 2")
    }
}
