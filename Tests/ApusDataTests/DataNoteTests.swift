import ApusData
import ApusTensor
import Testing

/// What is said of the parts of a data set before anything is trained.
@Suite struct DataNoteTests {
    private func part(_ change: (inout [Float], inout [Float]) -> Void = { _, _ in }) throws -> Dataset {
        var inputs = (0..<12).map { Float($0) }
        var targets = (0..<4).map { Float($0) }
        change(&inputs, &targets)
        return try Dataset(inputs: Tensor(inputs, shape: [4, 3]), targets: Tensor(targets, shape: [4, 1]))
    }

    @Test func finiteNumbersNeedNoWord() throws {
        #expect(try LoadedData(training: part(), validation: part(), test: part()).notes == [])
    }

    @Test func numbersThatAreNotFinite() throws {
        let training = try part { inputs, targets in
            (inputs[5], inputs[4], targets[1], targets[3]) = (.infinity, 7, -.infinity, .nan)
        }
        let validation = try part { inputs, _ in inputs[9] = .nan }
        // What a part leaves out does not count.
        let test = try training.subset([0, 2])
        #expect(
            try LoadedData(training: training, validation: validation, test: test).notes == [
                "2 samples of the training part hold numbers that are not finite: inf in the input of sample 1",
                "1 sample of the validation part holds numbers that are not finite: nan in the input of sample 3",
            ])
        #expect(
            try LoadedData(training: training.subset([2, 3]), validation: validation).notes.first
                == "1 sample of the training part holds numbers that are not finite: nan in the target of sample 1")
    }
}
