/// Ends the training when a value has not become better for some epochs.
public struct EarlyStopping: CallbackRule {
    /// The value that is watched: `validation.loss`, `validation.accuracy`, …
    public let monitor: String
    /// The epochs without improvement after which training ends.
    public let patience: Int
    /// A change must be greater than this to count.
    public let minimumDelta: Double
    /// Whether the weights of the best epoch are put back at the end.
    public let restoreBest: Bool
    private var best: (value: Double, epoch: Int, state: TrainingState)?

    public init(monitor: String = "validation.loss", patience: Int, minimumDelta: Double = 0, restoreBest: Bool = true)
    {
        self.monitor = monitor
        self.patience = patience
        self.minimumDelta = minimumDelta
        self.restoreBest = restoreBest
    }

    /// Losses and errors shall fall, everything else shall rise.
    private var isMinimized: Bool { monitor.hasSuffix("loss") || monitor.lowercased().hasSuffix("error") }

    public mutating func handle(_ event: Event, _ control: inout TrainerControl) throws {
        switch event {
        case .epochEnded(let record):
            guard let value = record.value(monitor) else {
                throw TrainingError(
                    "early stopping watches \(monitor), which this training does not measure; "
                        + "it has training.\(record.training.names.joined(separator: ", training."))"
                        + (record.validation.map { ", validation.\($0.names.joined(separator: ", validation."))" } ?? "")
                )
            }
            if isBetter(value) {
                best = (value, record.epoch, control.state)
            } else if let best, record.epoch - best.epoch >= patience {
                control.stop(
                    .callback(
                        "\(monitor) has not improved for \(patience) \(patience == 1 ? "epoch" : "epochs"); the best was "
                            + "\(Measurements.rounded(best.value)) in epoch \(best.epoch)"))
            }
        case .ended:
            if restoreBest, let best { control.replaceState(best.state) }
        default: break
        }
    }

    private func isBetter(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        guard let best else { return true }
        return isMinimized ? value < best.value - minimumDelta : value > best.value + minimumDelta
    }
}

extension Callback {
    /// Ends the training when `monitor` has not become better for `patience` epochs, and puts the best weights back.
    public static func earlyStopping(
        monitor: String = "validation.loss", patience: Int, minimumDelta: Double = 0, restoreBest: Bool = true
    ) -> Callback {
        Callback(
            EarlyStopping(monitor: monitor, patience: patience, minimumDelta: minimumDelta, restoreBest: restoreBest))
    }
}
