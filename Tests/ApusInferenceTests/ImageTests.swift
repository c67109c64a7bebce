import ApusFormats
import ApusInference
import ApusTestKit
import Testing

/// Predictions for images: the pixels that the network sees.
@Suite struct ImageTests {
    /// A model whose outputs are the samples.
    private func seeing(_ shape: Shape) throws -> TrainedModel {
        let network = Sequential { Flatten() }
        return TrainedModel(
            network, variables: Variables(), inputs: Signature(shape, .uint8), meaning: .numbers)
    }

    private let gray = try! Image(height: 2, width: 3, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    private let colored = try! Image(
        height: 2, width: 2, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])

    @Test func pixelsAreSamples() throws {
        try withTemporaryFolder { folder in
            // Files say that samples are bytes.
            try seeing([2, 3, 1]).write(to: "\(folder)/m.apus")
            #expect(try TrainedModel("\(folder)/m.apus").inputs == Signature([2, 3, 1], .uint8))
        }
        #expect(try seeing([2, 3, 1]).predict(gray).numbers == [1, 2, 3, 4, 5, 6])
        #expect(try seeing([2, 3]).predict(gray).numbers == [1, 2, 3, 4, 5, 6])
        #expect(try seeing([2, 2, 3]).predict(colored).numbers == colored.pixels.map(Double.init))
    }

    /// Gray by luminance, gray thrice as color, and the size of the model, each as the functions of images give it.
    @Test func imagesAreFitted() throws {
        #expect(try seeing([2, 2, 1]).predict(colored).numbers == [76, 150, 29, 9])
        #expect(
            try seeing([2, 3, 3]).predict(gray).numbers == gray.pixels.flatMap { [Double($0), Double($0), Double($0)] })
        var generator = SeededGenerator(seed: 4)
        let large = try Image(
            height: 4, width: 6, channels: 3, pixels: (0..<72).map { _ in UInt8(generator.below(256)) })
        let expected = try large.converted(channels: 1).resized(height: 3, width: 2)
        #expect(try seeing([3, 2, 1]).predict(large).numbers == expected.pixels.map(Double.init))
        // Height comes before width.
        #expect(try seeing([2, 3, 1]).predict(large).numbers.count == 6)
        #expect(try seeing([3, 2, 1]).predict(large).numbers != seeing([2, 3, 1]).predict(large).numbers)
    }

    @Test func severalAtOnce() throws {
        let predictions = try seeing([2, 3, 1]).predict([gray, gray, colored], names: ["a", "b", "c"])
        #expect(predictions.map(\.input) == ["a", "b", "c"] && predictions[0].numbers == predictions[1].numbers)
        #expect(try predictions[2].numbers == seeing([2, 3, 1]).predict(colored).numbers)
        #expect(try seeing([2, 3, 1]).predict(gray).input == "#0")
    }

    /// A file is read the same by the library and by what `apus predict` calls.
    @Test func files() throws {
        try withTemporaryFolder { folder in
            let large = try Image(height: 5, width: 7, channels: 3, pixels: (0..<105).map { UInt8(2 * $0) })
            try large.writePNG(to: "\(folder)/a.png")
            let read = try Image(contentsOf: "\(folder)/a.png")
            #expect(read == large)
            let model = try seeing([3, 4, 1])
            let predictions = try model.predict(files: ["\(folder)/a.png"])
            #expect(predictions.map(\.input) == ["\(folder)/a.png"])
            #expect(try predictions[0].numbers == model.predict(read).numbers)
            #expect(
                message { try Image(contentsOf: "\(folder)/b.png") }.hasPrefix("\(folder)/b.png: there is no such file")
            )
        }
    }

    /// Networks that took numbers from 0 to 1 as they were are no networks for bytes.
    @Test(arguments: [(ElementType.uint8, 1, false), (.float32, 1, true), (.float32, 0.5, false)])
    func numbersWhereBytesAreGiven(_ type: ElementType, _ scale: Double, _ isReported: Bool) throws {
        try withTemporaryFolder { folder in
            try gray.writePNG(to: "\(folder)/a.png")
            let model = TrainedModel(
                Sequential { Flatten() }, variables: Variables(), inputs: Signature([2, 3, 1], type),
                preprocessing: Preprocessing(scale: scale, offset: 0), meaning: .numbers)
            var notes: [String] = []
            _ = try model.predict(files: ["\(folder)/a.png", "\(folder)"]) { notes.append($0) }
            #expect(
                notes
                    == (isReported
                        ? [
                            "the network was trained on float32 numbers as they were, but images are bytes, 0…255; predictions may be "
                                + "meaningless"
                        ] : []))
        }
    }

    @Test func tensors() throws {
        #expect(try Image(gray.tensor) == gray && Image(colored.tensor) == colored)
        #expect(gray.tensor.shape == [2, 3, 1] && gray.tensor.elementType == .uint8)
        let plain = Tensor(bytes: [1, 2, 3, 4, 5, 6], TensorType([2, 3], .uint8))
        #expect(try Image(plain) == gray)
        #expect(try Image(plain + plain).pixels == [2, 4, 6, 8, 10, 12])
        #expect(
            message { try Image(Tensor.zeros([2, 3, 1])) }
                == "the tensor is no image. Expected uint8 [height, width], [height, width, 1] or [height, width, 3]; received "
                + "float32[2, 3, 1]. Take one image, and give pixels from 0 to 255: x.cast(to: .uint8).")
        for shape: Shape in [[6], [1, 2, 3, 1], [2, 3, 2], [0, 3], [2, 0, 3]] {
            #expect(throws: PredictionError.self) {
                try Image(Tensor(bytes: Array(repeating: 0, count: shape.count), TensorType(shape, .uint8)))
            }
        }
    }

    /// An image is one of several inputs.
    private struct Photo: Model {
        func outputs(for inputs: Values, in context: Context) -> Values {
            ["mean": inputs["photo"].mean(axes: [1, 2, 3]) + inputs["shift"].sum(axes: [1])]
        }
    }

    @Test func oneOfSeveralInputs() throws {
        let model = TrainedModel(
            Photo(), variables: Variables(), inputs: ["photo": .uint8([2, 3, 1]), "shift": [1]], meaning: .numbers)
        let samples = try model.samples(of: [gray], for: "photo")
        #expect(
            try model.predict(["photo": samples, "shift": Tensor([2] as [Float], shape: [1, 1])])[0].numbers == [5.5])
    }
}
