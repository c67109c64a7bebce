import ApusData
import ApusTensor

/// Samples as rows of numbers, each column scaled, with their labels: what classifiers without training work on.
struct Neighbours {
    let rows: [[Float]]
    let labels: [Int]

    /// Rows of at most so many samples from all over a data set; `nil` where they can't be read or are very wide.
    static func table(_ data: Dataset, limit: Int) -> [[Float]]? {
        guard data.inputNames.count == 1, data.sampleShape.count <= 4096, !data.isEmpty else { return nil }
        return indices(data, limit).map { index in
            data.features(at: index).scalars(as: Double.self).map { Float($0) }
        }
    }

    static func indices(_ data: Dataset, _ limit: Int) -> [Int] {
        data.count <= limit ? Array(0..<data.count) : (0..<limit).map { $0 * data.count / limit }
    }

    /// Scales all rows by the mean and deviation of each column of the first ones.
    static func scaled(_ tables: [[[Float]]]) -> [[[Float]]] {
        guard let first = tables.first, let width = first.first?.count else { return tables }
        let count = Float(first.count)
        var (mean, square) = (Array(repeating: Float(0), count: width), Array(repeating: Float(0), count: width))
        for row in first { for column in 0..<width { mean[column] += row[column] / count } }
        for row in first {
            for column in 0..<width {
                square[column] += (row[column] - mean[column]) * (row[column] - mean[column]) / count
            }
        }
        // Of images the pixels keep their weights: one scale for all.
        let scales: [Float]
        if width > 64 {
            let whole = (square.reduce(0, +) / Float(width)).squareRoot()
            scales = Array(repeating: whole > 0 ? 1 / whole : 0, count: width)
        } else {
            scales = square.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
        }
        return tables.map { table in
            table.map { row in row.indices.map { (row[$0] - mean[$0]) * scales[$0] } }
        }
    }

    /// The squared distances from a row to all rows, with their places, the nearest first.
    static func nearest(_ row: [Float], in rows: [[Float]], count: Int) -> [(distance: Float, place: Int)] {
        var best: [(distance: Float, place: Int)] = []
        for (place, other) in rows.enumerated() {
            var sum: Float = 0
            row.withUnsafeBufferPointer { a in
                other.withUnsafeBufferPointer { b in
                    for column in 0..<min(a.count, b.count) { sum += (a[column] - b[column]) * (a[column] - b[column]) }
                }
            }
            if best.count < count || sum < best[best.count - 1].distance {
                let index = best.firstIndex { sum < $0.distance } ?? best.count
                best.insert((sum, place), at: index)
                if best.count > count { best.removeLast() }
            }
        }
        return best
    }

    /// The share of rows whose label most of the nearest five rows have.
    func accuracy(on rows: [[Float]], _ labels: [Int]) -> Double {
        guard !rows.isEmpty else { return 0 }
        var hits = 0
        for (row, label) in zip(rows, labels) {
            var votes: [Int: Int] = [:]
            for neighbour in Neighbours.nearest(row, in: self.rows, count: 5) {
                votes[self.labels[neighbour.place], default: 0] += 1
            }
            if votes.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) })?.key == label { hits += 1 }
        }
        return Double(hits) / Double(rows.count)
    }
}
