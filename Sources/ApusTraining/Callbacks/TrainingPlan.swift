public import ApusNN

/// What a training is about to do, as callbacks receive it before the first event.
///
/// ```swift
/// struct Announcement: CallbackRule {
///     mutating func prepare(_ plan: TrainingPlan) throws {
///         print(plan.epochs * plan.stepsPerEpoch, "steps", plan.isResumed ? "in all" : "to go")
///     }
///     mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {}
/// }
/// ```
public struct TrainingPlan: Sendable {
    /// The folder of the run; `nil` if it has none.
    public var folder: String?
    /// The epoch after which training ends.
    public var epochs: Int
    /// The steps of an epoch; the last one may have fewer samples.
    public var stepsPerEpoch: Int
    /// The number of training samples.
    public var samplesPerEpoch: Int
    /// The number of finished epochs.
    public var epoch: Int
    /// The number of finished steps.
    public var step: Int
    /// Whether training resumes from a checkpoint.
    public var isResumed: Bool
    /// What is going to be measured.
    public var measures: MeasuredNames
    /// Looks into the model for callbacks that need it; `nil` in a session without one.
    public var observer: ModelObserver?

    /// The path of a callback's file: a relative one begins at the folder of the run.
    func path(_ path: String) -> String { TrainingPlan.path(path, in: folder) }

    static func path(_ path: String, in folder: String?) -> String {
        guard let folder, !path.hasPrefix("/") else { return path }
        return "\(folder)/\(path)"
    }
}
