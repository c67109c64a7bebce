package import ApusBackend
import ApusGraph
package import ApusTensor

/// Compares gradients of graphs on the reference backend.
struct GradientChecker {
    /// A scalar that is differentiated.
    let value: Node
    /// Values of the inputs, and of whatever counts as one.
    let inputs: [Node: ReferenceValue]
    /// The most elements that are all compared; of larger tensors, `directions` random directions are.
    let elementLimit: Int
    let directions: Int
    /// The relative step of the differences: √³ of Float64's precision is best for central ones.
    private static let step = 6e-6
    /// How many roundings of the value a difference may be off: the sums in it are long, and normalizations lose digits.
    private static let roundings = 64.0

    /// Relative errors, and what was compared, for each node.
    func errors(_ targets: [Node]) throws -> [(error: Double, count: Int, isProjected: Bool)] {
        let gradients = Node.gradients(of: [value], withRespectTo: targets)
        let reference = Device.exactEvaluator
        let analytic = try reference.run(gradients, inputs: inputs)
        let nodes = Node.sorted([value])
        let base = Dictionary(uniqueKeysWithValues: zip(nodes, try reference.run(nodes, inputs: inputs)))
        let magnitude = value.magnitude(base)
        return try targets.enumerated().map { index, target in
            guard let start = base[target] else { return (0, 0, false) }
            // Only what depends on the target is computed anew.
            var dependent: Set<Node> = [target]
            for node in nodes where inputs[node] == nil && node.inputs.contains(where: dependent.contains) {
                dependent.insert(node)
            }
            let known = base.filter { !dependent.contains($0.key) }
            func difference(_ direction: [Double], _ scale: Double) throws -> Double {
                let values = try [1.0, -1.0].map { sign in
                    var moved = start
                    for element in moved.values.indices { moved.values[element] += sign * scale * direction[element] }
                    return try reference.run([value], inputs: known.merging([target: moved]) { $1 })[0].values[0]
                }
                return (values[0] - values[1]) / (2 * scale)
            }
            func compared(_ direction: [Double], _ scale: Double, _ analytic: Double) throws -> Comparison {
                let rounding = GradientChecker.roundings * magnitude * Double.ulpOfOne / scale
                let first = Comparison(
                    numeric: try difference(direction, scale), analytic: analytic, rounding: rounding)
                guard first.distance > rounding, first.distance > 1e-8 * first.size else { return first }
                // What the difference leaves out is of the second order of the step, so that another step tells it.
                let wider = try difference(direction, 2 * scale)
                let second = Comparison(
                    numeric: (4 * first.numeric - wider) / 3, analytic: analytic, rounding: 2 * rounding)
                return second.distance < first.distance ? second : first
            }
            let gradient = analytic[index].values
            let isProjected = gradient.count > elementLimit
            var pairs: [Comparison] = []
            if isProjected {
                for direction in 0..<directions {
                    let vector = GradientChecker.numbers(
                        gradient.count, seed: UInt64(1 + index * directions + direction))
                    let projected = zip(gradient, vector).reduce(0) { $0 + $1.0 * $1.1 }
                    pairs.append(try compared(vector, GradientChecker.step, projected))
                }
            } else {
                for element in gradient.indices {
                    var unit = Array(repeating: 0.0, count: gradient.count)
                    unit[element] = 1
                    let scale = GradientChecker.step * Swift.max(1, abs(start.values[element]))
                    pairs.append(try compared(unit, scale, gradient[element]))
                }
            }
            return (GradientChecker.relativeError(pairs), pairs.count, isProjected)
        }
    }

    /// A derivative by differences beside the same by the rules.
    private struct Comparison {
        var numeric: Double
        var analytic: Double
        /// How far the difference may be off because the value that is differentiated is rounded.
        var rounding: Double

        var distance: Double { abs(numeric - analytic) }
        var size: Double { abs(numeric) + abs(analytic) }
    }

    private static func relativeError(_ pairs: [Comparison]) -> Double {
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let distance = norm(pairs.map(\.distance))
        // A gradient that vanishes leaves nothing but roundings.
        if distance <= norm(pairs.map(\.rounding)) { return 0 }
        return distance / (norm(pairs.map(\.numeric)) + norm(pairs.map(\.analytic)))
    }

    /// Normal numbers, the same for a seed.
    static func numbers(_ count: Int, seed: UInt64) -> [Double] {
        guard count > 0 else { return [] }
        return Tensor.normal([count], key: RandomKey(seed: seed), type: .float64).scalars(as: Double.self)
    }
}

extension Tensor {
    /// The tensor's numbers as the reference backend takes them.
    package var referenceValue: ReferenceValue {
        ReferenceValue(shape: shape, elementType: elementType, values: scalars(as: Double.self))
    }
}

extension Node {
    /// The size of the numbers that a scalar is the sum of: it is rounded to their precision, however small it is itself.
    fileprivate func magnitude(_ values: [Node: ReferenceValue], depth: Int = 8) -> Double {
        let own = values[self].map { $0.values.reduce(0) { $0 + abs($1) } } ?? 0
        guard depth > 0 else { return own }
        switch operation {
        case .binary(.add), .binary(.subtract), .reduce(.sum, _):
            return Swift.max(own, inputs.reduce(0) { $0 + $1.magnitude(values, depth: depth - 1) })
        case .reduce(.mean, _):
            let sum = inputs[0].magnitude(values, depth: depth - 1)
            return Swift.max(own, sum / Double(Swift.max(1, inputs[0].shape.count)))
        case .reshape, .cast, .unary(.negate): return Swift.max(own, inputs[0].magnitude(values, depth: depth - 1))
        default: return own
        }
    }

    /// The data of every leaf that an expression holds.
    static func heldValues(_ nodes: [Node]) -> [Node: ReferenceValue] {
        var values: [Node: ReferenceValue] = [:]
        for node in Node.sorted(nodes) {
            if case .input = node.operation, node.attachment is Buffer { values[node] = Tensor(node).referenceValue }
        }
        return values
    }
}
