package import ApusData

extension NearestNeighbors {
    /// The samples of a data set, each as one row of numbers.
    package init(_ samples: Dataset, k: Int = 1) throws {
        let (points, labels) = try NearestNeighbors.rows(samples)
        self.init(points, labels, k: k)
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
