public import ApusBackend
public import ApusCharts
public import ApusData
import ApusGraph
public import ApusNN
public import ApusTensor
import ApusTraining

/// What is in a model's layers: the weights, and what one batch makes of them.
///
/// ```swift
/// let net = Sequential { Dense(64, activation: .relu); Dense(2) }
/// let weights = try net.initialized(input: [2], seed: 7)
/// let batch = Batch(
///     inputs: Tensor.normal([32, 2], key: RandomKey(seed: 1)),
///     targets: Tensor((0..<32).map { $0 % 2 }))
/// let survey = try LayerSurvey(
///     net, weights, objective: Objective(loss: .softmaxCrossEntropy), batch: batch, seed: 7)
/// for entry in survey.gradients { print(entry.path, entry.rootMeanSquare) }
/// ```
public struct LayerSurvey: Sendable {
    /// The numbers of one variable, or of one layer's output.
    public struct Entry: Sendable, Hashable {
        /// The variable's or the layer's path.
        public var path: String
        /// Without the batch.
        public var shape: [Int]
        /// The mean of all finite numbers.
        public var mean: Double
        /// √mean of (x − mean)², over all finite numbers.
        public var standardDeviation: Double
        /// How many numbers are not finite.
        public var nonFiniteCount: Int
        /// The fraction of numbers that are exactly 0.
        public var zeroShare: Double
        /// The fraction of units (of convolutions: channels) that are 0 for the whole batch; `nil` for outputs that may be negative.
        public var deadShare: Double?
        /// The finite numbers in 41 bins; of 200 000 numbers or more, evenly spaced ones.
        public var distribution: Distribution
        /// Whether `distribution` leaves the zeros out, because there are so many.
        public var hidesZeros: Bool

        /// √mean of the squares.
        public var rootMeanSquare: Double {
            (mean * mean + standardDeviation * standardDeviation).squareRoot()
        }
    }

    /// Every parameter of two and more axes: kernels, embeddings.
    public var weights: [Entry] = []
    /// The output of each layer that computes something, in the order of the model.
    public var activations: [Entry] = []
    /// The gradient of the loss with respect to each of `weights`.
    public var gradients: [Entry] = []
    /// What is usual: the same network with fresh start values, for the same batch.
    public var fresh: [Fresh] = []

    /// What a network with fresh start values does with the batch.
    public struct Fresh: Sendable, Hashable {
        /// The fraction of dead units by layer, of layers whose outputs are never negative.
        public var deadShares: [String: Double]
        /// The root mean square of the first kernel's gradient as a multiple of the last one's; `nil` without two of them.
        public var depthRatio: Double?

        /// Creates a value; arguments set the properties of their names.
        public init(deadShares: [String: Double], depthRatio: Double?) {
            self.deadShares = deadShares
            self.depthRatio = depthRatio
        }
    }

    /// The root mean square of the first kernel's gradient as a multiple of the last one's; `nil` without two of them.
    public var depthRatio: Double? {
        let sizes = gradients.map(\.rootMeanSquare).filter(\.isFinite)
        guard let first = sizes.first, let last = sizes.last, sizes.count > 2, last > 0 else { return nil }
        return first / last
    }

    /// What is usual, as a range over the fresh networks; `nil` where it is not known.
    func usual(_ value: (Fresh) -> Double?) -> ClosedRange<Double>? {
        let values = fresh.compactMap(value)
        guard let least = values.min(), let greatest = values.max() else { return nil }
        return least...greatest
    }

    /// Looks at the weights alone.
    public init(_ variables: Variables) {
        weights = LayerSurvey.kernels(variables).map { LayerSurvey.entry($0, variables[$0]!, hasBatch: false) }
    }

    /// Looks at the weights, and at activations (as the model predicts) and gradients (as it trains, with all penalties) of one batch.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - variables: Its weights.
    ///   - objective: The loss that the gradients are of.
    ///   - precision: The precision of the training.
    ///   - device: Where it is computed.
    ///   - frozen: The variables that keep their values in training.
    ///   - batch: The samples that go through the network.
    ///   - seed: The seed of dropout and noise.
    /// - Throws: `GraphError` if the batch does not fit the model.
    public init(
        _ model: any Model, _ variables: Variables, objective: Objective, precision: NumericPrecision = .float32,
        device: Device = .cpu, frozen: Set<String> = [], batch: Batch, seed: UInt64
    ) throws {
        let probe = ModelProbe(model, objective: objective, precision: precision, device: device)
        try self.init(probe, variables, objective, frozen: frozen, batch: batch, seed: seed)
        let signature = Signature(
            batch.preprocessing(batch.inputs).map { name, tensor in
                (
                    name: name,
                    input: Signature.Input(Shape(Array(tensor.shape.dimensions.dropFirst())), tensor.elementType)
                )
            })
        for number in 1...UInt64(LayerSurvey.freshCount) {
            let variables = try model.initialized(inputs: signature, seed: seed &+ 1000 &* number)
            let survey = try LayerSurvey(probe, variables, objective, frozen: frozen, batch: batch, seed: seed)
            let shares = survey.activations.compactMap { entry in entry.deadShare.map { (entry.path, $0) } }
            fresh.append(
                Fresh(
                    deadShares: Dictionary(shares) { Swift.max($0, $1) }, depthRatio: survey.depthRatio))
        }
    }

    /// How many fresh networks say what is usual.
    private static let freshCount = 3

    private init(
        _ probe: ModelProbe, _ variables: Variables, _ objective: Objective, frozen: Set<String>, batch: Batch,
        seed: UInt64
    ) throws {
        self.init(variables)
        let predicting = try probe(variables, batch, seed: seed, step: 0, mode: .inference)
        activations = LayerSurvey.interesting(predicting.calls).map {
            LayerSurvey.entry($0.path.isEmpty ? $0.layer.kind : $0.path, $0.output, hasBatch: true)
        }
        // Without one number there is nothing to differentiate.
        guard objective.reduction != .none else { return }
        let training = try probe(
            variables, batch, seed: seed, step: 0, mode: .training, gradients: LayerSurvey.kernels(variables),
            frozen: frozen)
        gradients = training.gradients.map { LayerSurvey.entry($0.path, $0.value, hasBatch: false) }
    }

    private static func kernels(_ variables: Variables) -> [String] {
        variables.paths.filter {
            let description = variables.variable($0)!.description
            return description.isTrainable && description.shape.rank >= 2
        }
    }

    /// The innermost calls that change numbers.
    private static func interesting(_ records: [ModelView.Call]) -> [ModelView.Call] {
        let still: Set<String> = ["flatten", "reshape", "dropout", "gaussianNoise", "gaussianDropout", "permute"]
        return records.enumerated().filter { index, record in
            let isInnermost = index == 0 || records[index - 1].depth <= record.depth
            return isInnermost && !still.contains(record.layer.kind)
        }.map(\.element)
    }

    /// Measures a tensor that has been evaluated.
    private static func entry(_ path: String, _ tensor: Tensor, hasBatch: Bool) -> Entry {
        let numbers = (tensor.elementType == .float32 ? tensor : tensor.cast(to: .float32)).scalars
        let units = max(1, tensor.shape.dimensions.last ?? 1)
        var (sum, squares, zeros, finite, isNegative) = (0.0, 0.0, 0, 0, false)
        var isAlive = [Bool](repeating: false, count: hasBatch ? units : 0)
        var unit = 0
        for number in numbers {
            if number == 0 { zeros += 1 } else if hasBatch { isAlive[unit] = true }
            if number < 0 { isNegative = true }
            if number.isFinite {
                finite += 1
                sum += Double(number)
                squares += Double(number) * Double(number)
            }
            unit += 1
            if unit == units { unit = 0 }
        }
        let mean = finite > 0 ? sum / Double(finite) : .nan
        let variance = finite > 0 ? max(0, squares / Double(finite) - mean * mean) : .nan
        // A picture needs no more.
        let every = max(1, numbers.count / 100_000)
        var drawn = every == 1 ? numbers : stride(from: 0, to: numbers.count, by: every).map { numbers[$0] }
        // A peak of zeros would hide all the rest.
        let hidesZeros = hasBatch && zeros * 10 > numbers.count && zeros < numbers.count
        if hidesZeros { drawn.removeAll { $0 == 0 } }
        let isRectified = hasBatch && !isNegative && zeros > 0 && tensor.rank > 1
        return Entry(
            path: path, shape: Array(tensor.shape.dimensions.dropFirst(hasBatch ? 1 : 0)), mean: mean,
            standardDeviation: variance.squareRoot(), nonFiniteCount: numbers.count - finite,
            zeroShare: Double(zeros) / Double(max(1, numbers.count)),
            deadShare: isRectified ? Double(isAlive.count { !$0 }) / Double(units) : nil,
            distribution: Distribution(values: drawn, bins: 41), hidesZeros: hidesZeros)
    }
}
