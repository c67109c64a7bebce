public import ApusConfiguration

/// The loss, or a variable in an update, became NaN or infinite.
public struct DivergenceError: ApusError, Hashable, Sendable {
    /// The number of the step, from 1.
    public var step: Int
    /// The number of the epoch, from 1.
    public var epoch: Int
    /// The loss of that step; it may be finite where the update broke a variable.
    public var loss: Double
    /// The place where the first value that is not finite arose: a layer's path and configuration, or a variable's update.
    public var place: String

    public var failureKind: FailureKind { .diverged }
    public var description: String {
        "training diverged at step \(step) (epoch \(epoch)): the loss is \(loss.isNaN ? "NaN" : "\(loss)"); the first value that is not finite arose in "
            + "\(place). Try a smaller learning rate, check the data for NaN, or clip gradients"
    }
}
