import ApusBackend
import ApusGraph

extension Step {
    func reduce(_ reduction: Reduction, _ axes: [Int]) -> [Double] {
        let x = operands[0]
        var terms = Array(repeating: [Double](), count: shape.count)
        for (position, index) in x.shape.allIndices.enumerated() {
            let kept = index.indices.filter { !axes.contains($0) }.map { index[$0] }
            terms[shape.position(of: kept)].append(x.values[position])
        }
        return terms.map { reduced(reduction, $0) }
    }

    private func reduced(_ reduction: Reduction, _ terms: [Double]) -> Double {
        switch reduction {
        case .sum: terms.reduce(0, sum)
        case .mean: terms.reduce(0, +) / Double(terms.count)
        case .product: terms.reduce(1, product)
        case .maximum: terms.contains(where: \.isNaN) ? .nan : terms.max() ?? -.infinity
        case .minimum: terms.contains(where: \.isNaN) ? .nan : terms.min() ?? .infinity
        case .any: terms.contains { $0 != 0 } ? 1 : 0
        case .all: terms.allSatisfy { $0 != 0 } ? 1 : 0
        }
    }

    /// The first extreme element; NaN is more extreme than any number.
    func argReduce(_ reduction: ArgReduction, _ axis: Int) -> [Double] {
        let x = operands[0]
        func beats(_ a: Double, _ b: Double) -> Bool {
            if b.isNaN { return false }
            if a.isNaN { return true }
            switch reduction {
            case .argmax: return a > b
            case .argmin: return a < b
            }
        }
        return x.shape.lines(along: axis).map { line in
            var best = 0
            for candidate in line.indices where beats(x.values[line[candidate]], x.values[line[best]]) {
                best = candidate
            }
            return Double(best)
        }
    }

    func cumulativeSum(_ axis: Int, _ exclusive: Bool, _ reverse: Bool) -> [Double] {
        let x = operands[0]
        var result = x.values
        for line in x.shape.lines(along: axis) {
            var total = 0.0
            for position in reverse ? line.reversed() : line {
                let before = total
                total = sum(total, x.values[position])
                result[position] = exclusive ? before : total
            }
        }
        return result
    }

    /// A stable sort in which NaN is greater than every number.
    func argsort(_ axis: Int, _ descending: Bool, _ count: Int) -> [Double] {
        let x = operands[0]
        func isLess(_ a: Double, _ b: Double) -> Bool { b.isNaN ? !a.isNaN : a < b }
        var result = Array(repeating: 0.0, count: shape.count)
        for (line, target) in zip(x.shape.lines(along: axis), shape.lines(along: axis)) {
            let sorted = line.indices.sorted { i, j in
                let (a, b) = (x.values[line[i]], x.values[line[j]])
                if isLess(a, b) { return !descending }
                if isLess(b, a) { return descending }
                return i < j
            }
            for (place, index) in zip(target, sorted.prefix(count)) { result[place] = Double(index) }
        }
        return result
    }
}
