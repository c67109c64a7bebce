import Apus
import ApusExperiments
import ApusInterchange
import ArgumentParser
import Foundation

/// What a command is given for a network that needs no training.
struct NetworkOptions: ParsableArguments {
    @Argument(
        help: "A network of the zoo (mlp, lenet5; see apus zoo), or a file with layers or an experiment, or of ONNX.")
    var model: String

    @Option(
        help: ArgumentHelp(
            "The shape of one input; by default that of the experiment's data, or as published. Of several inputs NAME=SHAPE, repeated.",
            valueName: "shape"))
    var input: [InputShape] = []

    @Option(help: "The outputs of a network of the zoo; by default 10, or as published where no input is given.")
    var classes: Int?

    /// The network, and the shapes of its inputs.
    func load() throws -> (model: any Model, inputs: Signature) {
        if let classes, classes < 1 { throw ValidationError("--classes must be at least 1, received \(classes)") }
        let given = try input.signature()
        if ModelArgument.isONNX(model) {
            let onnx = try ONNXModel(model).takingChannelsLast()
            return (onnx, try onnx.signature(given, path: model))
        }
        let published = given == nil ? ZooNetwork(model)?.network.published : nil
        let model = try ModelArgument.model(
            model, outputs: classes ?? published?.classes ?? 10, input: given?.first?.shape ?? published?.input)
        return (model, try given ?? published.map { Signature($0.input) } ?? ModelArgument.inputs(self.model))
    }

    /// The network and the shape of its input, for what works on one tensor.
    func loadLayers(for command: String) throws -> (model: Sequential, input: Shape) {
        let (model, inputs) = try load()
        guard let layers = model as? Sequential, let input = inputs.first?.shape, inputs.names.count == 1 else {
            throw ValidationError(
                "\(command) works on networks of one input and one output; this one has the inputs \(inputs)")
        }
        return (layers, input)
    }
}

/// A shape as an argument: `28,28,1`, or `left=28,28,1`.
struct InputShape: ExpressibleByArgument {
    let name: String
    let shape: Shape

    init?(argument: String) {
        let sides = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = sides[sides.count - 1].split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
        guard !parts.isEmpty, parts.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
        name = sides.count > 1 ? String(sides[0]) : ""
        shape = Shape(parts.compactMap { $0 })
    }
}

extension [InputShape] {
    /// The inputs together; `nil` if none is given.
    func signature() throws -> Signature? {
        if Set(map(\.name)).count < count || count > 1 && contains(where: \.name.isEmpty) {
            throw ValidationError("give each of several inputs its name once: --input left=4 --input right=4")
        }
        return isEmpty ? nil : Signature(map { ($0.name, Signature.Input($0.shape)) })
    }
}

/// What every command asks of the samples a step.
func checkBatchSize(_ size: Int) throws {
    guard size > 0 else { throw ValidationError("--batch-size must be at least 1, received \(size)") }
}

/// A network by its name in the zoo, or by a file.
enum ModelArgument {
    static func isONNX(_ text: String) -> Bool { text.lowercased().hasSuffix(".onnx") }

    static func isFile(_ text: String) -> Bool { [".yaml", ".yml", ".json"].contains { text.hasSuffix($0) } }

    static func text(of file: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file) else {
            guard FileManager.default.fileExists(atPath: file) else {
                throw FormatError(.missing, path: file, "there is no such file", remedy: "Check the path.")
            }
            throw FormatError(
                .mismatch, path: file, "it can't be read", expected: "an experiment file",
                remedy: "Check the path and its permissions.")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw FormatError(
                .malformed, path: file, "this is not text in UTF-8", expected: "an experiment file",
                remedy: "Check the path, or save the file as UTF-8.")
        }
        return text
    }

    /// Refuses a path that names neither a network nor a file of settings.
    static func checkName(_ argument: String) throws {
        guard !isFile(argument), argument.contains("/") || FileManager.default.fileExists(atPath: argument) else {
            return
        }
        throw FormatError(
            .mismatch, path: argument, "this is no experiment",
            expected: "a file that ends in .yaml, .yml or .json, or a network by its name",
            remedy: "Check the path.")
    }

    /// The network of a name, of layers or parts in a file, or of the experiment in one.
    static func model(_ argument: String, outputs: Int, input: Shape?) throws -> any Model {
        try checkName(argument)
        let source = isFile(argument) ? try ModelSource(yaml: try text(of: argument), path: argument) : .name(argument)
        // As many tokens as there are bytes, where no data say how many.
        return try source.model(outputs: outputs, input: input, vocabulary: 256)
    }

    /// The shapes of the data of the experiment in a file; that of Fashion-MNIST for anything else.
    static func inputs(_ argument: String) throws -> Signature {
        let usual = TextNetwork(argument) == nil ? Signature([28, 28, 1]) : Signature([128], .int32)
        guard isFile(argument), let experiment = try? Experiment(yaml: try text(of: argument), path: argument),
            experiment.data.source != .fashionMNIST
        else { return usual }
        return try experiment.loadedData().training.signature
    }
}

extension TrainedModel {
    /// The model of a file, or of a run on its device.
    static func opened(_ path: String) throws -> TrainedModel {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return exists && !isFolder.boolValue
            ? try TrainedModel(path) : try TrainedModel(run: RunFolder(existing: path))
    }
}

/// The folder of a run as an argument.
struct RunArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
    var path: String

    /// The folder.
    func folder() throws -> RunFolder { try RunFolder(existing: path) }

    /// The run with its weights.
    func finished() throws -> FinishedRun { try FinishedRun(folder()) }
}

/// An experiment as an argument, and options that change its keys.
struct ExperimentOptions: ParsableArguments {
    @Argument(help: "A network of the zoo, or an experiment file (.yaml, .json).")
    var model: String

    @OptionGroup var settings: SettingOptions

    /// The file with the settings above it.
    func file() throws -> ExperimentFile { try settings.file(model) }
}

/// Options that change keys of an experiment.
struct SettingOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Sets a key, for instance optimizer.adam.learningRate=0.01 or model.2.dense.units=64; may be repeated.",
            valueName: "path=value"))
    var assignments: [String] = []

    /// The file of an argument, or a network of the zoo, with the assignments.
    func file(_ argument: String) throws -> ExperimentFile {
        try ModelArgument.checkName(argument)
        var file =
            ModelArgument.isFile(argument)
            ? try ExperimentFile(yaml: try ModelArgument.text(of: argument), path: argument)
            : ExperimentFile(model: argument)
        for assignment in assignments { file = try file.setting(assignment) }
        return file
    }
}
