package import ApusConfiguration

/// What strategies know: the space, the seed and the trials so far. A proposal is a function of this alone.
package struct SearchHistory: Sendable {
    package let space: SearchSpace
    package let seed: UInt64
    /// How many trials there may be.
    package let limit: Int
    /// The trials in order of their number, from 0 without gaps.
    package let observations: [Observation]

    package init(space: SearchSpace, seed: UInt64, limit: Int, observations: [Observation]) {
        self.space = space
        self.seed = seed
        self.limit = limit
        self.observations = observations
    }

    /// The number of the next trial.
    var next: Int { observations.count }

    /// What was tried already, or is being tried.
    var tried: Set<Assignment> { Set(observations.map(\.assignment)) }

    /// The assignment, or another one where it is among those that are left out: the same training twice tells nothing.
    ///
    /// - Returns: `nil` if all there are are left out.
    func fresh(_ assignment: Assignment, besides tried: Set<Assignment>) -> Assignment? {
        guard let count = space.count(), tried.contains(assignment) else { return assignment }
        guard tried.count < count else { return nil }
        // As even as the first draw, and certain to end.
        var random = SearchRandom(seed: seed, trial: next, stream: "another")
        let start = random.index(below: count)
        for distance in 0...tried.count {
            let candidate = space.assignment(number: (start + distance) % count)
            if !tried.contains(candidate) { return candidate }
        }
        return nil
    }
}

/// A trial as strategies see it: whatever is measured, less is better.
package struct Observation: Sendable {
    package var assignment: Assignment
    package var state: TrialState
    /// The score, negated where more is better; of a pruned trial the last value it reported, of a diverged one infinite. Never NaN.
    package var loss: Double?
    /// The step of the last value that a pruned trial reported.
    package var lastStep: Int?
    /// The loss at the end of each budget.
    package var losses: [Int: Double]

    package init(
        assignment: Assignment, state: TrialState, loss: Double? = nil, lastStep: Int? = nil,
        losses: [Int: Double] = [:]
    ) {
        self.assignment = assignment
        self.state = state
        self.loss = loss
        self.lastStep = lastStep
        self.losses = losses
    }
}

/// What a strategy wants next.
package enum Proposal: Sendable, Hashable {
    /// A new trial, with a budget where the strategy deals in budgets.
    case new(Assignment, budget: Int?)
    /// An earlier trial continues from where it stands.
    case promote(trial: Int, budget: Int)
    /// Nothing until a running trial ends.
    case wait
    /// Nothing any more.
    case finished
}

/// Proposes assignments and learns from scores; a value without state.
package protocol SearchStrategy: Configurable {
    /// What is wrong with the arguments, for messages.
    var problem: String? { get }
    /// What keeps the strategy from searching a space, for messages.
    func problem(in space: SearchSpace) -> String?
    /// How many trials the strategy itself foresees in a space.
    func total(in space: SearchSpace) -> Int?
    /// How many trials there can be of which none repeats another; `nil` if there is no end, or the strategy repeats on purpose.
    func distinctTrials(in space: SearchSpace) -> Int?
    func proposal(_ history: SearchHistory) -> Proposal
}

extension SearchStrategy {
    package var problem: String? { nil }
    package func problem(in space: SearchSpace) -> String? { nil }
    package func total(in space: SearchSpace) -> Int? { nil }
    package func distinctTrials(in space: SearchSpace) -> Int? { space.count() }
}
