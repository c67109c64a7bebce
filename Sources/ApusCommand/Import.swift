import Apus
import ApusConfiguration
import ApusFormats
import ApusInterchange
import ArgumentParser

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Makes a file of a trained model of one of ONNX, or of weights by Apus's names of a file of PyTorch or Keras.",
        discussion: """
            Examples: apus import mobilenet.onnx mobilenet.apus; apus import resnet18.pth weights.safetensors --as resnet18-large \
            --classes 1000. A model of ONNX consists of layers where all of it is known as layers, else of the nodes of the file; both \
            predict and train. Weights are those of the network that --as names; what does not fit is said.
            """)

    @Argument(help: "The file of ONNX, or of weights (.pth, .safetensors, .npz, .keras, .h5).")
    var model: String

    @Argument(help: "The file that is written.")
    var output: String

    @Option(
        help: ArgumentHelp(
            "The shape of a sample, where the file leaves it open. Of several inputs NAME=SHAPE, repeated.",
            valueName: "shape"))
    var input: [InputShape] = []

    @Option(name: .customLong("as"), help: "The network whose weights they are: one of the zoo, or a file with layers.")
    var network: String?

    @Option(help: "The outputs of a network of the zoo; by default as published.")
    var classes: Int?

    func run() throws {
        if let network { return try importWeights(of: network) }
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

    /// Writes the weights of a network by its names.
    private func importWeights(of name: String) throws {
        if let classes, classes < 1 { throw ValidationError("--classes must be at least 1, received \(classes)") }
        let given = try input.signature()
        let published = ZooNetwork(name)?.network.published
        let network = try ModelArgument.model(
            name, outputs: classes ?? published?.classes ?? 10, input: given?.first?.shape ?? published?.input)
        let inputs = try given ?? published.map { Signature($0.input) } ?? ModelArgument.inputs(name)
        var variables = try network.initialized(inputs: inputs, seed: 0)
        let report = try variables.load(model)
        try variables.write(to: output)
        try Terminal.print("\(report)")
    }
}
