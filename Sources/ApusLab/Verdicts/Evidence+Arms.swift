/// The evidence of most claims: a number of an arm, or of two arms with the same seeds.
extension Evidence {
    /// A number of an arm, in each seed.
    public static func mean(of number: String, in arm: String) -> @Sendable (LabResults) -> Evidence {
        { .mean($0[arm].numbers(number)) }
    }

    /// A number of one arm minus that of another, seed by seed.
    public static func difference(
        of number: String, _ first: String, minus second: String
    ) -> @Sendable (LabResults) -> Evidence {
        { .mean($0.differences(number, first, minus: second)) }
    }

    /// A number of one arm divided by that of another, seed by seed.
    public static func ratio(
        of number: String, _ first: String, over second: String
    ) -> @Sendable (LabResults) -> Evidence {
        { .mean($0.ratios(number, first, over: second)) }
    }

    /// How many seeds have something that is true of them.
    ///
    /// - Parameter isTrue: Is given the results and the place of the seed.
    public static func rate(
        where isTrue: @escaping @Sendable (LabResults, Int) -> Bool
    ) -> @Sendable (LabResults) -> Evidence {
        { results in .rate(results.seeds.indices.count { isTrue(results, $0) }, of: results.seeds.count) }
    }
}
