import ApusData
import ApusExperiments
import ApusNN
import ApusTraining

/// One training of an experiment, and what came of it.
struct Trial: Sendable {
    /// On the part that is held back.
    let score: Score
    /// On some samples of the training part.
    let training: Score
    let epochs: [EpochRecord]
    /// Why training ended with an error; `nil` if it did not.
    let failure: String?
    /// Whether the loss, a gradient or a weight was not finite.
    let diverged: Bool
    let start: Look?
    let end: Look?
    /// Whether it ended before its last epoch.
    let stoppedEarly: Bool
    /// The loss on the held-out part with the weights that are kept.
    let heldOutLoss: Double
    /// On the test part, if there is one.
    let test: Score?
    /// The accuracy on the held-out part that the experiment's own metrics report, if they do.
    let reportedAccuracy: Double?
}
