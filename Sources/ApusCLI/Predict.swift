import Apus
import ArgumentParser
import Foundation

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predicts the classes of images.",
        discussion: "Example: apus predict runs/lenet5-1 t10k-images-idx3-ubyte.gz --limit 10")

    @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
    var runFolder: String

    @Argument(help: "Images: an IDX file (plain or gzip) or a .npy array [N, 28, 28] or [N, 28, 28, 1].")
    var input: String

    @Option(help: "Writes the result to this file (CSV) instead of standard output.")
    var output: String?

    @Option(help: "The most probable classes that are listed for each image.")
    var topK = 1

    @Option(help: "Only the first images.")
    var limit: Int?

    func run() throws {
        guard topK >= 1 else { throw ValidationError("--top-k must be at least 1, received \(topK)") }
        let finished = try FinishedRun(runFolder)
        var images = try Predict.images(input)
        if let limit { images = images[0..<max(0, limit)] }
        let names = FashionMNIST.classNames
        let choices = min(topK, names.count)
        var lines: [String] = []
        for start in stride(from: 0, to: images.shape[0], by: 256) {
            let batch = images[start..<min(start + 256, images.shape[0])]
            let logits = try finished.trainer.predict(batch, normalization: FashionMNIST.standardization)
            let (probabilities, classes) = softmax(logits).topK(choices)
            try evaluate(probabilities, classes)
            let (values, numbers) = (probabilities.scalars, classes.scalars(as: Int.self))
            for row in 0..<batch.shape[0] {
                let entries = (0..<choices).map { rank -> String in
                    let index = row * choices + rank
                    return "\(names[numbers[index]]),\(String(format: "%.4f", values[index]))"
                }
                lines.append("\(start + row)," + entries.joined(separator: ","))
            }
        }
        let columns =
            choices == 1
            ? "class,probability" : (1...choices).map { "class\($0),probability\($0)" }.joined(separator: ",")
        let text = (["image,\(columns)"] + lines).joined(separator: "\n") + "\n"
        if let output { try AtomicFile.write(text, to: output) } else { print(text, terminator: "") }
    }

    /// The images of a file as [N, H, W, 1], bytes as they are stored.
    private static func images(_ path: String) throws -> Tensor {
        let array = path.hasSuffix(".npy") ? try NPY.read(path) : try IDX.readImages(path)
        var shape = array.shape
        if shape.rank == 3 { shape = Shape(shape.dimensions + [1]) }
        guard shape.rank == 4, Array(shape.dimensions.dropFirst()) == [28, 28, 1] else {
            throw FormatError(
                .mismatch, path: path, "the images do not fit the network", expected: "[N, 28, 28] or [N, 28, 28, 1]",
                received: "\(array.shape)", remedy: "Resize the images to 28 × 28 grey levels.")
        }
        return Tensor(bytes: array.bytes, TensorType(shape, array.elementType))
    }
}
