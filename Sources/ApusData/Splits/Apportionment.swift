/// Whole numbers in proportion to fractions.
enum Apportionment {
    /// Deviations of this size are rounding of the fractions, such as 0.1 + 0.2.
    private static let rounding = 1e-9

    /// The exact share, or the nearest whole number where it differs by rounding only.
    private static func quota(_ count: Int, _ fraction: Double) -> Double {
        let quota = Double(count) * fraction
        let whole = quota.rounded()
        return abs(quota - whole) <= rounding * max(1, whole) ? whole : quota
    }

    /// Distributes `count` things: everybody gets the whole part of its share, and what is left goes to the largest
    /// remainders (Hamilton's method; of equal remainders the first).
    ///
    /// - Parameter fractions: sum to 1
    static func sizes(_ count: Int, _ fractions: [Double]) -> [Int] {
        let quotas = fractions.map { quota(count, $0) }
        var sizes = quotas.map { Int($0.rounded(.down)) }
        let byRemainder = fractions.indices.sorted { a, b in
            let (left, right) = (quotas[a] - Double(sizes[a]), quotas[b] - Double(sizes[b]))
            return abs(left - right) > rounding ? left > right : a < b
        }
        for part in byRemainder.prefix(count - sizes.reduce(0, +)) { sizes[part] += 1 }
        return sizes
    }

    /// Distributes several sorts of things at once: the parts have the same sizes as without regard to sorts, and
    /// every part gets of each sort its share, rounded down or up.
    ///
    /// The whole parts of the shares are given first. Who gets one more of which sort is a flow from sorts to parts,
    /// found by augmenting paths. It exists for two parts and for equal parts; of three parts and more, some unequal
    /// ones leave no such rounding: then a part gets one thing more of some sort than its share rounded up.
    ///
    /// - Returns: For each sort, how many each part gets.
    static func sizes(sorts: [Int], _ fractions: [Double]) -> [[Int]] {
        let quotas = sorts.map { count in fractions.map { quota(count, $0) } }
        var given = quotas.map { $0.map { Int($0.rounded(.down)) } }
        let sizes = sizes(sorts.reduce(0, +), fractions)
        var wanted = fractions.indices.map { part in sizes[part] - given.reduce(0) { $0 + $1[part] } }
        let floors = given

        /// Gives one more of a sort to a part that wants it, if need be by moving others; `seen` are parts already
        /// tried.
        func give(_ sort: Int, _ seen: inout Set<Int>) -> Bool {
            let open = fractions.indices.filter { part in
                given[sort][part] == floors[sort][part] && quotas[sort][part] > Double(floors[sort][part])
            }
            for part in open where seen.insert(part).inserted {
                if wanted[part] > 0 {
                    wanted[part] -= 1
                    given[sort][part] += 1
                    return true
                }
                for other in sorts.indices where given[other][part] > floors[other][part] {
                    given[other][part] -= 1
                    if give(other, &seen) {
                        given[sort][part] += 1
                        return true
                    }
                    given[other][part] += 1
                }
            }
            return false
        }

        for sort in sorts.indices {
            for _ in 0..<(sorts[sort] - floors[sort].reduce(0, +)) {
                var seen: Set<Int> = []
                if give(sort, &seen) { continue }
                // No rounding keeps both sums: the sizes of the parts come first.
                if let part = wanted.firstIndex(where: { $0 > 0 }) {
                    wanted[part] -= 1
                    given[sort][part] += 1
                }
            }
        }
        return given
    }
}
