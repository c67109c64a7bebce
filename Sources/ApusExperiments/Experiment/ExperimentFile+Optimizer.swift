import ApusConfiguration
import ApusOptimizers
import ApusTraining

extension ExperimentFile {
    /// This file with another learning rate of the optimizer that it names.
    ///
    /// - Throws: `ConfigurationError` if the file does not describe an experiment.
    public func setting(learningRate: Double) throws -> ExperimentFile {
        let algorithm = try experiment().optimizer.rule
        return try setting("optimizer.\(type(of: algorithm).kind).learningRate", to: "\(learningRate)")
    }

    /// This file with variables that keep their values, before the groups that its optimizer has.
    ///
    /// - Parameter patterns: Of the variables' paths, such as `0.conv2D/*`.
    /// - Throws: `ConfigurationError` if the file does not describe an experiment.
    public func freezing(_ patterns: [String]) throws -> ExperimentFile {
        guard !patterns.isEmpty else { return self }
        // The first group that matches counts.
        let groups = patterns.map { ParameterGroup($0, isFrozen: true) } + (try experiment().optimizer.groups)
        return try setting("optimizer.groups", to: try FileJSON.text(groups))
    }
}
