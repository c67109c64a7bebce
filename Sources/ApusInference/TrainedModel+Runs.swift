package import ApusBackend
package import ApusFormats
package import ApusNN
package import Foundation

/// What the folder of a run holds of its model, without the experiment: `inputs.json` and checkpoints.
package struct RunFiles: Sendable {
    /// What describes the model.
    package static let description = "inputs.json"
    /// What makes a folder that of a run.
    package static let experiment = "experiment.yaml"
    private static let weights = "state.safetensors"
    /// The optimizer's average of a variable lies below the variable's name.
    private static let average = "average"

    /// Where the run is.
    package let path: String

    /// - Throws: `FormatError` if the folder is not that of a run.
    package init(_ path: String) throws(FormatError) {
        self.path = path
        guard [RunFiles.experiment, RunFiles.description].contains(where: exists) else {
            throw FormatError(
                .missing, path: path, "the folder is not that of a run",
                expected: "\(RunFiles.experiment) and \(RunFiles.description)",
                received: received,
                remedy: "Give the folder that `apus train` printed, for instance runs/lenet5-1, or a file of a model.")
        }
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// The files that there are, for messages.
    private var received: String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        return names.isEmpty
            ? "an empty folder" : names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    }

    /// What the run's model is.
    ///
    /// - Throws: `FormatError` if the file is missing, damaged, or of another version.
    package func details(kinds: [any (Model & Codable).Type] = []) throws(FormatError) -> ModelDescription {
        try ModelDescription(json: try text(), path: "\(path)/\(RunFiles.description)", kinds: kinds)
    }

    /// The bytes of `inputs.json`.
    ///
    /// - Throws: `FormatError` if there is none.
    package func text() throws(FormatError) -> Data {
        let file = "\(path)/\(RunFiles.description)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw FormatError(
                .missing, path: path, "the run has no \(RunFiles.description), which says what its model takes",
                remedy: "The run was made by an older version: train again.")
        }
        return data
    }

    /// The weights of the best epoch, or of the last where there is no best.
    ///
    /// - Throws: `FormatError` if there are none.
    func checkpoint() throws(FormatError) -> SafetensorsFile {
        for name in ["best", "last"] where exists("checkpoints/\(name)/\(RunFiles.weights)") {
            return try SafetensorsFile("\(path)/checkpoints/\(name)/\(RunFiles.weights)")
        }
        throw FormatError(
            .missing, path: path, "the run has no weights yet", expected: "checkpoints/last/\(RunFiles.weights)",
            remedy: "Wait for its first epoch to end, or continue it: apus train --resume \(path).")
    }

    /// The values of a model's variables; the averages where training averages.
    func variables(
        _ descriptions: [(path: String, description: VariableDescription)]
    ) throws(FormatError) -> Variables {
        let file = try checkpoint()
        let weights = WeightsFile.safetensors(file)
        let result = try file.variables(descriptions) { name in
            let average = "\(name)/\(RunFiles.average)"
            return file.contains(average) && weights.isSlot(average) ? average : name
        }
        if let name = file.names.first(where: { result.variable($0) == nil && !weights.isSlot($0) }) {
            throw file.strange(name, expected: "no such tensor", received: "\(try file.type(of: name))")
        }
        return result
    }
}

extension TrainedModel {
    /// The model of a run.
    init(_ run: RunFiles, kinds: [any (Model & Codable).Type], device: Device) throws(FormatError) {
        try self.init(run, try run.details(kinds: kinds), kinds: kinds, device: device)
    }

    /// The model of a run, as it is described.
    package init(
        _ run: RunFiles, _ details: ModelDescription, kinds: [any (Model & Codable).Type] = [], device: Device
    ) throws(FormatError) {
        let file = "\(run.path)/\(RunFiles.description)"
        guard let model = details.model else {
            throw FormatError(
                .unsupported, path: file, "the run does not hold its model, for files do not know its kind",
                expected: "a model that is Codable and was registered when the run began",
                remedy: "Make the model with its weights: TrainedModel(model, variables: …, inputs: …).")
        }
        let traced = try details.traced(model, path: file)
        self.init(model, details, variables: try run.variables(traced.descriptions), device: device, kinds: kinds)
    }
}
