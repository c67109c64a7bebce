import Apus

extension RunReport {
    /// Writes what is known of a run that has ended. A report that can't be written is no failure of the run.
    ///
    /// - Parameter test: What to measure on; left out after an interrupt, when nobody wants to wait.
    mutating func finish(
        _ folder: RunFolder, _ record: RunRecord, _ trainer: Trainer, _ training: Dataset, test: Dataset?
    ) {
        self.record = record
        let clock = ContinuousClock()
        let start = clock.now
        do {
            history = try folder.history()
            try look(at: trainer, training: training, test: test, measured: record.test)
            try write(to: folder)
            let seconds = (clock.now - start) / .seconds(1)
            Terminal.write("report: \(folder.path)/report.html (\(Progress.duration(seconds)))\n")
        } catch {
            Terminal.write("warning: the report could not be written: \(error)\n")
        }
    }
}
