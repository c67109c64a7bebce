import ApusTraining

/// Where a run went wrong after it had gone well, and the training as it was before: what forks begin with.
struct Relapse: Sendable {
    /// The training after an epoch that was still good.
    let state: TrainingState
    /// The epoch with which forks end, from 1: by then the harm was there.
    let end: Int
    /// What went wrong, in a sentence.
    let text: String
    /// Whether the loss, or a weight, was not finite at last.
    let diverged: Bool
    /// The held-out loss with half of the harm.
    let harmful: Double

    /// How much greater than its least value the held-out loss is at last where it went wrong.
    static let harm = 1.3

    /// Finds where a run went wrong.
    ///
    /// - Parameters:
    ///   - epochs: Those that were finished, with validation.
    ///   - diverged: Whether the next one was broken.
    ///   - last: The last epoch of the experiment.
    ///   - states: The checkpoints that are kept.
    /// - Returns: `nil` if it went well, or badly from the start, or no checkpoint of before is kept.
    init?(_ epochs: [EpochRecord], diverged: Bool, last: Int, states: [TrainingState]) {
        let losses = epochs.map { $0.validation?.loss ?? .nan }
        guard !losses.contains(where: \.isNaN), let least = losses.min(), least.isFinite,
            let best = losses.firstIndex(of: least)
        else { return nil }
        let worst = losses[best...].max() ?? least
        // What is good for a moment only went wrong from the start.
        guard best + 1 >= max(2, losses.count / 4) else { return nil }
        // A loss that goes up and down all the time did not go wrong late: from half of the harm on all are worse than the last good ones.
        let good = losses[max(0, best - 2)...best].max() ?? least
        if diverged {
            guard good <= 2 * least else { return nil }
        } else {
            guard losses[losses.count - 1] > Relapse.harm * least, least >= 0 else { return nil }
        }
        harmful = (least + worst) / 2
        // The epoch that broke, or the first at which half of the harm was there.
        let harmed = losses.indices.first { $0 > best && losses[$0] >= (least + worst) / 2 }
        guard diverged || losses[(harmed ?? best)...].allSatisfy({ $0 > good }) else { return nil }
        end = min(last, diverged ? epochs.count + 1 : epochs[harmed ?? losses.count - 1].epoch)
        self.diverged = diverged
        let bestEpoch = epochs[best].epoch
        guard let state = states.first(where: { $0.epoch >= 1 && $0.epoch <= bestEpoch && $0.batch == 0 }) else {
            return nil
        }
        self.state = state
        text =
            "the loss on samples that are held back was \(least.short) after epoch \(bestEpoch), and "
            + (diverged
                ? "training diverged in epoch \(epochs.count + 1)"
                : "is \(losses[losses.count - 1].short) after epoch \(epochs[epochs.count - 1].epoch)")
    }

    /// Whether a fork goes wrong as the run did.
    func comesBack(in fork: Trial) -> Bool {
        if diverged { return fork.diverged }
        let losses = fork.epochs.compactMap { $0.validation?.loss }
        return fork.diverged || losses.last.map { $0 >= harmful } == true
    }
}
