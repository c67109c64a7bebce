import Apus
import ApusConfiguration
import ApusFormats
import ApusInterchange
import ArgumentParser

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a file of a trained model of one of ONNX.",
        discussion: """
            Example: apus import mobilenet.onnx mobilenet.apus. The model consists of layers where all of it is known as layers, else of \
            the nodes of the file; both predict and train.
            """)

    @Argument(help: "The file of ONNX.")
    var model: String

    @Argument(help: "The file that is written.")
    var output: String

    @Option(
        help: ArgumentHelp(
            "The shape of a sample, where the file leaves it open. Of several inputs NAME=SHAPE, repeated.",
            valueName: "shape"))
    var input: [InputShape] = []

    func run() throws {
        let trained = try trainedModel(try input.signature())
        try trained.write(to: output)
        try Terminal.print(trained.model.summary(inputs: trained.inputs))
    }

    /// The model of layers; where not all of it are layers, as it is.
    private func trainedModel(_ inputs: Signature?) throws -> TrainedModel {
        do {
            return try TrainedModel(onnx: model, inputs: inputs, asLayers: true)
        } catch {
            guard error.kind == .unsupported else { throw error }
            Terminal.write("note: \(error.description.printable)\n")
            return try TrainedModel(onnx: model, inputs: inputs)
        }
    }
}
