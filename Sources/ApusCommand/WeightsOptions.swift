import Apus
import ArgumentParser

/// Options for the weights that a training starts from.
struct WeightsOptions: ParsableArguments {
    @Option(
        name: .customLong("init"),
        help: "Weights to start from (.safetensors, .npz, .pth, .keras, .h5), or the folder of a run.")
    var file: String?

    @Option(
        name: .customLong("init-mode"), help: "Whether everything must fit (strict), or what fits is taken (partial).",
        transform: WeightsOptions.mode)
    var mode = WeightsMode.strict

    @Option(
        name: .customLong("init-map"),
        help: ArgumentHelp(
            "What begins names in the file, and in the model in its place: encoder=backbone; may be repeated.",
            valueName: "file=model"))
    var map: [String] = []

    func validate() throws {
        for entry in map where !entry.contains("=") {
            throw ValidationError("--init-map expects FILE=MODEL, for instance encoder=backbone, received \(entry)")
        }
        if file == nil, !map.isEmpty { throw ValidationError("--init-map needs --init FILE") }
    }

    private static func mode(_ text: String) throws -> WeightsMode {
        guard let mode = WeightsMode(rawValue: text) else {
            throw ValidationError("expected strict or partial, received \(text)")
        }
        return mode
    }

    /// Loads the weights, if there are any.
    func load(into trainer: inout Trainer) throws -> WeightsReport? {
        guard let file else { return nil }
        var variables = trainer.state!.variables
        let pairs = map.map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let mapping = Dictionary(pairs.map { ($0[0], $0[1]) }) { _, last in last }
        let report = try variables.load(file, mode: mode, mapping: mapping)
        trainer.load(variables)
        return report
    }
}
