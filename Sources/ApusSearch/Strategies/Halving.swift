/// Runs brackets of rungs one after the other, again and again; which trial stands where follows from the history.
///
/// The trials of a bracket have consecutive numbers. A rung is decided when all its trials have ended; those that
/// failed or were pruned do not continue. While one bracket waits for running trials, the next one begins.
///
/// No bracket tries an assignment twice: where there are few, it has as many trials. Once all were tried, no further round begins.
struct Halving {
    private let brackets: [[Rung]]
    /// How many assignments there are; `nil` if there is no end.
    private let count: Int?

    init(_ brackets: [[Rung]], in space: SearchSpace) {
        let count = space.count()
        self.count = count
        self.brackets = brackets.map { rungs in
            rungs.map { Rung(trials: min($0.trials, count ?? $0.trials), budget: $0.budget) }
        }
    }

    /// The trials of one round.
    var total: Int { brackets.reduce(0) { $0 + $1[0].trials } }

    func proposal(_ history: SearchHistory) -> Proposal {
        var first = 0
        var isWaiting = false
        while first < history.limit {
            // A round of before may have tried some more than once.
            if first > 0, let count, history.tried.count >= count { break }
            for rungs in brackets where first < history.limit {
                // The last bracket may be cut off by the limit.
                let end = min(first + rungs[0].trials, history.limit)
                if history.next < end {
                    let sample = history.space.sample(seed: history.seed, trial: history.next)
                    let bracket = Set(history.observations.dropFirst(first).map(\.assignment))
                    return .new(history.fresh(sample, besides: bracket) ?? sample, budget: rungs[0].budget)
                }
                switch promotion(rungs, Array(first..<end), history) {
                case .promote(let trial, let budget): return .promote(trial: trial, budget: budget)
                case .wait: isWaiting = true
                default: break
                }
                first = end
            }
        }
        return isWaiting ? .wait : .finished
    }

    /// What a bracket wants whose trials have all begun.
    private func promotion(_ rungs: [Rung], _ trials: [Int], _ history: SearchHistory) -> Proposal {
        var members = trials
        let begun = rungs[0].trials
        for (rung, next) in zip(rungs, rungs.dropFirst()) {
            // A bracket that was cut off keeps the shares.
            let count = members.isEmpty ? 0 : trials.count * next.trials / begun
            let states = members.map { history.observations[$0] }
            let isPending = states.contains { $0.losses[rung.budget] == nil && !$0.state.hasFailed }
            if isPending { return .wait }
            members = Self.best(count, of: members, at: rung.budget, history)
            for trial in members {
                let observation = history.observations[trial]
                guard observation.losses[next.budget] == nil, observation.state == .complete else { continue }
                return .promote(trial: trial, budget: next.budget)
            }
        }
        let last = rungs[rungs.count - 1].budget
        let isRunning = members.contains {
            history.observations[$0].losses[last] == nil && !history.observations[$0].state.hasFailed
        }
        return isRunning ? .wait : .finished
    }

    /// The trials with the least losses at the end of a budget.
    private static func best(_ count: Int, of trials: [Int], at budget: Int, _ history: SearchHistory) -> [Int] {
        let losses: [(trial: Int, loss: Double)] = trials.compactMap { trial in
            history.observations[trial].losses[budget].map { (trial, $0) }
        }
        let ranked = losses.sorted { $0.loss != $1.loss ? $0.loss < $1.loss : $0.trial < $1.trial }
        return ranked.prefix(count).map(\.trial)
    }
}
