import Foundation

/// Looks for the assignment with the largest expected improvement: E[max(best − f, 0)] = (best − μ) Φ(z) + σ φ(z),
/// z = (best − μ) / σ.
package struct ImprovementSearch {
    let space: SearchSpace
    let encoding: PointEncoding
    let process: GaussianProcess
    /// The least mean at a known point.
    let best: Double
    /// Assignments that need not be tried again.
    let tried: Set<Assignment>
    var random: SearchRandom

    private struct Candidate {
        var assignment: Assignment
        var score: Double
    }

    /// The best of random candidates and of small changes of good ones, improved by ever smaller changes.
    mutating func maximum(from start: [Assignment], near good: [Assignment], candidates: Int) -> Assignment {
        var pool = start
        for _ in 0..<candidates { pool.append(sample()) }
        for assignment in good { for _ in 0..<10 { pool.append(changed(assignment, scale: 0.1)) } }
        var leaders = pool.map { Candidate(assignment: $0, score: score($0)) }
            .enumerated().sorted { ($0.element.score, $1.offset) > ($1.element.score, $0.offset) }
            .prefix(3).map(\.element)
        for index in leaders.indices {
            var scale = 0.1
            for _ in 0..<30 {
                let assignment = changed(leaders[index].assignment, scale: scale)
                let score = score(assignment)
                if score > leaders[index].score {
                    leaders[index] = Candidate(assignment: assignment, score: score)
                } else {
                    scale *= 0.85
                }
            }
        }
        return leaders.max { $0.score < $1.score }?.assignment ?? start[0]
    }

    private func score(_ assignment: Assignment) -> Double {
        if tried.contains(assignment) { return -1 }
        let (mean, variance) = process.prediction(at: encoding.point(assignment))
        return Self.improvement(mean: mean, deviation: variance.squareRoot(), best: best)
    }

    package static func improvement(mean: Double, deviation: Double, best: Double) -> Double {
        guard deviation > 1e-12 else { return max(best - mean, 0) }
        let z = (best - mean) / deviation
        let density = exp(-z * z / 2) / (2 * .pi).squareRoot()
        return max(deviation * (z * erfc(-z / 2.0.squareRoot()) / 2 + density), 0)
    }

    private mutating func sample() -> Assignment {
        var assignment = Assignment()
        for dimension in space.dimensions { assignment[dimension.path] = dimension.domain.sample(using: &random) }
        return assignment
    }

    /// The assignment with some of its values moved by a fraction of their range.
    private mutating func changed(_ assignment: Assignment, scale: Double) -> Assignment {
        var result = assignment
        let always = random.index(below: space.dimensions.count)
        for (index, dimension) in space.dimensions.enumerated() where index == always || random.uniform() < 0.3 {
            guard let axis = dimension.domain.axis, let number = assignment[dimension.path]?.number else {
                result[dimension.path] = dimension.domain.sample(using: &random)
                continue
            }
            let position = axis.position(number) + scale * axis.length * random.normal()
            let inside = min(max(position, axis.positions.lowerBound), axis.positions.upperBound)
            result[dimension.path] = dimension.domain.setting(axis.value(at: inside))
        }
        return result
    }
}
