import ApusExperiments

/// An edit of an experiment: settings that take other values, as `--set` writes them.
struct Edit: Hashable, Sendable {
    /// Paths with their values: `optimizer.adam.learningRate`, `0.001`.
    var assignments: [Assignment]

    struct Assignment: Hashable, Sendable, CustomStringConvertible {
        let path: String
        let value: SettingValue

        var description: String { "\(path)=\(value)" }
    }

    init(_ assignments: [(path: String, value: SettingValue)]) {
        self.assignments = assignments.map { Assignment(path: $0.path, value: $0.value) }
    }

    init(_ path: String, _ value: SettingValue) { self.init([(path, value)]) }

    /// Settings as `--set` takes them.
    init(settings: [String]) {
        self.init(
            settings.compactMap { setting in
                guard let sign = setting.firstIndex(of: "=") else { return nil }
                return (String(setting[..<sign]), .written(String(setting[setting.index(after: sign)...])))
            })
    }

    /// The settings as `--set` takes them.
    var settings: [String] { assignments.map(\.description) }

    var paths: [String] { assignments.map(\.path) }

    /// This edit, and another one after it.
    func and(_ other: Edit) -> Edit {
        var edit = self
        for assignment in other.assignments {
            edit.assignments.removeAll { $0.path == assignment.path || $0.path.hasPrefix(assignment.path + ".") }
            edit.assignments.append(assignment)
        }
        return edit
    }

    /// The experiment with the edit.
    ///
    /// - Throws: `ConfigurationError` where a path leads nowhere or a value does not fit.
    func applied(to experiment: Experiment) throws -> Experiment { try experiment.setting(settings) }
}
