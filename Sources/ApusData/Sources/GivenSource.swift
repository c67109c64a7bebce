import ApusConfiguration

/// Data that a program gives to a run: its file says `given`, and can't read them.
struct GivenSource: SampleReader, Configurable {
    static let kind = "given"
    static let schema = Schema(GivenSource())

    var usualScaling: Scaling? { nil }

    func read(_ request: SampleRequest) throws -> RawSamples {
        throw DatasetError(
            .missing, "the data of this experiment were given by a program, and files can't name them",
            remedy:
                "Give them again: ExperimentRun(resuming: folder, data: LoadedData(training: …)); or name a source in the file."
        )
    }
}

extension SampleSource {
    /// Data that a program gives.
    package static let given = SampleSource(GivenSource())
}
