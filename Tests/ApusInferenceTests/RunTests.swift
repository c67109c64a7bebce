import ApusFormats
import ApusInference
import ApusTestKit
import Foundation
import Testing

/// The folder of a run, as training writes it, opened without anything that trains.
@Suite struct RunTests {
    /// A run whose weights are multiples of the identity: 2 of the last epoch, 3 of the best, 4 as averages where there are some.
    private func withRun(
        best: Bool = false, averages: Bool = false, _ body: (String) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let model = try doubling()
            try Data(try model.details.text(path: folder).utf8).write(to: URL(filePath: "\(folder)/inputs.json"))
            try Data("name: x\n".utf8).write(to: URL(filePath: "\(folder)/experiment.yaml"))
            for (name, factor) in [("last", 2), ("best", 3)] where name == "last" || best {
                try write("\(folder)/checkpoints/\(name)", Float(factor), averages: averages ? 4 : nil)
            }
            try body(folder)
        }
    }

    private func write(_ folder: String, _ factor: Float, averages: Float?, format: String = "apus-state") throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func scaled(_ factor: Float) throws -> NumericArray {
            try NumericArray(shape: [3, 3], elements: [factor, 0, 0, 0, factor, 0, 0, 0, factor])
        }
        var arrays = [("0.dense/kernel", try scaled(factor)), ("0.dense/kernel/moment", try scaled(9))]
        if let averages { arrays.append(("0.dense/kernel/average", try scaled(averages))) }
        try SafetensorsFile.write(
            arrays.map { (name: $0.0, array: $0.1) }, metadata: ["format": format],
            to: "\(folder)/state.safetensors")
    }

    private let sample = Tensor([2, 4, 6] as [Float], shape: [1, 3])

    /// The samples are halved before.
    @Test(
        arguments: [(false, false, 1), (true, false, 1.5), (true, true, 2), (false, true, 2)] as [(Bool, Bool, Float)])
    func theKeptWeightsAreUsed(best: Bool, averages: Bool, factor: Float) throws {
        try withRun(best: best, averages: averages) { folder in
            let model = try TrainedModel(folder)
            #expect(try model(sample).scalars == [2 * factor, 4 * factor, 6 * factor])
            #expect(model.classNames == ["a", "b", "c"] && model.preprocessing.scales == [0.5])
            #expect(try TrainedModel(contentsOf: folder + "/").variables.paths == ["0.dense/kernel"])
            // What was opened from a run is written to a file of any name.
            try model.write(to: "\(folder)/model")
            #expect(try TrainedModel("\(folder)/model")(sample).scalars == model(sample).scalars)
        }
    }

    @Test func whatIsNoRun() throws {
        try withTemporaryFolder { folder in
            #expect(
                message { try TrainedModel(folder) }
                    == "\(folder): the folder is not that of a run. Expected experiment.yaml and inputs.json; received an empty folder. "
                    + "Give the folder that `apus train` printed, for instance runs/lenet5-1, or a file of a model.")
            for name in ["a", "b", "c", "d", "e", "f"] {
                try Data().write(to: URL(filePath: "\(folder)/\(name)"))
            }
            #expect(message { try TrainedModel(folder) }.contains("received a, b, c, d, e, …. Give"))
            #expect(
                message { try TrainedModel("\(folder)/none") }.hasPrefix(
                    "\(folder)/none: there is no such file. Expected"))
            #expect(message { try TrainedModel("\(folder)/a") }.hasPrefix("\(folder)/a: "))
            try Data("name: x\n".utf8).write(to: URL(filePath: "\(folder)/experiment.yaml"))
            #expect(
                message { try TrainedModel(folder) }
                    == "\(folder): the run has no inputs.json, which says what its model takes. "
                    + "The run was made by an older version: train again.")
        }
    }

    @Test func runsThatCannotBeOpened() throws {
        try withRun { folder in
            func problem(_ text: String) throws -> String {
                try Data(text.utf8).write(to: URL(filePath: "\(folder)/inputs.json"))
                return message { try TrainedModel(folder) }
            }
            let whole = try String(contentsOfFile: "\(folder)/inputs.json", encoding: .utf8)
            #expect(
                try problem(whole.replacing("\"version\":2", with: "\"version\":1"))
                    == "\(folder)/inputs.json: the model was written in another version of the format. Expected version 2; received version 1. "
                    + "Train again, or open it with TrainedModel(run:) of ApusExperiments.")
            #expect(
                try problem(whole.replacing("\"version\":2", with: "\"version\":3"))
                    == "\(folder)/inputs.json: the model was written in another version of the format. Expected version 2; received version 3. "
                    + "Read it with a newer version of Apus, or write it again with this one.")
            #expect(try problem("{").contains("the description of the model can't be read"))
            #expect(
                try problem(whole.replacing("\"model\":{\"sequential\":", with: "\"other\":{\"sequential\":"))
                    == "\(folder)/inputs.json: the run does not hold its model, for files do not know its kind. "
                    + "Expected a model that is Codable and was registered when the run began. "
                    + "Make the model with its weights: TrainedModel(model, variables: …, inputs: …).")
            _ = try problem(whole)
            try FileManager.default.removeItem(atPath: "\(folder)/checkpoints")
            #expect(
                try problem(whole)
                    == "\(folder): the run has no weights yet. Expected checkpoints/last/state.safetensors. "
                    + "Wait for its first epoch to end, or continue it: apus train --resume \(folder).")
        }
    }

    @Test func weightsThatDoNotFit() throws {
        try withRun { folder in
            let file = "\(folder)/checkpoints/last/state.safetensors"
            func problem(_ arrays: [(String, NumericArray)]) throws -> String {
                try SafetensorsFile.write(
                    arrays.map { (name: $0.0, array: $0.1) }, metadata: ["format": "apus-state"], to: file)
                return message { try TrainedModel(folder) }
            }
            let kernel = try NumericArray(shape: [3, 3], elements: [Float](repeating: 0, count: 9))
            #expect(try problem([("0.dense/kernel", kernel)]) == "no error")
            #expect(try problem([]).contains("there is no tensor \"0.dense/kernel\""))
            #expect(
                try problem([("0.dense/kernel", kernel), ("1.dense/kernel", kernel)])
                    == "\(file): tensor \"1.dense/kernel\" does not belong to the model of the file. Expected no such tensor; received "
                    + "float32[3, 3]. Write the file again.")
            let wrong = try NumericArray(shape: [9], elements: [Float](repeating: 0, count: 9))
            #expect(
                try problem([("0.dense/kernel", wrong)])
                    == "\(file): tensor \"0.dense/kernel\" does not belong to the model of the file. Expected float32[3, 3]; received "
                    + "float32[9]. Write the file again.")
            try Data("{".utf8).write(to: URL(filePath: file))
            #expect(message { try TrainedModel(folder) }.hasPrefix("\(file): "))
        }
    }
}
