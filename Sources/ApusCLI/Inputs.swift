import Apus
import ArgumentParser
import Foundation

/// What a command is given for a network: a name of the zoo, or a file.
enum ModelArgument {
    static func isFile(_ text: String) -> Bool { [".yaml", ".yml", ".json"].contains { text.hasSuffix($0) } }

    static func text(of file: String) throws -> String {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw FormatError(.missing, path: file, "there is no such file", remedy: "Check the path.")
        }
        return text
    }

    /// The network of a name, of a list of layers in a file, or of the experiment in one.
    static func model(_ argument: String) throws -> Sequential {
        guard isFile(argument) else { return try ModelSource.name(argument).model() }
        return try ModelSource(yaml: try text(of: argument), path: argument).model()
    }

    /// The shape of the data of the experiment in a file; that of Fashion-MNIST for anything else.
    static func input(_ argument: String) throws -> Shape {
        let usual: Shape = [28, 28, 1]
        guard isFile(argument), let experiment = try? Experiment(yaml: try text(of: argument), path: argument),
            experiment.data.source != .fashionMNIST
        else { return usual }
        return try experiment.data.load(seed: experiment.seed).sampleShape
    }
}

extension FinishedRun {
    /// The run of a folder.
    init(_ path: String) throws { try self.init(RunFolder(existing: path)) }
}
