import ApusData
import ApusTensor

/// Samples as rows of numbers: what classifiers without training work on.
enum SampleRows {
    /// At most so many samples from all over a data set; `nil` where they are not in memory or very wide.
    static func of(_ data: Dataset, limit: Int) -> [[Double]]? {
        guard data.isInMemory, data.inputNames.count == 1, data.sampleShape.count <= 4096, !data.isEmpty else {
            return nil
        }
        return places(data, limit).map { data.features(at: $0).scalars(as: Double.self) }
    }

    /// The places of those samples.
    static func places(_ data: Dataset, _ limit: Int) -> [Int] { Trials.places(data.count, limit) }

    /// Scales all rows by the mean and deviation of each column of the first ones.
    static func scaled(_ tables: [[[Double]]]) -> [[[Double]]] {
        guard let first = tables.first, let width = first.first?.count else { return tables }
        let moments = (0..<width).map { column in Moments(first.map { $0[column] }) }
        // Of images the pixels keep their weights: one scale for all.
        let deviations =
            width > 64
            ? Array(repeating: Moments(moments.map(\.variance)).mean.squareRoot(), count: width)
            : moments.map(\.deviation)
        return tables.map { table in
            table.map { row in
                row.indices.map { deviations[$0] > 0 ? (row[$0] - moments[$0].mean) / deviations[$0] : 0 }
            }
        }
    }
}
