/// A search that can be resumed: hands out trials, takes their scores, and remembers everything in a store.
///
/// Nothing is held in memory, so several tasks and several processes may work on one study, and one that was
/// interrupted continues where it stopped. With one worker, proposals are the same whether it was interrupted or not.
///
/// ```swift
/// let search = Search(space: ["x": .real(-5...5)], trials: 25)
/// let study = try Study("parabola", search, in: TrialStore(path: "trials.sqlite"))
/// try study.run { trial, _ in
///     let x = trial.assignment["x"]?.number ?? 0
///     return (x - 2) * (x - 2)
/// }
/// if let best = try study.best() { print(best.assignment, best.score ?? .nan) }
/// ```
public struct Study: Sendable {
    /// The name in the store.
    public let name: String
    /// What is searched, and how.
    public let search: Search
    /// Where the trials are kept.
    public let store: TrialStore
    package let id: Int64

    /// Opens a study of the store, or begins it.
    ///
    /// - Parameters:
    ///   - name: The name of the study in the store.
    ///   - search: What is searched, and how.
    ///   - store: Where the trials are kept.
    ///   - settings: All that trials have in common, by path, for the study goes on with the same alone.
    ///   - silence: Seconds without a report after which trials of other machines are taken over; `nil`: never. Trials of this machine are
    ///     taken over when their process is gone.
    /// - Throws: `SearchError` if the search is impossible, or differs from the study's in more than its trials.
    public init(
        _ name: String, _ search: Search, in store: TrialStore, settings: [String: String] = [:], silence: Double? = nil
    ) throws {
        if let problem = search.problem { throw SearchError("the search is impossible: \(problem)") }
        self.name = name
        self.search = search
        self.store = store
        self.silence = silence
        id = try store.openStudy(name, search, settings)
    }

    private let silence: Double?

    /// What a worker does next.
    public enum Next: Sendable, Hashable {
        /// A trial to run.
        case trial(Trial)
        /// Nothing until a running trial ends.
        case wait
        /// Nothing any more.
        case finished
    }

    /// Claims the next trial: one that was lost, one that is promoted, or a new one.
    public func ask() throws -> Next {
        try store.recover(id, silence: silence)
        while true {
            if let trial = try store.beginWaiting(of: id) { return .trial(trial) }
            let history = try history()
            let trial: Trial?
            switch search.strategy.value.proposal(history) {
            case .finished: return .finished
            case .wait: return .wait
            case .promote(let number, let budget): trial = try store.promote(number, to: budget, of: id)
            case .new(let proposed, let budget):
                let number = history.observations.count
                guard number < history.limit else { return .finished }
                // Halving repeats on purpose, with other budgets.
                let assignment = budget == nil ? history.fresh(proposed, besides: history.tried) : proposed
                guard let assignment else { return .finished }
                var random = SearchRandom(seed: search.seed, trial: number, stream: "training")
                trial = try store.begin(number, assignment, budget: budget, seed: random.next(), of: id)
            }
            // Somebody else was faster; the history has changed.
            if let trial { return .trial(trial) }
        }
    }

    /// Ends a trial with its score; one that is not a number counts as that of a training that diverged.
    public func tell(_ trial: Trial, score: Double) throws {
        if score.isNaN { return try tell(trial, divergence: "the score is not a number") }
        try store.end(trial, .complete, score: score, error: nil)
    }

    /// Ends a trial whose training diverged: strategies take it for worse than every other.
    public func tell(_ trial: Trial, divergence: String) throws {
        try store.end(trial, .diverged, score: nil, error: divergence)
    }

    /// Ends a trial that failed.
    public func tell(_ trial: Trial, failure: String) throws {
        try store.end(trial, .failed, score: nil, error: failure)
    }

    /// Ends a trial that was given up.
    public func prune(_ trial: Trial) throws { try store.end(trial, .pruned, score: nil, error: nil) }

    /// Gives a trial back unfinished, to be run again.
    public func release(_ trial: Trial) throws { try store.release(trial) }

    /// Notes the folder of a trial's run.
    public func setFolder(_ folder: String, of trial: Trial) throws { try store.setFolder(folder, of: trial) }

    /// Notes a value of a running trial.
    ///
    /// - Parameters:
    ///   - trial: A trial that runs.
    ///   - step: The step of the value: the epoch, from 1.
    ///   - value: The objective's metric, as it was measured.
    /// - Returns: Whether the trial should be given up; `prune(_:)` does it.
    public func report(_ trial: Trial, step: Int, value: Double) throws -> Bool {
        try store.report(trial, step: step, value: value)
        if search.pruner == .none { return false }
        let (trials, values) = try store.read { database in
            (try TrialStore.trials(of: id, database), try store.values(of: id, database))
        }
        let others = trials.filter { $0.state == .complete && $0.id != trial.id }
        func losses(_ trial: Trial) -> [Int: Double] { (values[trial.id] ?? [:]).mapValues(search.objective.loss) }
        return search.pruner.prunes(at: step, values: losses(trial), others: others.map(losses))
    }

    /// All trials by number.
    public func trials() throws -> [Trial] { try store.read { try TrialStore.trials(of: id, $0) } }

    /// The complete trial with the best score, the earliest of several.
    public func best() throws -> Trial? {
        try trials().filter { $0.state == .complete && $0.score != nil }.min {
            search.objective.loss($0.score ?? .infinity) < search.objective.loss($1.score ?? .infinity)
        }
    }

    /// What a trial reported, by step.
    public func values(of trial: Trial) throws -> [IntermediateValue] {
        let values = try store.read { try store.values(of: id, $0) }[trial.id] ?? [:]
        return values.sorted { $0.key < $1.key }.map { IntermediateValue(step: $0.key, value: $0.value) }
    }
}
