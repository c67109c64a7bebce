import Apus
public import ApusInterchange
public import ArgumentParser
import Foundation

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a trained model for other programs.",
        discussion: """
            Example: apus export runs/lenet5-1 --format onnx -o lenet5.onnx. The file is read again and must compute what the model does; \
            it takes samples that are scaled as in training, which its metadata describes.
            """)

    @Argument(help: ArgumentHelp("The folder of a run, or a file of a trained model.", valueName: "model"))
    var model: String

    @Option(help: "What is written (\(ExportFormat.allCases.map(\.rawValue).joined(separator: ", "))).")
    var format = ExportFormat.onnx

    @Option(name: [.short, .long], help: "The file that is written.")
    var output: String

    @Option(help: "How images lie in the file: channelsFirst [N, C, H, W] or channelsLast [N, H, W, C].")
    var images = ImageLayout.channelsFirst

    func run() throws {
        let distance = try TrainedModel.opened(model).export(to: output, with: format.exporter(images: images))
        let outputs =
            distance == 0
            ? "exactly those of the model" : "those of the model to \(String(format: "%.0e", distance)) of the largest"
        try Terminal.print("wrote \(output); its outputs are \(outputs)")
    }
}

extension ExportFormat: ExpressibleByArgument {}
extension ImageLayout: ExpressibleByArgument {}
