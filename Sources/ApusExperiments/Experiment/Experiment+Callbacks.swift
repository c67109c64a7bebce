import ApusData
import ApusNN
import ApusTraining

extension Experiment {
    /// What the experiment asks for, and what every run has.
    func allCallbacks(_ recorder: RunRecorder) -> [Callback] {
        var all = [Callback(recorder)] + callbacks
        // The history of the run is read from it.
        if !callbacks.contains(where: { ($0.rule as? CSVLog)?.file == CSVLog().file }) { all.append(.csv()) }
        if !callbacks.contains(where: { $0.rule is Checkpoint }) { all.append(.checkpoint()) }
        if doctor, !callbacks.contains(where: { $0.rule is WatchLog }) { all.append(.watch()) }
        return all
    }

    /// Whether the weights of the best epoch are what a run leaves, as they are unless a checkpoint keeps none.
    package var keepsBest: Bool { !callbacks.contains { ($0.rule as? Checkpoint)?.keepBest == 0 } }

    /// Throws if a callback watches what is not measured, or two write one file.
    func checkCallbacks(_ data: LoadedData) throws {
        // The folder has no number yet; what collides in one collides in all.
        let folder = "runs/\(name)"
        try allCallbacks(RunRecorder("\(folder)/\(RunRecorder.fileName)")).check(
            MeasuredNames(objective, isValidated: data.validation != nil), folder: folder)
    }
}
