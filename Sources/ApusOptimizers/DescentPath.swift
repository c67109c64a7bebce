import ApusGraph
import ApusNN
public import ApusTensor

/// The way of an optimizer down a function of two numbers: to see what momentum, step sizes and scales by coordinate do.
///
/// ```swift
/// let ravine: @Sendable (Tensor, Tensor) -> Tensor = { x, y in x * x / 20 + y * y }
/// let path = try DescentPath(of: .sgd(learningRate: 0.95), on: ravine, from: (-7, 2), steps: 30)
/// print(path.values.last!, path.length)
/// ```
public struct DescentPath: Sendable, Hashable {
    /// The first coordinate before each step and after the last.
    public let x: [Double]
    /// The second coordinate before each step and after the last.
    public let y: [Double]
    /// The function there.
    public let values: [Double]

    /// The sum of the distances from point to point.
    public var length: Double {
        zip(zip(x, y).dropFirst(), zip(x, y)).reduce(0) { sum, step in
            let (dx, dy) = (step.0.0 - step.1.0, step.0.1 - step.1.1)
            return sum + (dx * dx + dy * dy).squareRoot()
        }
    }

    /// Walks a number of steps from a start.
    ///
    /// - Parameters:
    ///   - optimizer: Starts anew; its learning rate is the size of the steps.
    ///   - function: f(x, y), elementwise over tensors of any shape.
    ///   - start: Where the walk begins.
    ///   - steps: How many points follow.
    ///   - noise: The standard deviation of normal numbers that are added to each gradient.
    ///   - seed: of the noise.
    /// - Throws: `OptimizerError` if the optimizer's settings are impossible; `GraphError` if the function is not elementwise.
    public init(
        of optimizer: Optimizer, on function: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        from start: (x: Double, y: Double), steps: Int,
        noise: Double = 0, seed: UInt64 = 0
    ) throws {
        self = try DescentPath.paths(
            of: optimizer, learningRates: [optimizer.learningRate], on: function, from: start, steps: steps,
            noise: noise, seed: seed)[0]
    }

    private init(x: [Double], y: [Double], values: [Double]) {
        self.x = x
        self.y = y
        self.values = values
    }

    /// Walks with several learning rates at once: as fast as with one.
    ///
    /// The rates are elements of one tensor, so the optimizer's rule must treat elements one by one: without norms of whole variables
    /// (LAMB, clipping by norm).
    ///
    /// - Returns: A path for each rate.
    /// - Throws: As for one path.
    public static func paths(
        of optimizer: Optimizer, learningRates: [Double], on function: @escaping @Sendable (Tensor, Tensor) -> Tensor,
        from start: (x: Double, y: Double), steps: Int, noise: Double = 0, seed: UInt64 = 0
    ) throws -> [DescentPath] {
        guard !learningRates.isEmpty else { return [] }
        let shape = Shape([learningRates.count])
        var point = Variables()
        for (name, value) in [("x", start.x), ("y", start.y)] {
            let description = VariableDescription(shape: shape, initializer: .constant(value), isTrainable: true)
            point.set(name, Variables.Variable(value: .full(shape, value), description: description))
        }
        let rates = Tensor(learningRates.map { Float($0) })
        let next = compile {
            (point: Variables, state: OptimizerState, noise: Values) throws -> (Variables, OptimizerState, Tensor) in
            let (_, gradients, values) = valueAndGradient(at: point) { point in
                let values = function(point["x"]!, point["y"]!)
                return (values.sum(), values)
            }
            var (moved, after) = (point, state)
            let slopes = gradients.mapValues { path, slope in noise.isEmpty ? slope : slope + noise[path] }
            try after.update(&moved, slopes, learningRate: rates)
            return (moved, after, values)
        }
        var (state, key) = (optimizer.state(for: point), RandomKey(seed: seed))
        var visited: [(x: [Float], y: [Float], values: [Float])] = []
        for _ in 0...max(0, steps) {
            let disturbed: Values =
                noise > 0
                ? [
                    "x": .normal(shape, standardDeviation: noise, key: key.next()),
                    "y": .normal(shape, standardDeviation: noise, key: key.next()),
                ] : [:]
            let (moved, after, values) = try next(point, state, disturbed)
            visited.append((point["x"]!.scalars, point["y"]!.scalars, try values.evaluated().scalars))
            (point, state) = (moved, after)
        }
        return learningRates.indices.map { rate in
            DescentPath(
                x: visited.map { Double($0.x[rate]) }, y: visited.map { Double($0.y[rate]) },
                values: visited.map { Double($0.values[rate]) })
        }
    }
}
