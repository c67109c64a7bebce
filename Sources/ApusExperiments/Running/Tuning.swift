import ApusConfiguration
import ApusNN
public import ApusSearch
public import ApusTraining
import Foundation

/// A search over the settings of an experiment: every trial is a run in a folder of its own.
///
/// Settings are paths as `--set` takes them. A trial differs from the experiment in these alone, seed included, so training its
/// `experiment.yaml` again gives the same weights. Trials that were cut off continue from their last checkpoint; under successive
/// halving and Hyperband budgets are epochs, and a promoted trial continues from where it was.
///
/// ```swift
/// import ApusSearch
///
/// let file = ExperimentFile(model: "lenet5")
/// let search = Search(space: ["optimizer.adam.learningRate": .log(1e-4...1e-1)], trials: 10)
/// let tuning = try Tuning(file, search, name: "rates", in: RunCatalog().store, folder: "runs/rates")
/// try tuning.run { print($0.number, $0.assignment, $0.score ?? .nan) }
/// print(try tuning.table())
/// ```
public struct Tuning: Sendable {
    /// The experiment that trials change.
    public let file: ExperimentFile
    /// Hands out the trials and keeps their scores.
    public let study: Study
    /// Where the trials' runs are: `FOLDER/trial-0`, `FOLDER/trial-1`, …
    public let folder: String
    private var search: Search { study.search }

    /// Opens a study of the store, or begins it.
    ///
    /// - Throws: `ConfigurationError` if a path of the space leads nowhere, or a value does not fit there; `SearchError` if the search is
    ///   impossible, or differs from that of the study; `TrainingError` if its objective is not measured.
    public init(
        _ file: ExperimentFile, _ search: Search, name: String, in store: TrialStore, folder: String
    ) throws {
        var common = file
        for dimension in search.space.dimensions {
            for value in dimension.domain.examples {
                _ = try file.setting(dimension.path, to: value.yaml).experiment()
            }
            // What trials have in common is what is left where these have the same values.
            if let value = dimension.domain.examples.first {
                common = try common.setting(dimension.path, to: value.yaml)
            }
        }
        let experiment = try common.experiment()
        if let problem = Tuning.problem(search, experiment) { throw TrainingError("the objective is \(problem)") }
        self.file = file
        self.folder = folder
        // The name is that of the study.
        let settings = experiment.settings.filter { $0.key != "name" }
        study = try Study(name, search, in: store, settings: settings)
    }

    /// A search over an experiment, whose study and trials are in one folder: `FOLDER/search.sqlite`, `FOLDER/trial-0`, …
    ///
    /// The study is called like the experiment; a program that is started again continues it.
    ///
    /// ```swift
    /// import ApusSearch
    ///
    /// let experiment = Experiment(
    ///     name: "moons", data: DataSource(source: .generated(.moons())),
    ///     model: .layers(Sequential { Dense(8, activation: .relu); Dense(2) }), epochs: 3)
    /// let search = Search(space: ["model.0.dense.units": .choice([4, 16])], strategy: .grid())
    /// try Tuning(experiment, search, in: "runs/moons-search").run()
    /// ```
    ///
    /// - Parameters:
    ///   - experiment: What trials change; files must be able to hold it.
    ///   - search: What is tried, and how.
    ///   - folder: Where everything is kept; it is made if there is none.
    /// - Throws: What the other initializer throws; `EncodingError` for an experiment that files can't hold.
    public init(_ experiment: Experiment, _ search: Search, in folder: String) throws {
        let file = try ExperimentFile(yaml: experiment.yaml(), path: "\(experiment.name).yaml")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try self.init(
            file, search, name: experiment.name, in: TrialStore(path: "\(folder)/search.sqlite"), folder: folder)
    }

    /// Why the objective can't be measured; `nil` if it can, or if only the data show it.
    private static func problem(_ search: Search, _ experiment: Experiment) -> String? {
        let metric = search.objective.metric
        if search.folds > 1, metric.hasPrefix("training.") {
            return
                "\(metric), but of folds the validation part is measured; name validation.\(metric.dropFirst("training.".count))"
        }
        let validation = experiment.data.validation
        let isValidated = search.folds > 1 || validation.fraction > 0 || validation.file != nil
        return MeasuredNames(experiment.objective, isValidated: isValidated).problem(metric)
    }

    /// Removes a study with its trials and their runs, so that a search of this name begins anew.
    ///
    /// - Throws: `SearchError` of the store; what the system says of folders that can't be removed.
    public static func remove(_ name: String, in store: TrialStore, folder: String) throws {
        guard try store.removeStudy(name) else { return }
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where entry.hasPrefix("trial-") { try FileManager.default.removeItem(atPath: "\(folder)/\(entry)") }
    }

    /// Runs trials until there are no more, or one is interrupted.
    ///
    /// Several processes may do so at once.
    ///
    /// - Parameters:
    ///   - callbacks: For every training; one that stops it with `interrupted` ends the search, which can be resumed later.
    ///   - finished: Receives each trial that ended.
    /// - Returns: Whether all trials are done.
    /// - Throws: `SearchError` of the store; a trial that throws has failed, and the search continues.
    @discardableResult
    public func run(callbacks: [Callback] = [], finished: (Trial) throws -> Void = { _ in }) throws -> Bool {
        try study.run(finished: finished) { trial, reporter in try score(of: trial, reporter, callbacks) }
    }

    /// The trials that ended, the best first, with their settings.
    public func table(limit: Int = 20) throws -> String {
        let trials = try study.trials().filter { $0.finished != nil }
        func loss(_ trial: Trial) -> Double { trial.score.map(search.objective.loss) ?? .infinity }
        let ranked = trials.sorted { (loss($0), $0.number) < (loss($1), $1.number) }
        let paths = search.space.paths
        let rows = ranked.prefix(limit).map { trial in
            ["\(trial.number)", trial.score.map(Measurements.rounded) ?? trial.state.rawValue]
                + paths.map { trial.assignment[$0]?.description ?? "–" }
        }
        return TextTable(header: ["trial", search.objective.metric] + paths, rows: rows).description
    }

    /// The experiment of a trial.
    public func experiment(of trial: Trial) throws -> Experiment {
        var file = file
        for (path, value) in trial.assignment.entries { file = try file.setting(path, to: value.yaml) }
        var experiment = try file.experiment()
        experiment.name = "\(study.name)-\(trial.number)"
        if let budget = trial.budget { experiment.epochs = budget }
        return experiment
    }

    // MARK: Trials

    private static let prunedReason = "pruned: other trials were better at this epoch"

    private func score(of trial: Trial, _ reporter: Study.Reporter, _ callbacks: [Callback]) throws -> Double {
        let path = "\(folder)/trial-\(trial.number)"
        try reporter.setFolder(path)
        let experiment = try experiment(of: trial)
        return search.folds > 1
            ? try meanOfFolds(trial, experiment, path, callbacks) : try score(trial, experiment, path, callbacks)
    }

    private func score(
        _ trial: Trial, _ experiment: Experiment, _ path: String, _ callbacks: [Callback]
    ) throws -> Double {
        var run = try ExperimentRun(experiment, data: nil, continuing: path)
        let (study, metric) = (study, search.objective.metric)
        let reports = Callback.onEvent { event, control in
            guard case .epochEnded(let record) = event, let value = record.value(metric) else { return }
            if try study.report(trial, step: record.epoch, value: value) {
                control.stop(.callback(Tuning.prunedReason))
            }
        }
        if run.record.state != .completed { try run.train(callbacks: callbacks + [reports]) }
        if run.record.state == .interrupted { throw TrialInterrupted() }
        if run.record.stopReason == Tuning.prunedReason { throw TrialPruned() }
        return try value(of: metric, after: run)
    }

    /// What the objective asks for, of the weights that training ended with.
    private func value(of metric: String, after run: ExperimentRun) throws -> Double {
        let prefix = "validation."
        if metric.hasPrefix(prefix), let validation = run.data.validation,
            let value = try run.trainer.evaluate(validation)[String(metric.dropFirst(prefix.count))]
        {
            return value
        }
        guard let record = try run.folder?.history().epochs.last, let value = record.value(metric) else {
            throw TrainingError(
                "the objective is \(metric), which this training does not measure; hold back data to validate on, or name another metric"
            )
        }
        return value
    }

    private func meanOfFolds(
        _ trial: Trial, _ experiment: Experiment, _ path: String, _ callbacks: [Callback]
    ) throws -> Double {
        let metric = search.objective.metric.replacing("validation.", with: "", maxReplacements: 1)
        var scores: [Double] = []
        var mean: Double { scores.reduce(0, +) / Double(scores.count) }
        let result = try CrossValidation.run(experiment, folds: search.folds, in: path, callbacks: callbacks) {
            fold, measured in
            guard let score = measured[metric] else {
                throw TrainingError("the objective is \(metric), which this training does not measure")
            }
            scores.append(score)
            // Halving counts epochs, of which every fold has the same.
            if trial.budget == nil, try study.report(trial, step: fold, value: mean), fold < search.folds {
                throw TrialPruned()
            }
        }
        guard !result.isInterrupted else { throw TrialInterrupted() }
        return mean
    }
}

extension Setting {
    /// As YAML that reads as the same value: texts are quoted.
    var yaml: String {
        (try? FileJSON.text(self)) ?? description
    }
}
