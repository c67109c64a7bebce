import ApusTensor

/// Splits that keep samples together which belong together, such as the photographs of one person.
extension Dataset {
    /// Splits off a part for validation so that no group is in both parts.
    ///
    /// Groups in random order go to the validation part where they bring its size nearer to `count * validation`.
    ///
    /// - Parameters:
    ///   - validation: the fraction of the validation part, 0 ≤ validation < 1
    ///   - groups: the group of each sample
    ///   - seed: the seed of the order of the groups
    /// - Throws: `DatasetError` if the fraction is not in 0..<1, if a part would be empty, or if there are not as many
    ///   groups as samples.
    public func split<Group: Hashable>(
        validation: Double, groups: [Group], seed: UInt64
    ) throws(DatasetError) -> (training: Dataset, validation: Dataset) {
        guard validation >= 0, validation < 1 else { throw Dataset.wrongFraction(validation) }
        let members = try members(of: groups)
        let wanted = Double(count) * validation
        var held = 0
        var isHeld = Array(repeating: false, count: members.count)
        for group in RandomKey(seed: seed).child("split").permutation(members.count) {
            let size = members[group].count
            guard abs(Double(held + size) - wanted) < abs(Double(held) - wanted), held + size < count else { continue }
            held += size
            isHeld[group] = true
        }
        guard validation == 0 || held > 0 else {
            throw DatasetError(
                .impossible, "no group is small enough for the validation part",
                expected: "a group of about \(Int(wanted.rounded()).counted("sample"))",
                received: "\(members.count.counted("group")), the smallest of "
                    + (members.map(\.count).min() ?? 0).counted("sample"),
                remedy: "Give a greater fraction, or smaller groups.")
        }
        func rows(held: Bool) -> [Int] {
            members.indices.filter { isHeld[$0] == held }.flatMap { members[$0] }.sorted().map { self.rows[$0] }
        }
        return (view(rows(held: false)), view(rows(held: true)))
    }

    /// `k` pairs for cross-validation: every sample is in exactly one validation part, and no group is in two of them.
    ///
    /// The largest groups come first, each to the fold that is smallest so far; equal ones in random order.
    ///
    /// - Parameters:
    ///   - k: the number of pairs
    ///   - groups: the group of each sample
    ///   - seed: the seed of the order of the groups
    /// - Throws: `DatasetError` if `k` is not in 2...the number of groups, or if there are not as many groups as samples.
    public func folds<Group: Hashable>(
        _ k: Int, groups: [Group], seed: UInt64
    ) throws(DatasetError) -> [(training: Dataset, validation: Dataset)] {
        let members = try members(of: groups)
        guard k >= 2, k <= members.count else {
            throw DatasetError(
                .impossible, "the data can't be split into \(k.counted("fold"))",
                expected: "at least 2, and at most one for each of \(members.count.counted("group"))",
                received: "\(k)", remedy: "Give another number, or smaller groups.")
        }
        let order = RandomKey(seed: seed).child("split").permutation(members.count)
        // Sorting keeps the random order of groups that are equally large: their places decide.
        let largestFirst = order.indices.sorted {
            let (left, right) = (members[order[$0]].count, members[order[$1]].count)
            return left == right ? $0 < $1 : left > right
        }.map { order[$0] }
        var folds = Array(repeating: [Int](), count: k)
        for group in largestFirst {
            let smallest = folds.indices.min { folds[$0].count < folds[$1].count } ?? 0
            folds[smallest] += members[group]
        }
        return folds.indices.map { fold in
            let others = folds.indices.filter { $0 != fold }.flatMap { folds[$0] }
            return (view(others.sorted().map { rows[$0] }), view(folds[fold].sorted().map { rows[$0] }))
        }
    }

    /// The samples of each group, in the order in which groups appear.
    private func members<Group: Hashable>(of groups: [Group]) throws(DatasetError) -> [[Int]] {
        guard groups.count == count else {
            throw DatasetError(
                .malformed, "samples and groups differ in number", expected: "\(count), one for each sample",
                received: groups.count.counted("group"), remedy: "Give the group of every sample.")
        }
        var places: [Group: Int] = [:]
        var members: [[Int]] = []
        for (sample, group) in groups.enumerated() {
            if let place = places[group] {
                members[place].append(sample)
            } else {
                places[group] = members.count
                members.append([sample])
            }
        }
        return members
    }
}
