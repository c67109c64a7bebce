/// Spearman's rank correlation.
enum Rank {
    /// The places of numbers in their order, from 1; equal numbers share the mean of their places.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for place in start...end { ranks[order[place]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        return ranks
    }

    /// The correlation of the ranks of two lists of equal length; NaN if one is constant.
    static func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (a, b) = (ranks(a), ranks(b))
        let mean = Double(a.count + 1) / 2
        let covariance = zip(a, b).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - mean) }
        func spread(_ ranks: [Double]) -> Double { ranks.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot() }
        return covariance / (spread(a) * spread(b))
    }
}
