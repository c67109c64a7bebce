import ApusConfiguration
import Foundation

/// Thrown out of a trial that is given up.
public struct TrialPruned: Error, Hashable, Sendable {
    /// Creates a value.
    public init() {}
}

/// Thrown out of a trial that is to be run again later; the search ends.
public struct TrialInterrupted: Error, Hashable, Sendable {
    /// Creates a value.
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

    /// Runs trials until there are no more, or one is interrupted.
    ///
    /// Several threads and processes may do so at once. A trial that throws has failed, or diverged, and the search continues.
    ///
    /// - Parameters:
    ///   - finished: Receives each trial that ended.
    ///   - objective: Runs one trial and returns its score; it throws `TrialPruned` to give the trial up, and
    ///     `TrialInterrupted` or `CancellationError` to give it back.
    /// - Returns: Whether all trials are done.
    /// - Throws: `SearchError` of the store.
    @discardableResult
    public func run(
        finished: (Trial) throws -> Void = { _ in }, _ objective: (Trial, Reporter) throws -> Double
    ) throws -> Bool {
        while true {
            switch try ask() {
            case .finished: return true
            case .wait: Thread.sleep(forTimeInterval: 0.05)
            case .trial(let trial):
                guard try run(trial, objective) else { return false }
                if let ended = try trials().first(where: { $0.number == trial.number }) { try finished(ended) }
            }
        }
    }

    /// - Returns: Whether the trial ended.
    private func run(_ trial: Trial, _ objective: (Trial, Reporter) throws -> Double) throws -> Bool {
        do {
            let score = try objective(trial, Reporter(study: self, trial: trial))
            try tell(trial, score: score)
        } catch is TrialPruned {
            try prune(trial)
        } catch let error where error is TrialInterrupted || error is CancellationError {
            try release(trial)
            return false
        } catch let error as SearchError {
            throw error
        } catch let error as any ApusError where error.failureKind == .diverged {
            try tell(trial, divergence: "\(error)")
        } catch {
            try tell(trial, failure: "\(error)")
        }
        return true
    }
}
