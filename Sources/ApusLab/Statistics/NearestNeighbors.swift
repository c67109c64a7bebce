package import Apus

/// A classifier that keeps its samples, and answers with the class of most of the nearest ones.
package struct NearestNeighbors {
    private let points: [[Double]]
    private let labels: [Int]
    private let k: Int

    /// - Parameter k: How many of the nearest samples vote; where classes have as many votes, the lower class wins.
    package init(_ points: [[Double]], _ labels: [Int], k: Int = 1) {
        (self.points, self.labels, self.k) = (points, labels, k)
    }

    /// The samples of a data set, each as one row of numbers.
    package init(_ samples: Dataset, k: Int = 1) throws {
        let (points, labels) = try NearestNeighbors.rows(samples)
        self.init(points, labels, k: k)
    }

    /// The class of a point.
    package func callAsFunction(_ point: [Double]) -> Int {
        let distances = points.map { other in
            zip(point, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        var votes: [Int: Int] = [:]
        for index in distances.indices.sorted(by: { (distances[$0], $0) < (distances[$1], $1) }).prefix(k) {
            votes[labels[index], default: 0] += 1
        }
        return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
    }

    /// The share of points that it gets right.
    package func accuracy(_ points: [[Double]], _ labels: [Int]) -> Double {
        Double(zip(points, labels).count { self($0) == $1 }) / Double(labels.count)
    }

    /// The share of samples that it gets right.
    package func accuracy(_ samples: Dataset) throws -> Double {
        let (points, labels) = try NearestNeighbors.rows(samples)
        return accuracy(points, labels)
    }

    private static func rows(_ samples: Dataset) throws -> (points: [[Double]], labels: [Int]) {
        let (inputs, labels) = try LabData.arrays(samples)
        let values = inputs.scalars.map(Double.init)
        let width = values.count / max(1, labels.count)
        return (labels.indices.map { Array(values[($0 * width)..<(($0 + 1) * width)]) }, labels)
    }
}
