/// Pairs of lists that must be equally long: `zip` would leave the surplus out of the comparison.
public func pairs<A: Collection, B: Collection>(_ a: A, _ b: B) throws -> [(A.Element, B.Element)] {
    guard a.count == b.count else { throw UnequalLists(counts: (a.count, b.count)) }
    return Array(zip(a, b))
}

/// Two lists that were to be compared have different lengths.
public struct UnequalLists: Error, CustomStringConvertible {
    let counts: (Int, Int)
    public var description: String { "compared are lists of \(counts.0) and \(counts.1) elements" }
}
