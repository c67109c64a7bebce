public import ApusConfiguration

/// Brackets of successive halving, from many trials with a small budget to few with the whole: Hyperband (Li et al.,
/// 2018).
///
/// With R = `maximumBudget` and s from ⌊log_η R⌋ down to 0, a bracket begins with ⌈(s_max + 1) · η^s / (s + 1)⌉ trials
/// of budget R · η^-s. After the last bracket the first begins again while more trials are wanted.
///
/// ```swift
/// let search = Search(
///     space: ["rate": .log(1e-4...1e-1)], strategy: .hyperband(Hyperband(maximumBudget: 27)))
/// ```
public struct Hyperband: SearchStrategy {
    public static let kind = "hyperband"
    /// The most that one trial may use, as a rule in epochs.
    public var maximumBudget: Int
    /// One of how many trials continues.
    public var eta: Int

    /// The strategy.
    ///
    /// - Parameters:
    ///   - maximumBudget: R, the largest budget of a trial, in epochs.
    ///   - eta: η, the factor between budgets, at least 2.
    public init(maximumBudget: Int, eta: Int = 3) {
        self.maximumBudget = maximumBudget
        self.eta = eta
    }

    public static let schema = Schema(
        Hyperband(maximumBudget: 81), .leading("maximumBudget", \.maximumBudget, isLabelled: true),
        .optional("eta", \.eta))

    package var problem: String? {
        if !(1...1_000_000).contains(maximumBudget) {
            return "expected maximumBudget between 1 and 1000000 but received \(maximumBudget)"
        }
        return (2...1000).contains(eta) ? nil : "expected eta between 2 and 1000 but received \(eta)"
    }

    /// The brackets of one round: for each rung its trials and their budget.
    package var brackets: [[Rung]] {
        var powers = [1]
        while powers[powers.count - 1] * eta <= maximumBudget { powers.append(powers[powers.count - 1] * eta) }
        return powers.indices.reversed().map { s in
            let (product, divisor) = (powers.count * powers[s], s + 1)
            let count = (product + divisor - 1) / divisor
            return (0...s).map { Rung(trials: count / powers[$0], budget: maximumBudget / powers[s - $0]) }
        }
    }

    package func total(in space: SearchSpace) -> Int? { Halving(brackets, in: space).total }
    package func distinctTrials(in space: SearchSpace) -> Int? { nil }

    package func proposal(_ history: SearchHistory) -> Proposal {
        Halving(brackets, in: history.space).proposal(history)
    }
}

/// Many trials with a small budget; the best of them continue with more, until few have the whole: successive halving
/// (Jamieson and Talwalkar, 2016).
///
/// ```swift
/// // 27 trials of 1 epoch, 9 of 3, 3 of 9, 1 of 27
/// let halving = SuccessiveHalving(trials: 27, maximumBudget: 27)
/// let search = Search(space: ["rate": .log(1e-4...1e-1)], strategy: .successiveHalving(halving))
/// ```
public struct SuccessiveHalving: SearchStrategy {
    public static let kind = "successiveHalving"
    /// How many trials begin.
    public var trials: Int
    /// The budget to begin with, as a rule in epochs.
    public var minimumBudget: Int
    /// The most that one trial may use.
    public var maximumBudget: Int
    /// One of how many trials continues.
    public var eta: Int

    /// The strategy.
    ///
    /// - Parameters:
    ///   - trials: How many trials begin.
    ///   - minimumBudget: The budget that each begins with, in epochs.
    ///   - maximumBudget: The largest budget of a trial, in epochs.
    ///   - eta: η, the factor between budgets, at least 2: one trial of η goes on.
    public init(trials: Int, minimumBudget: Int = 1, maximumBudget: Int, eta: Int = 3) {
        self.trials = trials
        self.minimumBudget = minimumBudget
        self.maximumBudget = maximumBudget
        self.eta = eta
    }

    public static let schema = Schema(
        SuccessiveHalving(trials: 27, maximumBudget: 27), .required("trials", \.trials),
        .optional("minimumBudget", \.minimumBudget), .required("maximumBudget", \.maximumBudget),
        .optional("eta", \.eta))

    package var problem: String? {
        if !(1...1_000_000).contains(trials) { return "expected trials between 1 and 1000000 but received \(trials)" }
        if minimumBudget < 1 { return "expected minimumBudget ≥ 1 but received \(minimumBudget)" }
        if !(minimumBudget...max(minimumBudget, 1_000_000)).contains(maximumBudget) {
            return "expected maximumBudget between minimumBudget and 1000000 but received \(maximumBudget)"
        }
        return (2...1000).contains(eta) ? nil : "expected eta between 2 and 1000 but received \(eta)"
    }

    /// For each rung its trials and their budget.
    package var rungs: [Rung] {
        var rungs = [Rung(trials: trials, budget: minimumBudget)]
        while let last = rungs.last, last.trials >= eta, last.budget < maximumBudget {
            rungs.append(Rung(trials: last.trials / eta, budget: min(last.budget * eta, maximumBudget)))
        }
        return rungs
    }

    package func total(in space: SearchSpace) -> Int? { Halving([rungs], in: space).total }
    package func distinctTrials(in space: SearchSpace) -> Int? { nil }

    package func proposal(_ history: SearchHistory) -> Proposal {
        Halving([rungs], in: history.space).proposal(history)
    }
}

/// A number of trials, each with a budget.
package struct Rung: Sendable, Hashable {
    /// How many trials come this far.
    package let trials: Int
    /// The most that each of them may use in all, as a rule in epochs.
    package let budget: Int

    package init(trials: Int, budget: Int) {
        self.trials = trials
        self.budget = budget
    }
}
