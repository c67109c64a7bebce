import ApusConfigurationFiles
public import ApusConfiguration
import Foundation

/// An experiment as files and people write it, before defaults fill what is left out: layers of it can be put above each other.
///
/// ```swift
/// let text = "{name: lenet, model: lenet5, optimizer: {adam: {learningRate: 0.001}}}"
/// let file = try ExperimentFile(yaml: text, path: "lenet.yaml").setting(
///     "optimizer.adam.learningRate", to: "0.01")
/// let experiment = try file.experiment()
/// ```
public struct ExperimentFile: Sendable {
    private let file: LayeredFile<Experiment>

    private init(_ file: LayeredFile<Experiment>) { self.file = file }

    /// Reads a YAML or JSON text.
    ///
    /// - Throws: `ConfigurationError` that names the line where the text is no YAML.
    public init(yaml text: String, path: String) throws(ConfigurationError) {
        guard let root = try FileNode(yaml: text, file: path), !root.isNull else {
            throw ConfigurationError(
                "\(path) is empty; an experiment says at least its model", kind: .malformed)
        }
        guard root.entries != nil else {
            throw ConfigurationError(
                "\(root.place.map { "\($0)" } ?? path): expected keys with values, at least a model, but found \(root.found)",
                kind: .malformed)
        }
        // What a file is called may stand for its name.
        let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
        let named = root["name"] == nil && !name.isEmpty ? root.naming(name) : root
        self.init(LayeredFile(named, path: path))
    }

    /// An experiment of a network by name, everything else at its default.
    public init(model name: String) {
        let entries = ["name", "model"].map { FileNode.Entry(key: $0, value: .name(name, nil)) }
        self.init(LayeredFile(FileNode(.mapping(entries)), path: name))
    }

    /// What errors call the text.
    public var path: String { file.path }

    // MARK: Layers

    /// This file with the values of another one above it: mappings are joined key by key, other values replaced, and so is what
    /// is of another kind.
    public func merging(_ other: ExperimentFile) -> ExperimentFile { ExperimentFile(file.merging(other.file)) }

    /// This file with another value at a path such as `optimizer.adam.learningRate` or `model.2.dense.units`.
    ///
    /// Numbers are places in lists. A kind that is written by its name alone becomes one with arguments, and another kind takes
    /// its place.
    ///
    /// - Parameters:
    ///   - path: The keys that lead to the value, joined by dots.
    ///   - value: A text in YAML: `0.01`, `[accuracy, f1]`.
    /// - Throws: `ConfigurationError` that says what exists where the path leads nowhere.
    public func setting(_ path: String, to value: String) throws(ConfigurationError) -> ExperimentFile {
        ExperimentFile(try file.setting(path, to: value))
    }

    /// This file with another value at a path, written as `path=value`.
    public func setting(_ assignment: String) throws(ConfigurationError) -> ExperimentFile {
        guard let sign = assignment.firstIndex(of: "=") else {
            throw ConfigurationError("expected PATH=VALUE, for instance epochs=3, but received \(assignment.quoted)")
        }
        let path = assignment[..<sign].trimmingCharacters(in: .whitespaces)
        return try setting(path, to: String(assignment[assignment.index(after: sign)...]))
    }

    // MARK: Reading

    /// The experiment, with defaults for what is left out.
    ///
    /// - Throws: `ConfigurationError` that names the line and what is wrong there.
    public func experiment() throws(ConfigurationError) -> Experiment {
        let experiment = try runExperiment()
        if let problem = experiment.lateUnfreezing.first { throw file.error(problem) }
        return experiment
    }

    /// The experiment of a run, which may have other epochs than its file had.
    func runExperiment() throws(ConfigurationError) -> Experiment {
        let experiment = try file.value()
        if let problem = experiment.problems.first { throw file.error(problem) }
        return experiment
    }

    /// Everything that is wrong, one line each in the order of the file; empty if nothing is.
    public var problems: [String] {
        // The keys that must be given are names.
        file.problems(standIn: "mlp") { $0.problems + $0.lateUnfreezing }
    }

    /// A problem that shows when the experiment is built, with the line of a path in front.
    package func located(_ text: String, at path: String) -> String {
        file.error(FileProblem(path.split(separator: ".").map(String.init), text)).description
    }
}
