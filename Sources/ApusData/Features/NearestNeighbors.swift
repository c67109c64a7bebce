/// A classifier that keeps its samples, and answers with the class of most of the nearest ones.
package struct NearestNeighbors: Sendable {
    private let points: [[Double]]
    private let labels: [Int]
    private let k: Int

    /// - Parameters:
    ///   - points: The samples, each as one row of numbers.
    ///   - labels: Their classes.
    ///   - k: How many of the nearest samples vote; where classes have as many votes, the lower class wins.
    package init(_ points: [[Double]], _ labels: [Int], k: Int = 1) {
        (self.points, self.labels, self.k) = (points, labels, k)
    }

    /// The class of a point.
    package func callAsFunction(_ point: [Double]) -> Int {
        var votes: [Int: Int] = [:]
        for (_, place) in NearestNeighbors.nearest(point, in: points, count: k) {
            votes[labels[place], default: 0] += 1
        }
        return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
    }

    /// The share of points that it gets right.
    package func accuracy(_ points: [[Double]], _ labels: [Int]) -> Double {
        Double(zip(points, labels).count { self($0) == $1 }) / Double(labels.count)
    }

    /// The places of the nearest points with their squared distances, the nearest first; of equal distances the first.
    package static func nearest(
        _ point: [Double], in points: [[Double]], count: Int
    ) -> [(distance: Double, place: Int)] {
        var best: [(distance: Double, place: Int)] = []
        for (place, other) in points.enumerated() {
            let distance = squaredDistance(point, other)
            guard best.count < count || best.last.map({ distance < $0.distance }) == true else { continue }
            best.insert((distance, place), at: best.firstIndex { distance < $0.distance } ?? best.count)
            if best.count > count { best.removeLast() }
        }
        return best
    }

    private static func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                (0..<min(a.count, b.count)).reduce(0) { $0 + (a[$1] - b[$1]) * (a[$1] - b[$1]) }
            }
        }
    }
}
