import ApusTensor

/// Splits share the samples' memory; every sample is in exactly one part; the parts are a pure function of the seed.
extension Dataset {
    /// Splits off a part for validation.
    ///
    /// Sizes are exact: `count * validation`, rounded to the nearest.
    ///
    /// - Parameters:
    ///   - validation: the part's fraction, 0 ≤ validation < 1
    ///   - stratified: whether each class of the first target with classes has the same proportion in both parts, within one sample
    ///   - seed: the seed of the choice
    /// - Throws: `DatasetError` if the fraction is not in 0..<1, if a part would be empty, or if numeric targets are
    ///   to be stratified.
    public func split(
        validation: Double, stratified: Bool = false, seed: UInt64
    ) throws(DatasetError) -> (training: Dataset, validation: Dataset) {
        guard validation >= 0, validation < 1 else { throw Dataset.wrongFraction(validation) }
        let parts = try split([1 - validation, validation], stratified: stratified, seed: seed)
        return (parts[0], parts[1])
    }

    /// Splits into parts of the given fractions; what is left of 1 is in no part.
    ///
    /// Sizes are exact, by largest remainders.
    ///
    /// - Throws: `DatasetError` if a fraction is not in 0...1, if they sum to more than 1, if a part of a positive
    ///   fraction would be empty, or if numeric targets are to be stratified.
    public func split(
        _ fractions: [Double], stratified: Bool = false, seed: UInt64
    ) throws(DatasetError) -> [Dataset] {
        let sum = fractions.reduce(0, +)
        guard fractions.allSatisfy({ (0...1).contains($0) }), sum <= 1 + 1e-9 else {
            throw DatasetError(
                .impossible, "the data can't be split into these fractions",
                expected: "numbers in 0...1 with a sum of at most 1",
                received: "\(fractions)" + (sum.isFinite ? " with the sum \(sum)" : ""),
                remedy: "Give fractions such as [0.8, 0.1, 0.1].")
        }
        let rest = sum < 1 - 1e-9 ? [1 - sum] : []
        let parts = try distributed(fractions + rest, stratified: stratified, seed: seed)
        if let index = fractions.indices.first(where: { fractions[$0] > 0 && parts[$0].isEmpty }) {
            throw DatasetError(
                .impossible, "a part would be empty",
                expected: "at least one sample for the fraction \(fractions[index])",
                received: count.counted("sample"), remedy: "Give a greater fraction or more data.")
        }
        return fractions.indices.map { view(parts[$0]) }
    }

    /// `k` pairs for cross-validation: every sample is in exactly one validation part, whose sizes differ by at most 1.
    ///
    /// - Throws: `DatasetError` if `k` is not in 2...count, or if numeric targets are to be stratified.
    public func folds(
        _ k: Int, stratified: Bool = false, seed: UInt64
    ) throws(DatasetError) -> [(training: Dataset, validation: Dataset)] {
        guard k >= 2, k <= count else {
            throw DatasetError(
                .impossible, "the data can't be split into \(k.counted("fold"))",
                expected: "at least 2, and at most one for each of \(count.counted("sample"))", received: "\(k)",
                remedy: count < 2 ? "Give more data." : "Give a number such as \(min(5, count)).")
        }
        let parts = try distributed(Array(repeating: 1 / Double(k), count: k), stratified: stratified, seed: seed)
        return parts.indices.map { fold in
            let others = parts.indices.filter { $0 != fold }.flatMap { parts[$0] }
            return (view(others), view(parts[fold]))
        }
    }

    static func wrongFraction(_ validation: Double) -> DatasetError {
        DatasetError(
            .impossible, "the validation part can't be this fraction of the data",
            expected: "at least 0, less than 1",
            received: "\(validation)", remedy: "Give a fraction such as 0.1.")
    }

    // MARK: Distribution

    /// The rows of each part, in random order.
    ///
    /// - Parameter fractions: sum to 1
    private func distributed(
        _ fractions: [Double], stratified: Bool, seed: UInt64
    ) throws(DatasetError) -> [[Int]] {
        let order = RandomKey(seed: seed).child("split").permutation(count).map { rows[$0] }
        guard stratified else {
            var start = 0
            return Apportionment.sizes(count, fractions).map { size in
                defer { start += size }
                return Array(order[start..<start + size])
            }
        }
        guard let target = stratificationTarget else {
            throw DatasetError(
                .impossible,
                isClassification ? "labels of positions can't be stratified" : "numeric targets can't be stratified",
                expected: isClassification ? "one label a sample" : "labels of classes", received: "\(targetType)",
                remedy: "Split without stratification.")
        }
        // Each class deals its samples in random order: the first ones to the first part, and so on. Samples whose label does not
        // count are a class of their own.
        let labels = try DatasetError.wrapping { try order.map { try target.label($0) } }
        var counts = Array(repeating: 0, count: target.classNames.count)
        for label in labels where label != target.ignored { counts[label] += 1 }
        let others = labels.count { $0 == target.ignored }
        if others > 0 { counts.append(others) }
        var open = Apportionment.sizes(sorts: counts, fractions)
        var current = Array(repeating: 0, count: counts.count)
        var parts = fractions.map { _ in [Int]() }
        for (row, label) in zip(order, labels) {
            let sort = label == target.ignored ? counts.count - 1 : label
            while open[sort][current[sort]] == 0 { current[sort] += 1 }
            open[sort][current[sort]] -= 1
            parts[current[sort]].append(row)
        }
        return parts
    }

    /// The target by whose classes parts are stratified: the first that is one label a sample.
    var stratificationTarget: TargetColumn? { targetColumns.first(where: \.isOneLabel) }
}
