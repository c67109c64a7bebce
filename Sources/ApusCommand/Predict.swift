import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusInterchange
import ApusReport
import ArgumentParser
import Foundation

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predicts the classes, or the numbers, of samples in files.",
        discussion: "Example: apus predict runs/lenet5-1 shoe.png photos/ --top-k 3")

    @Argument(help: ArgumentHelp("The folder of a run, a file of a trained model, or one of ONNX.", valueName: "model"))
    var model: String

    @Argument(
        help: ArgumentHelp(
            "Images (.png, .jpg; a folder stands for all in it), arrays (.npy, .npz, IDX plain or gzip), tables (.csv, .tsv, .txt, .dat, .data); of a model of texts tables with their column, and texts (.txt), a line each or a whole file, as in training.",
            valueName: "input"))
    var files: [String] = []

    @Option(help: "A text, for a model of texts; repeated for several.")
    var text: [String] = []

    @Option(
        help: ArgumentHelp(
            "The shape of a sample, where a file of ONNX leaves it open. Of several inputs NAME=SHAPE, repeated.",
            valueName: "shape"))
    var input: [InputShape] = []

    @Option(help: "The most probable classes that are listed for each sample.")
    var topK = 1

    @Option(help: "Only the first samples.")
    var limit: Int?

    @Flag(help: "Prints JSON.")
    var json = false

    @Flag(help: "Prints comma-separated values.")
    var csv = false

    @Option(help: "Writes the result to this file instead of standard output: JSON if it ends in .json, else CSV.")
    var output: String?

    func validate() throws {
        guard !files.isEmpty || !text.isEmpty else { throw ValidationError("Missing expected argument '<input> ...'") }
        guard topK >= 1 else { throw ValidationError("--top-k must be at least 1, received \(topK)") }
        guard limit.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--limit must be at least 1, received \(limit!)")
        }
        guard !json || !csv else { throw ValidationError("give --json or --csv, not both") }
    }

    /// The model of a file, or of a run on its device.
    private func trainedModel() throws -> TrainedModel {
        if ModelArgument.isONNX(model) { return try TrainedModel(onnx: model, inputs: try input.signature()) }
        return try TrainedModel.opened(model)
    }

    func run() throws {
        let model = try trainedModel()
        let predictions =
            try model.predict(texts: text, names: text.map { $0.shown(40) }, top: topK)
            + model.predict(files: files, top: topK, samples: limit) { Terminal.write("warning: \($0)\n") }
        let isJSON = json || !csv && output?.lowercased().hasSuffix(".json") ?? false
        let text =
            isJSON
            ? String(decoding: try predictions.json(), as: UTF8.self) + "\n"
            : csv || output != nil ? predictions.csv : predictions.text
        if let output { try AtomicFile.write(text, to: output) } else { try Terminal.print(text, terminator: "") }
    }
}
