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

    /// Relative errors, and what was compared, for each node.
    func errors(_ targets: [Node]) throws -> [(error: Double, count: Int, isProjected: Bool)] {
        let gradients = Node.gradients(of: [value], withRespectTo: targets)
        let reference = Device.exactEvaluator
        let analytic = try reference.run(gradients, inputs: inputs)
        let nodes = Node.sorted([value])
        let base = Dictionary(uniqueKeysWithValues: zip(nodes, try reference.run(nodes, inputs: inputs)))
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
            let gradient = analytic[index].values
            let isProjected = gradient.count > elementLimit
            var pairs: [(numeric: Double, analytic: Double)] = []
            if isProjected {
                for direction in 0..<directions {
                    let vector = GradientChecker.numbers(
                        gradient.count, seed: UInt64(1 + index * directions + direction))
                    let projected = zip(gradient, vector).reduce(0) { $0 + $1.0 * $1.1 }
                    pairs.append((try difference(vector, GradientChecker.step), projected))
                }
            } else {
                for element in gradient.indices {
                    var unit = Array(repeating: 0.0, count: gradient.count)
                    unit[element] = 1
                    let scale = GradientChecker.step * Swift.max(1, abs(start.values[element]))
                    pairs.append((try difference(unit, scale), gradient[element]))
                }
            }
            return (GradientChecker.relativeError(pairs), pairs.count, isProjected)
        }
    }

    private static func relativeError(_ pairs: [(numeric: Double, analytic: Double)]) -> Double {
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let distance = norm(pairs.map { $0.numeric - $0.analytic })
        let size = norm(pairs.map(\.numeric)) + norm(pairs.map(\.analytic))
        // Below this lies the rounding of differences of a gradient that vanishes.
        return distance <= 1e-9 ? 0 : distance / size
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
    /// The data of every leaf that an expression holds.
    static func heldValues(_ nodes: [Node]) -> [Node: ReferenceValue] {
        var values: [Node: ReferenceValue] = [:]
        for node in Node.sorted(nodes) {
            if case .input = node.operation, node.attachment is Buffer { values[node] = Tensor(node).referenceValue }
        }
        return values
    }
}
