public import ApusConfiguration

/// A search as data: what may change, how it is chosen, and what counts.
///
/// ```swift
/// let search = Search(
///     space: ["learningRate": .log(1e-4...1e-1), "units": .choice([16, 64])], strategy: .tpe, trials: 30,
///     objective: .maximize(metric: "accuracy"), pruner: .median(startupTrials: 5, warmupSteps: 3))
/// ```
public struct Search: Configurable {
    /// The paths that may change, with their values.
    public var space: SearchSpace
    /// How assignments are chosen.
    public var strategy: Strategy
    /// How many assignments are tried; as many as the strategy foresees (a whole grid, all brackets), else 30, if
    /// absent. Never more than there are: none is tried twice.
    public var trials: Int?
    /// Which metric counts, and whether less or more of it is better.
    public var objective: SearchGoal
    /// When a trial is given up before its end.
    public var pruner: Pruner
    /// How many folds of the data each trial trains on; its score is their mean.
    public var folds: Int
    /// What the proposals, and the seed of each trial's training, follow from.
    public var seed: UInt64

    /// A search; nothing is tried before a study runs it.
    ///
    /// - Parameters:
    ///   - space: What may change, and the values that it may take.
    ///   - strategy: How the next values are chosen.
    ///   - trials: How many trials at most; as many as the strategy foresees, else 30, if `nil`.
    ///   - objective: What is minimized or maximized.
    ///   - pruner: When a running trial is given up.
    ///   - folds: On how many folds each trial is scored; 1 for a single training.
    ///   - seed: The seed of the proposals and of the trials.
    public init(
        space: SearchSpace, strategy: Strategy = .tpe, trials: Int? = nil,
        objective: SearchGoal = .minimize(metric: "validation.loss"), pruner: Pruner = .none, folds: Int = 1,
        seed: UInt64 = 7
    ) {
        self.space = space
        self.strategy = strategy
        self.trials = trials
        self.objective = objective
        self.pruner = pruner
        self.folds = folds
        self.seed = seed
    }

    public static let schema = Schema(
        Search(space: SearchSpace()), .required("space", \.space), .optional("strategy", \.strategy),
        .optional("trials", \.trials), .optional("objective", \.objective), .optional("pruner", \.pruner),
        .optional("folds", \.folds), .optional("seed", \.seed))

    public init(from decoder: any Decoder) throws {
        self = try Self.schema.value(from: Fields(decoder))
        if let problem { throw decoder.corrupted(problem) }
    }

    /// Writes every key, defaults included: the file says everything.
    public func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }

    /// What is wrong with the search, for messages.
    package var problem: String? {
        if let problem = space.problem { return "space: \(problem)" }
        if let problem = strategy.problem { return "strategy: \(problem)" }
        if let problem = strategy.value.problem(in: space) { return "strategy: \(problem)" }
        if let problem = pruner.problem { return "pruner: \(problem)" }
        if let trials, !(1...1_000_000).contains(trials) {
            return "trials: expected a number between 1 and 1000000 but received \(trials)"
        }
        if !(1...1000).contains(folds) { return "folds: expected a number between 1 and 1000 but received \(folds)" }
        return nil
    }

    /// How many trials there are at most.
    public var trialLimit: Int { trialLimit(repetitions: 0) }

    /// How many trials there would be if the space had enough different ones.
    public var wantedTrials: Int { trials ?? strategy.value.total(in: space) ?? 30 }

    /// - Parameter repetitions: How many trials repeat others.
    func trialLimit(repetitions: Int) -> Int {
        min(wantedTrials, strategy.value.distinctTrials(in: space).map { $0 + repetitions } ?? wantedTrials)
    }
}
