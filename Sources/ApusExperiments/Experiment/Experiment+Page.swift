import ApusConfigurationFiles
import ApusConfiguration

extension Experiment {
    /// Every key with its default and meaning, as an experiment file: it reads as an experiment without any settings.
    public static var defaultsPage: String {
        DefaultsPage(schema.constants, given: ["name": "experiment", "model": "mlp"]).description
    }

    /// The JSON Schema (draft 2020-12) of experiment files.
    public static var jsonSchema: String { "\(JSONSchema("An experiment of Apus", Experiment.self))\n" }
}
