import ApusConfiguration
import Foundation
import Yams

/// An experiment as files and people write it, before defaults fill what is left out: layers of it can be put above each other.
///
/// ```swift
/// let file = try ExperimentFile(yaml: text, path: "lenet.yaml").setting("optimizer.adam.learningRate", to: "0.01")
/// let experiment = try file.experiment()
/// ```
public struct ExperimentFile: Sendable {
    /// What errors call the text.
    public let path: String
    let root: FileNode

    private init(_ root: FileNode, path: String) {
        self.root = root
        self.path = path
    }

    /// Reads a YAML or JSON text.
    ///
    /// - Throws: `TrainingError` that names the line where the text is no YAML.
    public init(yaml text: String, path: String) throws(TrainingError) {
        guard let root = try FileNode(yaml: text, file: path), !root.isNull else {
            throw TrainingError(
                "\(path) is empty; an experiment says at least its name and model", kind: .malformed)
        }
        guard root.entries != nil else {
            throw TrainingError(
                "\(root.place.map { "\($0)" } ?? path): expected keys with values, at least name and model, but found \(root.found)",
                kind: .malformed)
        }
        self.init(root, path: path)
    }

    /// An experiment of a network by name, everything else at its default.
    public init(model name: String) {
        let entries = ["name", "model"].map { FileNode.Entry(key: $0, value: .name(name, nil)) }
        self.init(FileNode(.mapping(entries)), path: name)
    }

    // MARK: Layers

    /// This file with the values of another one above it: mappings are joined key by key, other values replaced, and so is what
    /// is of another kind.
    public func merging(_ other: ExperimentFile) -> ExperimentFile {
        ExperimentFile(root.merging(other.root, Experiment.form), path: path)
    }

    /// This file with another value at a path such as `optimizer.adam.learningRate` or `model.2.dense.units`.
    ///
    /// Numbers are places in lists. A kind that is written by its name alone becomes one with constants, and another kind takes
    /// its place.
    ///
    /// - Parameter value: A text in YAML: `0.01`, `[accuracy, f1]`.
    /// - Throws: `TrainingError` that says what exists where the path leads nowhere.
    public func setting(_ path: String, to value: String) throws(TrainingError) -> ExperimentFile {
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.isEmpty, !names.contains("") else {
            throw TrainingError("expected a path such as optimizer.adam.learningRate but received \"\(path)\"")
        }
        let place = FileNode.Place.setting("\(path)=\(value)")
        let node: FileNode
        do {
            node = try FileNode(yaml: value, file: "\(path)=\(value)")?.placed(place) ?? .name("", place)
        } catch {
            throw TrainingError("\(path) can't be set: \(value) is not YAML")
        }
        return ExperimentFile(try root.setting(node, at: names[...], Experiment.form), path: self.path)
    }

    /// This file with another value at a path, written as `path=value`.
    public func setting(_ assignment: String) throws(TrainingError) -> ExperimentFile {
        guard let sign = assignment.firstIndex(of: "=") else {
            throw TrainingError("expected PATH=VALUE, for instance epochs=3, but received \"\(assignment)\"")
        }
        let path = assignment[..<sign].trimmingCharacters(in: .whitespaces)
        return try setting(path, to: String(assignment[assignment.index(after: sign)...]))
    }

    // MARK: Reading

    /// The experiment, with defaults for what is left out.
    ///
    /// - Throws: `TrainingError` that names the line and what is wrong there.
    public func experiment() throws(TrainingError) -> Experiment {
        let experiment = try decoded(root)
        if let problem = experiment.problems.first { throw malformed(problem.path, problem.text) }
        return experiment
    }

    /// Everything that is wrong, one line each in the order of the file; empty if nothing is.
    public var problems: [String] {
        var (rest, problems): (FileNode?, [FileProblem]) = (root, [])
        // What is wrong is taken out until the rest can be read.
        while let tree = rest, problems.count < 100 {
            do {
                let experiment = try YAMLDecoder().decode(Experiment.self, from: tree.node)
                problems += experiment.problems.map { FileProblem($0.path, $0.text) }
                break
            } catch {
                let problem = FileProblem(error, in: tree)
                problems.append(problem)
                rest = tree.leavingOut(problem.path, problem.name)
            }
        }
        func line(_ problem: FileProblem) -> Int {
            if case .line(_, let line) = problem.place(in: root) { line } else { .max }
        }
        return problems.enumerated().sorted { (line($0.element), $0.offset) < (line($1.element), $1.offset) }.map {
            $0.element.error(in: root, path).description
        }
    }

    /// A problem that shows when the experiment is built, with the line of a path in front.
    package func located(_ text: String, at path: String) -> String {
        malformed(path.split(separator: ".").map(String.init), text).description
    }

    private func decoded(_ root: FileNode) throws(TrainingError) -> Experiment {
        do {
            return try YAMLDecoder().decode(Experiment.self, from: root.node)
        } catch {
            throw FileProblem(error, in: root).error(in: root, path)
        }
    }

    private func malformed(_ names: [String], _ text: String) -> TrainingError {
        FileProblem(names, text).error(in: root, path)
    }
}

extension FileNode {
    /// The tree without what a problem is about, so that others are found; `nil` if nothing can be left out.
    fileprivate func leavingOut(_ path: [String], _ name: String?) -> FileNode? {
        if let name, let entries = nearest(path).entries, entries.contains(where: { $0.key == name }) {
            // Of a kind that does not exist nothing is left.
            return removing(entries.count == 1 && !path.isEmpty ? path : path + [name])
        }
        if path.isEmpty, let name, self[name] == nil { return with(name, .name("mlp", nil), nil) }
        return path.isEmpty ? nil : removing(path)
    }

    private func removing(_ path: [String]) -> FileNode? {
        guard let first = path.first, let inner = self[first] else { return nil }
        if path.count > 1, let rest = inner.removing(Array(path.dropFirst())) { return with(first, rest, place) }
        return removing(first)
    }
}
