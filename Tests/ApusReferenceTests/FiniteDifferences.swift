import ApusBackend
import ApusGraph
import ApusReference
import ApusTestSupport

/// A function of some input tensors, the others being fixed.
struct TensorFunction {
    let result: Node
    let inputs: [Node]
    /// All values, those of `inputs` included.
    let assignment: [Node: ReferenceValue]

    /// The value of the result after moving the inputs by `distance` along a direction.
    func callAsFunction(movedBy distance: Double, along direction: [[Double]]) throws -> [Double] {
        var moved = assignment
        for (input, direction) in zip(inputs, direction) {
            for (position, part) in direction.enumerated() where part != 0 {
                moved[input]!.values[position] += distance * part
            }
        }
        return try ReferenceBackend().run([result], inputs: moved)[0].values
    }

    /// The derivative of the result along a direction, by central differences of fourth order.
    func derivative(along direction: [[Double]]) throws -> [Double] {
        let step = 0x1p-11
        let far = zip(
            try self(movedBy: 2 * step, along: direction), try self(movedBy: -2 * step, along: direction)
        ).map { $0 - $1 }
        let near = zip(
            try self(movedBy: step, along: direction), try self(movedBy: -step, along: direction)
        ).map { $0 - $1 }
        return zip(near, far).map { (8 * $0 - $1) / (12 * step) }
    }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// Directions that tell a gradient: every axis where there are few inputs and the function is cheap, otherwise random
/// ones.
func directions(_ inputs: [Node], flops: Int, using generator: inout PhiloxGenerator) -> [[[Double]]] {
    let counts = inputs.map(\.shape.count)
    let total = counts.reduce(0, +)
    func split(_ flat: [Double]) -> [[Double]] {
        var start = 0
        return counts.map { count in
            defer { start += count }
            return Array(flat[start..<(start + count)])
        }
    }
    let affordable = max(3, 50_000 / max(1, flops))
    if total <= min(60, affordable) {
        return (0..<total).map { axis in split((0..<total).map { $0 == axis ? 1 : 0 }) }
    }
    return (0..<min(16, affordable)).map { _ in
        split((0..<total).map { _ in Double.random(in: -1...1, using: &generator) })
    }
}
