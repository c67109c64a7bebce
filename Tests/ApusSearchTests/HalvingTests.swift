import ApusSearch
import Testing

@Suite struct HalvingTests {
    /// The table of Li et al. (2018) for R = 81 and η = 3.
    @Test func brackets() {
        let table = [
            [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
            [(34, 3), (11, 9), (3, 27), (1, 81)],
            [(15, 9), (5, 27), (1, 81)],
            [(8, 27), (2, 81)],
            [(5, 81)],
        ]
        let expected = table.map { $0.map { Rung(trials: $0.0, budget: $0.1) } }
        #expect(Hyperband(maximumBudget: 81).brackets == expected)
        #expect(Hyperband(maximumBudget: 81).total(in: ["x": .real(0...1)]) == 81 + 34 + 15 + 8 + 5)
        #expect(Hyperband(maximumBudget: 2).brackets == [[Rung(trials: 1, budget: 2)]])
        #expect(
            Hyperband(maximumBudget: 4, eta: 2).brackets.map(\.[0]) == [
                Rung(trials: 4, budget: 1), Rung(trials: 3, budget: 2), Rung(trials: 3, budget: 4),
            ])
    }

    @Test func rungs() {
        #expect(
            SuccessiveHalving(trials: 10, minimumBudget: 2, maximumBudget: 12).rungs == [
                Rung(trials: 10, budget: 2), Rung(trials: 3, budget: 6), Rung(trials: 1, budget: 12),
            ])
    }

    /// Trials in memory.
    private struct Simulation {
        var observations: [Observation] = []
        var budgets: [Int] = []
        let strategy: Strategy
        var limit = 1000

        mutating func next() -> Proposal {
            let proposal = strategy.value.proposal(
                SearchHistory(space: ["x": .real(0...1)], seed: 4, limit: limit, observations: observations))
            switch proposal {
            case .new(let assignment, let budget):
                observations.append(Observation(assignment: assignment, state: .running))
                budgets.append(budget ?? -1)
            case .promote(let trial, let budget):
                observations[trial].state = .running
                budgets[trial] = budget
            default: break
            }
            return proposal
        }

        /// The more budget, the closer to x.
        mutating func end(_ trial: Int) {
            observations[trial].state = .complete
            let loss = (observations[trial].assignment["x"]?.number ?? 0) + 1 / Double(budgets[trial])
            observations[trial].losses[budgets[trial]] = loss
            observations[trial].loss = loss
        }
    }

    /// One worker: each rung's best third continues, and the trial with the least x wins its bracket.
    @Test func oneWorker() {
        var simulation = Simulation(strategy: .hyperband(Hyperband(maximumBudget: 9)), limit: 9 + 5 + 3)
        var counts: [Int: Int] = [:]
        while true {
            switch simulation.next() {
            case .new(_, let budget):
                counts[budget ?? -1, default: 0] += 1
                simulation.end(simulation.observations.count - 1)
            case .promote(let trial, let budget):
                counts[budget, default: 0] += 1
                simulation.end(trial)
            case .wait: Issue.record("one worker never waits")
            case .finished:
                // 9@1 3@3 1@9, 5@3 1@9, 3@9.
                #expect(counts == [1: 9, 3: 8, 9: 5])
                let first = simulation.observations[..<9]
                let winner = first.firstIndex { $0.losses[9] != nil }
                let least = first.indices.min {
                    first[$0].assignment["x"]!.number! < first[$1].assignment["x"]!.number!
                }
                #expect(winner == least)
                #expect(winner.map { simulation.observations[$0].losses.count } == 3)
                return
            }
        }
    }

    /// Several workers: a rung waits for its trials, and the next bracket begins meanwhile.
    @Test func severalWorkers() {
        var simulation = Simulation(
            strategy: .successiveHalving(SuccessiveHalving(trials: 3, maximumBudget: 3)), limit: 3)
        for _ in 0..<3 { #expect(simulation.next() != .wait) }
        #expect(simulation.next() == .wait)
        simulation.end(0)
        simulation.end(2)
        #expect(simulation.next() == .wait)
        simulation.observations[1].state = .failed
        guard case .promote(let trial, 3) = simulation.next() else {
            Issue.record("expected a promotion")
            return
        }
        #expect(trial != 1)
        #expect(simulation.next() == .wait)
        simulation.end(trial)
        #expect(simulation.next() == .finished)

        var brackets = Simulation(strategy: .hyperband(Hyperband(maximumBudget: 3)), limit: 5)
        for _ in 0..<3 { _ = brackets.next() }
        // The second bracket has 2 trials with the whole budget.
        guard case .new(_, 3) = brackets.next() else {
            Issue.record("expected a trial of the next bracket")
            return
        }
    }

    @Test func failuresDoNotGoOn() {
        var simulation = Simulation(
            strategy: .successiveHalving(SuccessiveHalving(trials: 9, maximumBudget: 9)), limit: 9)
        for number in 0..<9 {
            _ = simulation.next()
            if number < 8 { simulation.observations[number].state = number < 4 ? .failed : .pruned }
        }
        simulation.end(8)
        #expect(simulation.next() == .promote(trial: 8, budget: 3))
        simulation.observations[8].state = .failed
        #expect(simulation.next() == .finished)
    }

    /// A last bracket that is cut off keeps the shares.
    @Test func limits() {
        var simulation = Simulation(
            strategy: .successiveHalving(SuccessiveHalving(trials: 9, maximumBudget: 3)), limit: 12)
        var promotions = 0
        var count = 0
        loop: while true {
            switch simulation.next() {
            case .new:
                simulation.end(count)
                count += 1
            case .promote(let trial, _):
                simulation.end(trial)
                promotions += 1
            default: break loop
            }
        }
        #expect(count == 12)
        #expect(promotions == 3 + 1)
    }
}
