public import ApusData
import ApusGraph
import ApusNN
public import ApusTensor

/// The class that a classifier of points of the plane gives to each cell of a grid: where its boundaries run.
///
/// ```swift
/// let data = Dataset.moons(noise: 0.1, seed: 1)
/// let net = Sequential { Dense(16, activation: .tanh); Dense(2) }
/// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
/// try trainer.fit(data, epochs: 5, batchSize: 50)
/// let map = try DecisionMap(trainer, around: data)
/// print(map.classes.count, map.classes[0][0])      // 96 rows; the class of the cell at the lower left
/// let line = try DecisionMap(x: -1...1, y: -1...1) { points in points[0..., 1] .> points[0..., 0] }
/// ```
///
/// `map.chart("Moons", samples: data)` of `ApusReport` draws it with the samples over it.
public struct DecisionMap: Sendable, Hashable {
    /// From the left border of the grid to the right one.
    public let x: ClosedRange<Double>
    /// From the lower border of the grid to the upper one.
    public let y: ClosedRange<Double>
    /// The class of each cell, as the classifier answers at the cell's middle: row by row from the lowest y, each from the lowest x.
    public let classes: [[Int]]

    /// The cells of a grid in each direction, where nothing else is said.
    public static let usualSide = 96

    /// The middles of the cells of a grid, float32 [rows · columns, 2]: row by row from the lowest y, each from the lowest x.
    public static func places(
        x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int = usualSide, rows: Int = usualSide
    ) -> Tensor {
        func middle(_ range: ClosedRange<Double>, _ index: Int, of count: Int) -> Float {
            Float(range.lowerBound + (range.upperBound - range.lowerBound) * (Double(index) + 0.5) / Double(count))
        }
        let (columns, rows) = (max(0, columns), max(0, rows))
        let across = (0..<columns).map { middle(x, $0, of: columns) }
        return Tensor(
            (0..<rows).flatMap { row in across.flatMap { [$0, middle(y, row, of: rows)] } }, shape: [rows * columns, 2])
    }

    /// What a function answers.
    ///
    /// - Parameters:
    ///   - x: From the left border to the right one.
    ///   - y: From the lower border to the upper one.
    ///   - columns: The cells from left to right.
    ///   - rows: The cells from below.
    ///   - classify: Takes points [N, 2], gives the class of each, [N]: numbers of classes, or truth for class 1.
    /// - Throws: `TrainingError` if the grid has no cells or there is not one answer for each point; what the function throws.
    public init(
        x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int = usualSide, rows: Int = usualSide,
        classify: (_ points: Tensor) throws -> Tensor
    ) throws {
        guard columns > 0, rows > 0 else {
            throw TrainingError("a grid needs at least one cell in each direction, received \(columns) and \(rows)")
        }
        let answers = try classify(DecisionMap.places(x: x, y: y, columns: columns, rows: rows)).evaluated()
        guard answers.count == rows * columns else {
            throw TrainingError(
                "a decision is one class a point: expected [\(rows * columns)] for as many points, received \(answers.shape)"
            )
        }
        let flat = answers.cast(to: .int32).scalars(as: Int.self)
        (self.x, self.y) = (x, y)
        classes = (0..<rows).map { Array(flat[($0 * columns)..<(($0 + 1) * columns)]) }
    }

    /// What a trained classifier of two features answers.
    ///
    /// - Parameters:
    ///   - trainer: The model with its weights. Points are scaled as samples were in training.
    ///   - x: The first feature as it is stored.
    ///   - y: The second feature as it is stored.
    ///   - columns: The cells from left to right.
    ///   - rows: The cells from below.
    /// - Throws: `TrainingError` if the model has no weights yet or its outputs are no classes; `GraphError` if it does not take
    ///   two features.
    public init(
        _ trainer: Trainer, x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int = usualSide,
        rows: Int = usualSide
    ) throws {
        try self.init(x: x, y: y, columns: columns, rows: rows) { try trainer.classes(of: $0, trainer.preprocessing) }
    }

    /// What a trained classifier of two features answers around samples: their ranges and 8 % more on each side.
    ///
    /// - Parameters:
    ///   - trainer: The model with its weights.
    ///   - samples: Samples of two features.
    ///   - side: The cells in each direction.
    /// - Throws: `TrainingError` also for samples of other shapes, and for such as lie on one line along an axis.
    public init(_ trainer: Trainer, around samples: Dataset, side: Int = usualSide) throws {
        guard samples.inputNames.count == 1, samples.sampleShape == [2], !samples.isEmpty else {
            throw TrainingError(
                "decisions are drawn over the plane: expected samples of two features, received \(samples)")
        }
        let points = (0..<samples.count).map { samples.features(at: $0).cast(to: .float32).scalars.map(Double.init) }
        func range(_ axis: Int) throws -> ClosedRange<Double> {
            let values = points.map { $0[axis] }.filter(\.isFinite)
            guard let low = values.min(), let high = values.max(), low < high else {
                throw TrainingError(
                    "decisions are drawn over a range of each feature, but feature \(axis) has one value in all samples"
                )
            }
            return (low - 0.08 * (high - low))...(high + 0.08 * (high - low))
        }
        let scaling = trainer.scaled(samples).preprocessing
        try self.init(x: range(0), y: range(1), columns: side, rows: side) { try trainer.classes(of: $0, scaling) }
    }
}

extension Trainer {
    /// The class of each sample, [N].
    fileprivate func classes(of samples: Tensor, _ scaling: Preprocessing?) throws -> Tensor {
        let output = try predict(samples, preprocessing: scaling)
        let meaning = loss.meaning(of: output.shape, hasClasses: hasClasses)
        guard meaning.isClass else {
            throw TrainingError(
                "decisions are classes, but the outputs \(output.shape) with the loss \(loss) are none; "
                    + "give DecisionMap a function that decides")
        }
        return meaning(output).argmax(axis: -1)
    }
}
