public import ApusSearch
public import ApusTraining

/// How an experiment does on each of k folds of its data.
///
/// Each fold trains on the others from the same seed and is measured with the weights that training ends with.
///
/// ```swift
/// let experiment = Experiment(
///     name: "blobs", data: DataSource(source: .generated(.blobs())),
///     model: .layers(Sequential { Dense(3) }), epochs: 3)
/// let folds = try CrossValidation.run(experiment, folds: 5, in: "runs/blobs-folds")
/// if let accuracy = folds.summary("accuracy") {
///     print(accuracy.mean, "±", accuracy.standardDeviation)
/// }
/// ```
public struct CrossValidation: Sendable {
    /// Loss and metrics on the validation part of each fold.
    public private(set) var scores: [Measurements] = []
    /// The folders of the folds' runs.
    public private(set) var folders: [String] = []
    /// Whether it was ended before all folds were done.
    public private(set) var isInterrupted = false

    private init() {}

    /// Trains on every fold; each has a folder of its own in `folder`: `fold-1`, `fold-2`, …
    ///
    /// Folds that are complete there are not trained again, one that was interrupted is resumed: the result is the same.
    ///
    /// - Parameters:
    ///   - experiment: What is trained.
    ///   - k: How many folds, at least 2.
    ///   - folder: Where the folders of the folds are.
    ///   - callbacks: For each fold.
    ///   - finished: Receives each fold, from 1, with its scores.
    /// - Returns: The scores of all folds, or of those before it was interrupted.
    /// - Throws: What training throws; `TrainingError` if the folder holds another experiment.
    public static func run(
        _ experiment: Experiment, folds k: Int, in folder: String, callbacks: [Callback] = [],
        finished: (Int, Measurements) throws -> Void = { _, _ in }
    ) throws -> CrossValidation {
        var result = CrossValidation()
        for (index, data) in try experiment.loadedFolds(k).enumerated() {
            guard let validation = data.validation else { continue }
            let path = "\(folder)/fold-\(index + 1)"
            var run = try ExperimentRun(experiment, data: data, continuing: path)
            if run.record.state != .completed {
                try run.train(callbacks: callbacks)
                if run.record.state == .interrupted {
                    result.isInterrupted = true
                    return result
                }
            }
            let score = try run.trainer.evaluate(validation)
            result.scores.append(score)
            result.folders.append(path)
            try finished(index + 1, score)
        }
        return result
    }

    /// Mean and standard deviation of the loss or a metric, without the prefix `validation.`; `nil` if it is not measured.
    public func summary(_ name: String) -> ScoreSummary? { ScoreSummary(scores.compactMap { $0[name] }) }
}

extension CrossValidation: CustomStringConvertible {
    /// A row a fold, then mean and standard deviation.
    public var description: String {
        let names = (scores.first?.names ?? []).filter { !$0.contains("[") }
        func row(_ name: String, _ value: (String) -> Double?) -> [String] {
            [name] + names.map { value($0).map(Measurements.rounded) ?? "–" }
        }
        var rows = scores.enumerated().map { index, score in row("\(index + 1)") { score[$0] } }
        rows.append(row("mean") { summary($0)?.mean })
        rows.append(row("standard deviation") { summary($0)?.standardDeviation })
        return TextTable(header: ["fold"] + names, rows: rows).description
    }
}
