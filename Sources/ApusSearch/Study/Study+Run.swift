/// Thrown out of a trial that is given up.
public struct TrialPruned: Error, Hashable, Sendable {
    public init() {}
}

extension Study {
    /// Takes the values of a running trial.
    public struct Reporter: Sendable {
        let study: Study
        let trial: Trial

        /// Notes a value.
        ///
        /// - Throws: `TrialPruned` if the trial should be given up; let it pass through.
        public func report(step: Int, value: Double) throws {
            if try study.report(trial, step: step, value: value) { throw TrialPruned() }
        }

        /// Notes the folder of the trial's run.
        public func setFolder(_ folder: String) throws { try study.setFolder(folder, of: trial) }
    }

    /// Runs trials until there are no more.
    ///
    /// A trial that throws has failed, and the search goes on; a task that is cancelled gives its trial back.
    ///
    /// - Parameters:
    ///   - workers: How many trials run at once.
    ///   - objective: Runs one trial and returns its score.
    /// - Throws: `SearchError` of the store, `CancellationError`.
    public func run(
        workers: Int = 1, _ objective: @escaping @Sendable (Trial, Reporter) async throws -> Double
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(workers, 1) { group.addTask { try await work(objective) } }
            try await group.waitForAll()
        }
    }

    private func work(_ objective: @Sendable (Trial, Reporter) async throws -> Double) async throws {
        while true {
            try Task.checkCancellation()
            switch try ask() {
            case .finished: return
            case .wait: try await Task.sleep(for: .milliseconds(50))
            case .trial(let trial): try await run(trial, objective)
            }
        }
    }

    private func run(_ trial: Trial, _ objective: (Trial, Reporter) async throws -> Double) async throws {
        do {
            let score = try await objective(trial, Reporter(study: self, trial: trial))
            try tell(trial, score: score)
        } catch is TrialPruned {
            try prune(trial)
        } catch is CancellationError {
            try release(trial)
            throw CancellationError()
        } catch let error as SearchError {
            throw error
        } catch {
            try tell(trial, failure: "\(error)")
        }
    }
}
