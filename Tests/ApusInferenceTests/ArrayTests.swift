import ApusFormats
import ApusInference
import ApusTestKit
import Testing

/// Files of arrays as samples.
@Suite struct ArrayTests {
    private func array(_ shape: Shape, _ numbers: [Float]) throws -> NumericArray {
        try NumericArray(shape: shape, elements: numbers)
    }

    @Test func eachInputHasItsArray() throws {
        try withTemporaryFolder { folder in
            let (path, model) = ("\(folder)/x.npz", try TwoWays.trained())
            let (left, right) = (try array([2, 2], [1, 2, 3, 4]), try array([2, 3], [0.25, 0.5, 0.125, 0, 0, 1]))
            try NPZFile.write([("right", right), ("more", left), ("left", left)], to: path)
            let predictions = try model.predict(files: [path])
            #expect(predictions.map(\.input) == ["\(path)#0", "\(path)#1"])
            #expect(try predictions.map(\.outputs) == model.predict(TwoWays.samples).map(\.outputs))
            #expect(try model.predict(files: [path, path], samples: 3).count == 3)
            try NPZFile.write([("left", left)], to: path)
            #expect(
                message { try model.predict(files: [path]) }
                    == "\(path): the file has no array right. Expected an array for each input by its name; received left. "
                    + "Write the arrays again: numpy.savez.")
            try NPZFile.write([("left", try array([1, 2], [1, 2])), ("right", right)], to: path)
            #expect(
                message { try model.predict(files: [path]) }
                    == "\(path): the arrays hold different numbers of samples. Expected 1 of each; received 2 of \"right\". "
                    + "Give one sample of each input for each prediction.")
            try NPZFile.write([("left", right), ("right", right)], to: path)
            #expect(
                message { try model.predict(files: [path]) }
                    == "\(path): the samples \"left\" do not fit the network. Expected [N, 2]; received [2, 3]. Reshape or resize the samples."
            )
            try NPZFile.write([("left", left), ("right", try array([2, 3], [0, 0, 0, 0, .nan, 0]))], to: path)
            #expect(
                message { try model.predict(files: [path]) }
                    == "\(path): the sample 1 holds nan. Expected finite numbers. Replace what is missing, or remove the sample."
            )
        }
    }

    /// Of one input whatever the only array is called.
    @Test func theOnlyArray() throws {
        try withTemporaryFolder { folder in
            let (path, model) = ("\(folder)/x.npz", try doubling(meaning: .numbers))
            let samples = try array([2, 3], [1, 2, 3, 4, 5, 6])
            try NPZFile.write([("anything", samples)], to: path)
            #expect(try model.predict(files: [path]).map(\.numbers) == [[1, 2, 3], [4, 5, 6]])
            try NPZFile.write([("a", samples), ("b", samples)], to: path)
            #expect(
                message { try model.predict(files: [path]) }
                    == "\(path): it is open which array holds the samples. Expected one array; received a, b. "
                    + "Write the arrays again: numpy.savez.")
        }
    }

    /// Calls for outputs as they are: what does not fit is thrown.
    @Test func callsThatDoNotFit() throws {
        let (one, two) = (try doubling(), try TwoWays.trained())
        #expect(message { try one(Tensor.zeros([2, 4])) }.contains("the variable 0.dense/kernel has the shape [3, 3]"))
        #expect(message { try one(Tensor(3 as Float)) } != "no error")
        #expect(message { try one(Values()) } != "no error")
        #expect(message { try one(["x": Tensor.zeros([2, 3])]) } == "no error")
        #expect(message { try two(Tensor.zeros([2, 3])) }.contains("left"))
        #expect(message { try two(["left": Tensor.zeros([2, 2])]) }.contains("\"right\""))
        #expect(message { try two(["left": .zeros([2, 2]), "right": .zeros([3, 3])]) } == "no error")
    }
}
