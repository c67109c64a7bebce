import ApusConfiguration

/// What a run of an experiment has done so far.
///
/// ```swift
/// let runner = LabRunner(folder: "lab", progress: { print($0.finished, "of", $0.count) })
/// ```
public struct LabProgress: Sendable, Hashable {
    /// The measurements that are finished, those of earlier runs included.
    public var finished: Int
    /// The measurements of the whole run.
    public var count: Int
    /// The seconds that are left, as far as the finished ones tell; `nil` before the first.
    public var remainingSeconds: Double?
    /// The arm that is measured next.
    public var arm: Words
    /// The seed that is measured next.
    public var seed: UInt64
}

/// What an experiment has shown.
///
/// ```swift
/// if let outcome = try LabRunner(folder: "lab").run(Lab.experiments[0]) {
///     print(outcome.results.seeds, outcome.claims.map(\.verdict))
/// }
/// ```
public struct LabOutcome: Sendable {
    /// The experiment in words.
    public let about: LabAbout
    /// What was measured.
    public let results: LabResults
    /// What was decided.
    public let claims: [DecidedClaim]
    /// How large it was.
    public let size: LabSize

    /// The number of seeds in words.
    var seeds: Words {
        let count = results.seeds.count
        return Words("\(count) \(count == 1 ? "seed" : "seeds")", "시드 \(count)개")
    }
}

/// Runs experiments of the lab. What was measured before is not measured again, so a run that was stopped goes on.
///
/// ```swift
/// let runner = LabRunner(folder: "lab")
/// if let experiment = Lab.experiment("histograms"), let outcome = try runner.run(experiment) {
///     for claim in outcome.claims { print(claim.claim.id, claim.verdict.rawValue) }
/// }
/// ```
public struct LabRunner: Sendable {
    /// The folder of the lab.
    public var folder: String
    /// The number of seeds; that of the experiment unless given.
    public var seeds: Int?
    /// How large: all seeds and whole arms, or fewer and smaller.
    public var size: LabSize
    /// The first seed: 1 for verdicts, 1000 for pilots.
    public var firstSeed: UInt64
    /// Asked before each measurement; with `true` the run ends there, and what is finished is kept.
    public var isStopped: @Sendable () -> Bool
    /// Is told before each measurement.
    public var progress: @Sendable (LabProgress) -> Void

    /// Creates a value; arguments set the properties of their names.
    public init(
        folder: String = "lab", seeds: Int? = nil, size: LabSize = .whole, firstSeed: UInt64 = 1,
        isStopped: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (LabProgress) -> Void = { _ in }
    ) {
        self.folder = folder
        self.seeds = seeds
        self.size = size
        self.firstSeed = firstSeed
        self.isStopped = isStopped
        self.progress = progress
    }

    /// Measures what is missing and decides the claims.
    ///
    /// - Returns: `nil` if the run was stopped.
    /// - Throws: `LabError` if data are missing (before anything is measured; what is kept needs none) or the folder can't be written;
    ///   what a measurement throws.
    public func run(_ experiment: some LabExperiment) throws -> LabOutcome? {
        let about = experiment.about
        let count = seeds ?? (size == .whole ? about.seeds : about.quickSeeds)
        guard count >= 1 else { throw LabError("expected at least 1 seed but received \(count)") }
        let (home, arms) = (LabFolder(about.id, in: folder), experiment.arms(size))
        let seeds = (0..<UInt64(count)).map { firstSeed + $0 }
        var measured = arms.map { _ in [LabMeasurement]() }
        var spent: (seconds: Double, count: Int) = (0, 0)
        // Seed by seed, so that what is compared is finished together.
        for (round, seed) in seeds.enumerated() {
            for (index, arm) in arms.enumerated() {
                if let known = try home.measurement(of: arm, seed: seed, revision: about.revision) {
                    measured[index].append(known)
                    continue
                }
                // Who only asks what is there needs no data.
                if isStopped() { return nil }
                if spent.count == 0, let problem = LabFile.problem(experiment.files(size)) { throw problem }
                let finished = round * arms.count + index
                let left = Double(seeds.count * arms.count - finished)
                progress(
                    LabProgress(
                        finished: finished, count: seeds.count * arms.count,
                        remainingSeconds: spent.count > 0 ? spent.seconds / Double(spent.count) * left : nil,
                        arm: arm.title, seed: seed))
                let start = ContinuousClock.now
                let missing =
                    experiment.measuresSeedsTogether
                    ? try seeds[round...].filter {
                        try home.measurement(of: arm, seed: $0, revision: about.revision) == nil
                    } : [seed]
                let measurements = try experiment.measure(arm.setting, seeds: missing)
                spent.seconds += (ContinuousClock.now - start) / .seconds(1)
                spent.count += missing.count
                for (seed, measurement) in zip(missing, measurements) {
                    try home.keep(measurement, of: arm, seed: seed, revision: about.revision)
                }
                measured[index].append(measurements[0])
            }
        }
        let results = LabResults(
            seeds: seeds,
            arms: try zip(arms, measured).map { arm, measurements in
                LabResults.Arm(
                    id: arm.id, title: arm.title, setting: try FileJSON.text(arm.setting), measurements: measurements)
            })
        return LabOutcome(
            about: about, results: results, claims: experiment.claims.map { $0.decided(by: results) }, size: size)
    }
}
