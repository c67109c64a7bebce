/// Something that happened during training.
///
/// ```swift
/// let progress = Callback.onEvent(receivesSteps: true) { event, _ in
///     switch event {
///     case .stepEnded(let batch, _, let means): print(batch, means.loss)
///     case .epochEnded(let record): print("epoch", record.epoch, record.training)
///     default: break
///     }
/// }
/// ```
public enum Event: Sendable, Hashable {
    /// Training begins; it ends after the epoch `epochs`. A training that resumes from a checkpoint does not begin again.
    case began(epochs: Int, stepsPerEpoch: Int, samplesPerEpoch: Int)
    /// An epoch begins; the first has the number 1.
    case epochBegan(Int)
    /// With the epoch that has begun, variables begin to train that were frozen: what the optimizer unfreezes, and how many values.
    case unfroze(epoch: Int, patterns: [String], parameters: Int)
    /// A step was done: the number of its batch in the epoch (from 1), the samples of the epoch so far, and their means.
    case stepEnded(batch: Int, samples: Int, means: Measurements)
    /// The step that was done last has been watched; rules whose `watchEvery` is not `nil` receive it.
    case observed(StepObservation)
    /// An epoch is done and validated.
    case epochEnded(EpochRecord)
    /// A checkpoint was written to this folder.
    case checkpointSaved(String)
    /// Training ends before all epochs are done.
    case stopped(StopReason)
    /// Training ends, after `stopped` if that was sent. An error ends training without an event.
    case ended(StopReason)
}
