public import ApusConfiguration
package import ApusFormats

/// Writes event files for TensorBoard: `tensorboard --logdir FOLDER`.
///
/// `FOLDER/training` and `FOLDER/validation` are two runs, so that both curves of a value are in one chart: `epoch/loss`,
/// `epoch/accuracy` and other metrics, and `epoch/learningRate` of every epoch; `step/loss` and other metrics every few steps, as
/// means over the epoch so far; `weights/…`, `gradients/…` and `activations/…` by the paths of variables and layers. The horizontal
/// axis is the number of steps. Files are never changed later: a training that resumes adds a file to the run.
///
/// ```swift
/// let callback = Callback.tensorBoard("runs/tensorboard", everySteps: 50, histogramEpochs: 1)
/// ```
public struct TensorBoard: CallbackRule, Configurable {
    /// The folder of the event files; a relative path begins at the folder of the run.
    public var folder: String
    /// The number of steps between the means so far; 0 for the values of epochs alone.
    public var everySteps: Int
    /// The number of epochs between histograms, always for the same samples; 0 for none.
    public var histogramEpochs: Int
    /// The number of steps between further histograms; 0 for none.
    public var histogramSteps: Int

    private struct Files {
        var folder: String
        /// The step at which this training began or resumed.
        var start: Int
        var observer: ModelObserver?
        var training: TensorBoardWriter?
        var validation: TensorBoardWriter?
    }

    private var memory = Memory<Files?>(nil)

    /// The callback; TensorBoard reads what it writes with `--logdir`.
    ///
    /// - Parameters:
    ///   - folder: Where event files go; a relative path starts from the folder of the run.
    ///   - everySteps: Every how many steps there are numbers besides those of epochs; 0 for never.
    ///   - histogramEpochs: Every how many epochs there are histograms; 0 for never.
    ///   - histogramSteps: Every how many steps there are histograms; 0 for never.
    public init(
        folder: String = "tensorboard", everySteps: Int = 0, histogramEpochs: Int = 0, histogramSteps: Int = 0
    ) {
        self.folder = folder
        self.everySteps = everySteps
        self.histogramEpochs = histogramEpochs
        self.histogramSteps = histogramSteps
    }

    public static let schema = Schema(
        TensorBoard(), .leading("folder", \.folder, hasDefault: true, isLabelled: true),
        .optional("everySteps", \.everySteps), .optional("histogramEpochs", \.histogramEpochs),
        .optional("histogramSteps", \.histogramSteps))

    public var receivesSteps: Bool { everySteps > 0 || histogramSteps > 0 }
    public var needsModelObserver: Bool { histogramEpochs > 0 || histogramSteps > 0 }

    public func files(in folder: String?) -> [String] { [TrainingPlan.path(self.folder, in: folder)] }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard everySteps >= 0, histogramEpochs >= 0, histogramSteps >= 0 else {
            throw TrainingError(
                "TensorBoard needs everySteps, histogramEpochs and histogramSteps of at least 0, received \(everySteps), \(histogramEpochs) and \(histogramSteps)"
            )
        }
        guard !needsModelObserver || plan.observer != nil else {
            throw TrainingError("TensorBoard's histograms need a model: give the session a ModelObserver")
        }
        memory.value = Files(folder: plan.path(folder), start: plan.step, observer: plan.observer)
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        let step = training.state.step
        switch event {
        case .began: try write("training", [], step)
        case .stepEnded(_, _, let means):
            if everySteps > 0, step % everySteps == 0 { try write("training", Self.scalars("step", means), step) }
            if histogramSteps > 0, step % histogramSteps == 0 { try observe(training.state) }
        case .epochEnded(let record):
            try write(
                "training",
                Self.scalars("epoch", record.training) + [("epoch/learningRate", .scalar(record.learningRate))], step)
            if let measured = record.validation { try write("validation", Self.scalars("epoch", measured), step) }
            if histogramEpochs > 0, record.epoch % histogramEpochs == 0 { try observe(training.state) }
        case .ended:
            try memory.value?.training?.close()
            try memory.value?.validation?.close()
            memory.value = nil
        default: break
        }
    }

    private mutating func write(_ name: String, _ values: [(tag: String, value: TensorBoardValue)], _ step: Int) throws
    {
        guard var files = memory.value else { return }
        let path = name == "training" ? \Files.training : \Files.validation
        if files[keyPath: path] == nil {
            let writer = try TensorBoardWriter(folder: "\(files.folder)/\(name)")
            // What an earlier process wrote after the checkpoint from which this one resumes did not happen.
            try writer.start(at: files.start + 1)
            files[keyPath: path] = writer
            memory.value = files
        }
        try files[keyPath: path]?.write(values, step: step)
        try files[keyPath: path]?.flush()
    }

    private mutating func observe(_ state: TrainingState) throws {
        guard let observer = memory.value?.observer else { return }
        let observation = try observer.observation(state)
        let groups = [
            ("weights", observation.weights), ("gradients", observation.gradients),
            ("activations", observation.activations),
        ]
        try write(
            "training",
            groups.flatMap { group, entries in
                entries.map { ("\(group)/\($0.path)", .histogram($0.histogram.forTensorBoard)) }
            }, state.step)
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
        _ folder: String = "tensorboard", everySteps: Int = 0, histogramEpochs: Int = 0, histogramSteps: Int = 0
    ) -> Callback {
        Callback(
            TensorBoard(
                folder: folder, everySteps: everySteps, histogramEpochs: histogramEpochs,
                histogramSteps: histogramSteps))
    }
}
