public import ApusExperiments

extension ExperimentRun {
    /// Examines what has been trained, and keeps the diagnosis in the folder of the run, from which its report has it.
    ///
    /// - Parameter doctor: Whose budget is that of the examination.
    /// - Throws: What examining throws; `FormatError` if the disk refuses.
    @discardableResult
    public func examine(_ doctor: Doctor) throws -> Diagnosis {
        let diagnosis = try folder.map { try doctor.examine($0, data: data) } ?? doctor.examine(experiment, data: data)
        try folder?.write(diagnosis)
        return diagnosis
    }
}
