public import ApusData
package import ApusFormats

/// Writes event files for TensorBoard: `tensorboard --logdir FOLDER`.
///
/// `FOLDER/training` and `FOLDER/validation` are two runs, so that both curves of a value are in one chart: `epoch/loss`,
/// `epoch/accuracy` and other metrics, and `epoch/learningRate` of every epoch; `step/loss` and other metrics every few steps, as
/// means over the epoch so far; `weights/…`, `gradients/…` and `activations/…` by the paths of variables and layers. The horizontal
/// axis is the number of steps. Files are never touched again: a training that goes on adds a file to the run.
public struct TensorBoard: CallbackRule {
    /// When histograms are taken.
    public enum Interval: Sendable, Hashable {
        /// After every so many steps.
        case steps(Int)
        /// After every so many epochs.
        case epochs(Int)
    }

    /// What is looked into, with which batch, and when.
    public struct Histograms: Sendable {
        let observer: ModelHistograms
        let batch: Batch
        let interval: Interval

        /// - Parameter batch: The samples for which gradients and activations are computed, always the same.
        public init(_ observer: ModelHistograms, of batch: Batch, every interval: Interval) {
            self.observer = observer
            self.batch = batch
            self.interval = interval
        }
    }

    public let folder: String
    private let everySteps: Int?
    private let histograms: Histograms?
    private var training: TensorBoardWriter?
    private var validation: TensorBoardWriter?
    /// The step at which this training began.
    private var start = 0

    /// - Parameters:
    ///   - everySteps: After how many steps the means so far are written; `nil` for epochs alone.
    ///   - histograms: What is looked into; `nil` for numbers alone.
    public init(_ folder: String, everySteps: Int? = nil, histograms: Histograms? = nil) {
        self.folder = folder
        self.everySteps = everySteps
        self.histograms = histograms
    }

    public var watchesSteps: Bool {
        if case .steps = histograms?.interval { return true }
        return everySteps != nil
    }

    public mutating func handle(_ event: Event, _ control: inout TrainerControl) throws {
        let step = control.state.step
        switch event {
        case .began:
            try check()
            start = step
            training = try writer("training")
        case .stepEnded(_, _, let means):
            if let everySteps, step % everySteps == 0 { try training?.write(Self.scalars("step", means), step: step) }
            if case .steps(let interval) = histograms?.interval, step % interval == 0 { try observe(control.state) }
            try training?.flush()
        case .epochEnded(let record):
            try training?.write(
                Self.scalars("epoch", record.training) + [("epoch/learningRate", .scalar(record.learningRate))],
                step: step)
            if let measured = record.validation {
                if validation == nil { validation = try writer("validation") }
                try validation?.write(Self.scalars("epoch", measured), step: step)
                try validation?.flush()
            }
            if case .epochs(let interval) = histograms?.interval, record.epoch % interval == 0 {
                try observe(control.state)
            }
            try training?.flush()
        case .ended:
            try training?.close()
            try validation?.close()
            (training, validation) = (nil, nil)
        default: break
        }
    }

    private func check() throws {
        let interval =
            switch histograms?.interval {
            case .steps(let count), .epochs(let count): count
            case nil: 1
            }
        guard everySteps ?? 1 > 0, interval > 0 else {
            throw TrainingError(
                "TensorBoard's intervals must be positive, received \(everySteps.map { "\($0)" } ?? "none") for numbers and \(interval) for histograms"
            )
        }
    }

    private func writer(_ name: String) throws -> TensorBoardWriter {
        let writer = try TensorBoardWriter(folder: "\(folder)/\(name)")
        // What an earlier process wrote after the checkpoint from which this one goes on did not happen.
        try writer.start(at: start + 1)
        return writer
    }

    private func observe(_ state: TrainingState) throws {
        guard let histograms else { return }
        let observation = try histograms.observer(state, histograms.batch)
        let groups = [
            ("weights", observation.weights), ("gradients", observation.gradients),
            ("activations", observation.activations),
        ]
        try training?.write(
            groups.flatMap { group, entries in
                entries.map { ("\(group)/\($0.path)", .histogram($0.histogram.forTensorBoard)) }
            }, step: state.step)
    }

    private static func scalars(_ group: String, _ measured: Measurements) -> [(tag: String, value: TensorBoardValue)] {
        zip(measured.names, measured.values).map { ("\(group)/\($0)", .scalar($1)) }
    }
}

extension ValueHistogram {
    /// The finite numbers as TensorBoard takes them.
    package var forTensorBoard: TensorBoardHistogram {
        let count = Double(finiteCount)
        return TensorBoardHistogram(
            minimum: Double(minimum), maximum: Double(maximum), count: count, sum: mean * count,
            sumOfSquares: (standardDeviation * standardDeviation + mean * mean) * count,
            limits: Array(edges.dropFirst()), counts: bins.map(Double.init))
    }
}

extension Callback {
    /// Writes event files for TensorBoard: numbers of every epoch, and those of steps and histograms if asked for.
    public static func tensorBoard(
        _ folder: String, everySteps: Int? = nil, histograms: TensorBoard.Histograms? = nil
    ) -> Callback {
        Callback(TensorBoard(folder, everySteps: everySteps, histograms: histograms))
    }
}
