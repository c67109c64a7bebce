extension Study {
    /// The trials as strategies see them.
    func history() throws -> SearchHistory {
        let (trials, values) = try store.read { database in
            let trials = try TrialStore.trials(of: id, database)
            let hasPruned = trials.contains { $0.state == .pruned }
            return (trials, hasPruned ? try store.values(of: id, database) : [:])
        }
        let observations = try trials.enumerated().map { number, trial in
            guard trial.number == number, let assignment = search.space.canonical(trial.assignment) else {
                throw TrialStore.damaged(store.path, "trial \(trial.number) of \(name) does not fit the search")
            }
            return observation(trial, assignment, values[trial.id] ?? [:])
        }
        // Searches of before may have tried an assignment more than once.
        let repetitions = observations.count - Set(observations.map(\.assignment)).count
        return SearchHistory(
            space: search.space, seed: search.seed, limit: search.trialLimit(repetitions: repetitions),
            observations: observations)
    }

    private func observation(_ trial: Trial, _ assignment: Assignment, _ values: [Int: Double]) -> Observation {
        var observation = Observation(
            assignment: assignment, state: trial.state, loss: trial.score.map(search.objective.loss),
            losses: trial.scores.mapValues(search.objective.loss))
        if trial.state == .diverged { observation.loss = .infinity }
        if trial.state == .pruned {
            let last = values.filter { !$0.value.isNaN }.max { $0.key < $1.key }
            observation.lastStep = last?.key
            observation.loss = last.map { search.objective.loss($0.value) } ?? .infinity
        }
        return observation
    }
}
