import ApusData

/// Finds where a training diverged, by repeating the steps since a snapshot of the state.
struct DivergenceSearch {
    private let step: TrainingStep
    private let probe: ModelProbe
    /// The batches that are left of the epoch in which a state is.
    private let batches: (TrainingState) -> Batches
    /// A state of some steps ago.
    private var snapshot: TrainingState?
    /// The learning rates of the steps since then.
    private var rates: [Double] = []
    /// The steps between snapshots: a copy of the weights costs about as much as a step.
    private static let snapshotInterval = 200

    /// - Parameter batches: Receives a state and returns the batches that are left of its epoch.
    init(_ step: TrainingStep, _ probe: ModelProbe, batches: @escaping (TrainingState) -> Batches) {
        self.step = step
        self.probe = probe
        self.batches = batches
    }

    /// Notes a step that is about to be done.
    mutating func note(_ state: TrainingState, learningRate: Double) {
        if snapshot == nil || state.step % Self.snapshotInterval == 0 || rates.count > Self.snapshotInterval {
            snapshot = state
            rates.removeAll(keepingCapacity: true)
        }
        rates.append(learningRate)
    }

    /// Finds where the first value that is not finite arose, and puts the state back before the step that made it.
    ///
    /// - Parameters:
    ///   - loss: The loss of the last step.
    ///   - state: The state after it.
    func error(_ loss: Double, _ state: inout TrainingState) throws -> DivergenceError {
        let start = snapshot ?? state
        var replay = start
        while replay.step < state.step {
            let batches = batches(replay)
            for batch in batches {
                let before = replay
                let past = min(replay.step - start.step, rates.count - 1)
                let result = try step(&replay, batch, learningRate: rates[past])
                replay.batch += 1
                var place: String?
                if !result.loss.isFinite {
                    place = try probe.firstNonFiniteLayer(before, batch) ?? "the loss"
                } else if let variable = replay.nonFiniteVariables.first {
                    place = "the update of \(variable)"
                }
                if let place {
                    state = before
                    return DivergenceError(
                        step: replay.step, epoch: replay.epoch + 1, loss: result.loss, place: place)
                }
            }
            try batches.checkFailure()
            replay.epoch += 1
            replay.batch = 0
        }
        // The repetition did not diverge: the state stays behind the step, which counts.
        state.batch += 1
        return DivergenceError(step: state.step, epoch: state.epoch + 1, loss: loss, place: "the loss")
    }
}
