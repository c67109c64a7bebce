import ApusConfiguration

extension Experiment {
    /// The experiment as a tree of settings.
    ///
    /// - Throws: `EncodingError` for callbacks and functions that files can't hold.
    package var settingTree: SettingValue { get throws { try FileJSON.value(try FileJSON.text(self)) } }

    /// Every setting by its path, `optimizer.adam.learningRate`; nothing if there are callbacks that files can't hold.
    package var settings: [String: String] {
        var result: [String: String] = [:]
        (try? settingTree)?.collect("", &result)
        return result
    }

    /// The experiment with other settings, as `--set` writes them: `optimizer.adam.learningRate=0.01`.
    ///
    /// - Parameter path: What errors call the experiment.
    /// - Throws: `ConfigurationError` where a path leads nowhere or a value does not fit.
    public func setting(_ assignments: [String], path: String = "experiment.yaml") throws -> Experiment {
        guard !assignments.isEmpty else { return self }
        return try assignments.reduce(try ExperimentFile(yaml: yaml(), path: path)) { try $0.setting($1) }.experiment()
    }
}

extension SettingValue {
    /// Adds each single value with its path.
    fileprivate func collect(_ path: String, _ result: inout [String: String]) {
        switch self {
        case .object(let entries):
            for (name, value) in entries { value.collect(path.isEmpty ? name : "\(path).\(name)", &result) }
        case .list(let values):
            for (index, value) in values.enumerated() { value.collect("\(path)[\(index)]", &result) }
        case .none: result[path] = "none"
        case .flag(let flag): result[path] = "\(flag)"
        case .whole(let number): result[path] = "\(number)"
        case .number(let number): result[path] = "\(number)"
        case .text(let text), .written(let text): result[path] = text
        }
    }
}
