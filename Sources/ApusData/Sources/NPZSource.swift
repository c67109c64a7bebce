public import ApusConfiguration

/// NumPy arrays: `{npz: {file: data.npz, inputs: x, targets: y}}`.
///
/// ```swift
/// let source = DataSource(
///     source: .npz(NPZSource("data.npz", inputs: "x", targets: "y", task: .classification)))
/// ```
public struct NPZSource: SampleReader, Configurable {
    /// An archive, or a folder with the arrays as `x.npy`, `y.npy`.
    public var file: String
    /// The array of samples, `[N, …]`, or one for each input by name; bytes `[N, height, width]` are gray images.
    public var inputs: ArrayNames
    /// The array of labels `[N]`, or of numbers `[N, …]`; or one for each target by name.
    public var targets: ArrayNames
    /// The arrays of the test part, such as `x_test` and `y_test`.
    public var testInputs: ArrayNames?
    /// Given together with `testInputs`, or neither.
    public var testTargets: ArrayNames?
    /// What targets are; `nil`: classes if they are whole numbers by type, else numbers.
    public var task: PredictionTask?

    /// A source of arrays.
    ///
    /// - Parameters:
    ///   - file: An `.npz` file, or a folder of `.npy` files.
    ///   - inputs: The name of the array of inputs [N, ...].
    ///   - targets: The name of the array of targets [N, ...].
    ///   - testInputs: The name of the test's inputs; part of the samples is held back if `nil`.
    ///   - testTargets: The name of the test's targets.
    ///   - task: Whether targets are labels or numbers; whole numbers are labels if `nil`.
    public init(
        _ file: String, inputs: ArrayNames = "x", targets: ArrayNames = "y", testInputs: ArrayNames? = nil,
        testTargets: ArrayNames? = nil, task: PredictionTask? = nil
    ) {
        self.file = file
        self.inputs = inputs
        self.targets = targets
        self.testInputs = testInputs
        self.testTargets = testTargets
        self.task = task
    }

    public static let kind = "npz"
    public static let schema = Schema(
        NPZSource(""), .leading("file", \.file), .optional("inputs", \.inputs), .optional("targets", \.targets),
        .optional("testInputs", \.testInputs), .optional("testTargets", \.testTargets), .optional("task", \.task))
}
