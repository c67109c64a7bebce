import Apus

/// Gradients by central differences: (f(x + ε) − f(x − ε)) / 2ε for each element x.
enum FiniteDifferences {
    /// The gradient to each point, its elements in row-major order. Numbers are rounded to the points' element
    /// type, as they are in the function.
    static func gradient(
        at points: [Tensor], epsilon: Double, of value: ([Tensor]) throws -> Tensor
    ) throws -> [[Double]] {
        try points.indices.map { place in
            let (shape, type) = (points[place].shape, points[place].elementType)
            let start = points[place].scalars(as: Double.self)
            return try start.indices.map { element in
                func moved(by step: Double) throws -> Double {
                    var (numbers, arguments) = (start, points)
                    numbers[element] += step
                    arguments[place] = Tensor(numbers, shape: shape, type: type)
                    return try value(arguments).item(as: Double.self)
                }
                return (try moved(by: epsilon) - moved(by: -epsilon)) / (2 * epsilon)
            }
        }
    }

    /// ‖n − a‖ / (‖n‖ + ‖a‖) over all elements; 0 where both gradients vanish.
    static func relativeError(_ numeric: [[Double]], _ analytic: [[Double]]) -> Double {
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let (n, a) = (Array(numeric.joined()), Array(analytic.joined()))
        let size = norm(n) + norm(a)
        return size > 0 ? norm(zip(n, a).map { $0 - $1 }) / size : 0
    }
}
