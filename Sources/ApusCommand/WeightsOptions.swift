import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser

/// Options for the weights that a training starts from: short for settings of the key `init`.
struct WeightsOptions: ParsableArguments {
    @Option(
        name: .customLong("init"),
        help:
            "Weights to start from (.safetensors, .npz, .pth, .keras, .h5), the folder of a run, or a name such as mobilenetV2-imagenet: --set init.from=…"
    )
    var file: String?

    @Option(
        name: .customLong("init-mode"),
        help: "Whether everything must fit (strict), or what fits is taken (partial): --set init.mode=…",
        transform: WeightsOptions.mode)
    var mode: WeightsMode?

    @Option(
        name: .customLong("init-map"),
        help: ArgumentHelp(
            "What begins names in the file, and in the model in its place: encoder=backbone; may be repeated.",
            valueName: "file=model"))
    var map: [String] = []

    @Option(
        name: .customLong("init-except"),
        help: ArgumentHelp(
            "What begins the names of variables that keep their drawn values: classifier; may be repeated.",
            valueName: "name"))
    var except: [String] = []

    @Flag(
        name: .customLong("init-replace-head"),
        help: "The last layer that has weights keeps its drawn values: --set init.replaceHead=true")
    var replacesHead = false

    /// Whether any of them is.
    var isGiven: Bool { file != nil || mode != nil || !map.isEmpty || !except.isEmpty || replacesHead }

    func validate() throws {
        for entry in map where !entry.contains("=") {
            throw ValidationError("--init-map expects FILE=MODEL, for instance encoder=backbone, received \(entry)")
        }
        guard file == nil else { return }
        if !map.isEmpty { throw ValidationError("--init-map needs --init FILE") }
        if !except.isEmpty { throw ValidationError("--init-except needs --init FILE") }
        if replacesHead { throw ValidationError("--init-replace-head needs --init FILE") }
        if mode != nil { throw ValidationError("--init-mode needs --init FILE") }
    }

    private static func mode(_ text: String) throws -> WeightsMode {
        guard let mode = WeightsMode(rawValue: text) else {
            throw ValidationError("expected strict or partial, received \(text)")
        }
        return mode
    }

    /// An experiment that starts from the weights; what its file says of others does not count.
    func set(in experiment: ExperimentFile) throws -> ExperimentFile {
        guard let file else { return experiment }
        let pairs = map.map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let start = Initialization(
            from: file, map: Dictionary(pairs.map { ($0[0], $0[1]) }) { _, last in last }, except: except,
            replaceHead: replacesHead, mode: mode ?? .strict)
        return try experiment.setting("init", to: try FileJSON.text(start))
    }
}
