import ApusConfiguration
import ApusFormats
import Foundation

/// The course as experiments: each a question, arms, claims with thresholds, and a page.
///
/// ```swift
/// for experiment in Lab.experiments { print(experiment.about.number, experiment.about.title.english) }
/// ```
public enum Lab {
    /// All experiments, in the order of the course. A new one is a file and its line here.
    public static let experiments: [any LabExperiment] = [
        XOR(),
        Boundary(),
        Kinds(),
        Splits(),
        Sanity(),
        GradientChecks(),
        SurfaceWalks(),
        BatchSize(),
        Averages(),
        Paths(),
        Race(),
        LearningRate(),
        RateSchedule(),
        Symmetry(),
        Histograms(),
        Backward(),
        InitRace(),
        Vanishing(),
        Overfit(),
        Remedies(),
        WeightDecay(),
        Sparsity(),
        Constraints(),
        SwitchingOff(),
        Ensemble(),
        Stopping(),
        NormScale(),
        NormRate(),
        NormWhy(),
        HyperparameterSearch(),
        CrossValidated(),
        Geometry(),
        Features(),
        Classics(),
        Transfer(),
        EndToEnd(),
        Sequences(),
        Attention(),
        Sentences(),
    ]

    /// The experiment of a name, or of a number such as `C2`.
    public static func experiment(_ name: String) -> (any LabExperiment)? {
        experiments.first { $0.about.id == name || $0.about.number == name.uppercased() }
    }

    /// Runs an experiment and writes its results, pictures and page, and the page over all.
    ///
    /// - Parameters:
    ///   - runner: Where, and with which seeds.
    ///   - language: That in which the page opens.
    /// - Returns: What it has shown; `nil` if the run was stopped.
    /// - Throws: `LabError` if data are missing or the folder can't be written; what a measurement throws.
    public static func run(
        _ experiment: some LabExperiment, with runner: LabRunner, language: Language = .english
    ) throws -> LabOutcome? {
        guard let outcome = try runner.run(experiment) else { return nil }
        let folder = LabFolder(experiment.about.id, in: runner.folder)
        try folder.write(outcome)
        let page = LabPage(outcome, of: experiment)
        try LabFolder.make(folder.plotsPath)
        for figure in page.figures[language] ?? [] {
            let picture = figure.first.svg(theme: .automatic)
            try AtomicFile.write(picture, to: "\(folder.plotsPath)/\(figure.id).svg")
        }
        try AtomicFile.write(page.html(language), to: folder.pagePath)
        try writeIndex(runner.folder, language: language)
        return outcome
    }

    /// The page over all experiments of a folder.
    public static func indexPath(in folder: String) -> String { folder + "/index.html" }

    /// Writes the page over all experiments.
    public static func writeIndex(_ folder: String, language: Language = .english) throws {
        let entries = experiments.map {
            LabIndex.Entry(about: $0.about, verdicts: verdicts(of: $0.about.id, in: folder))
        }
        try LabFolder.make(folder)
        try AtomicFile.write(LabIndex.html(entries, language: language), to: indexPath(in: folder))
    }

    /// The verdicts of an experiment by the claims' names, in the order of the claims; `nil` if it has not run.
    static func verdicts(of id: String, in folder: String) -> [Verdict]? {
        struct Results: Decodable {
            struct Claim: Decodable { let verdict: Verdict }
            let claims: [Claim]
        }
        guard let text = try? String(contentsOfFile: LabFolder(id, in: folder).resultsPath, encoding: .utf8),
            let results: Results = try? FileJSON.value(text)
        else { return nil }
        return results.claims.map(\.verdict)
    }
}
