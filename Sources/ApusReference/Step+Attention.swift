import ApusBackend
import ApusGraph
import Foundation

extension Step {
    /// One query of attention: the number of its row among queries and results, and for each key that it sees that among keys and
    /// values, with the weight.
    private struct Query {
        var row: Int
        var keys: [Int]
        var weights: [Double]
    }

    private func queries(_ form: AttentionForm) -> [Query] {
        let (q, k) = (operands[0], operands[1])
        let (length, heads, size) = (q.shape[1], q.shape[2], q.shape[3])
        let (positions, groups) = (k.shape[1], k.shape[2])
        let mask = form.mask == nil ? nil : operands.last
        /// What the mask says of a query and the key at a position, if it does not hide it.
        func added(_ sample: Int, _ head: Int, _ t: Int, _ position: Int) -> Double? {
            guard let mask else { return 0 }
            let place = zip([sample, head, t, position], mask.shape.dimensions).reduce(0) {
                $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0)
            }
            let value = mask.values[place]
            guard form.mask == .added else { return value == 0 ? nil : 0 }
            return value == -.infinity ? nil : value
        }
        return (0..<(q.shape[0] * length * heads)).map { row in
            let (sample, t, head) = (row / heads / length, row / heads % length, row % heads)
            let seen = form.isCausal ? min(positions, t + 1) : positions
            let visible = (0..<seen).compactMap { position in added(sample, head, t, position).map { (position, $0) } }
            let keys = visible.map { (sample * positions + $0.0) * groups + head / (heads / groups) }
            let products = zip(keys, visible).map { key, visible in
                form.scale * (0..<size).reduce(0) { $0 + q.values[row * size + $1] * k.values[key * size + $1] }
                    + visible.1
            }
            let most = products.contains(where: \.isNaN) ? .nan : products.max() ?? 0
            let exponentials = products.map { exp($0 - most) }
            let sum = exponentials.reduce(0, +)
            return Query(row: row, keys: keys, weights: exponentials.map { $0 / sum })
        }
    }

    func attention(_ form: AttentionForm) -> [Double] {
        let (v, depth) = (operands[2].values, operands[2].shape[3])
        return queries(form).flatMap { query in
            (0..<depth).map { i in
                zip(query.keys, query.weights).reduce(0) { $0 + $1.1 * v[$1.0 * depth + i] }
            }
        }
    }

    /// With weights w, the gradient g to the result y and s the scale: to values Σ w g, to products w (g · v − g · y), and from there s
    /// times keys or queries.
    func attentionGradient(_ form: AttentionForm, _ operand: AttentionOperand) -> [Double] {
        let (q, k, v) = (operands[0].values, operands[1].values, operands[2].values)
        let (y, g) = (operands[3].values, operands[4].values)
        let (size, depth) = (operands[0].shape[3], operands[2].shape[3])
        var result = Array(repeating: 0.0, count: shape.count)
        func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
            (0..<depth).reduce(0) { $0 + a[i * depth + $1] * b[j * depth + $1] }
        }
        for query in queries(form) {
            let row = query.row
            for (key, weight) in zip(query.keys, query.weights) {
                switch operand {
                case .values: for i in 0..<depth { result[key * depth + i] += weight * g[row * depth + i] }
                case .queries, .keys:
                    let slope = form.scale * weight * (dot(g, row, v, key) - dot(g, row, y, row))
                    for i in 0..<size {
                        if operand == .queries {
                            result[row * size + i] += slope * k[key * size + i]
                        } else {
                            result[key * size + i] += slope * q[row * size + i]
                        }
                    }
                }
            }
        }
        return result
    }
}
