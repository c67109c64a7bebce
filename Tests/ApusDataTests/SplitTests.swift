import ApusData
import ApusTensor
import ApusTestKit
import Testing

@Suite struct SplitTests {
    struct Case: Sendable {
        var count: Int
        var fractions: [Double]
        var sizes: [Int]
    }

    private static let cases: [Case] = [
        Case(count: 10, fractions: [0.8, 0.2], sizes: [8, 2]),
        Case(count: 10, fractions: [0.75, 0.25], sizes: [8, 2]),
        Case(count: 11, fractions: [0.5, 0.5], sizes: [6, 5]),
        Case(count: 7, fractions: [0.1, 0.2, 0.7], sizes: [1, 1, 5]),
        Case(count: 100, fractions: [0.29, 0.71], sizes: [29, 71]),
        Case(count: 30, fractions: [0.1, 0.2], sizes: [3, 6]),
        Case(count: 10, fractions: [0.7, 0.1], sizes: [7, 1]),
        Case(count: 1000, fractions: [1 / 3, 1 / 3, 1 / 3], sizes: [334, 333, 333]),
        Case(count: 5, fractions: [0, 1], sizes: [0, 5]),
    ]

    @Test(arguments: cases) func sizesAreExact(_ test: Case) throws {
        let parts = try numbered(test.count).split(test.fractions, seed: 1)
        #expect(parts.map(\.count) == test.sizes)
        let numbers = parts.flatMap(\.numbers)
        #expect(Set(numbers).count == numbers.count)
        #expect(Set(numbers).isSubset(of: 0..<test.count))
    }

    @Test(arguments: [false, true]) func everySampleIsInOnePart(stratified: Bool) throws {
        let data = try numbered(503)
        let (training, validation) = try data.split(validation: 0.1, stratified: stratified, seed: 7)
        #expect((training.count, validation.count) == (453, 50))
        #expect((training.numbers + validation.numbers).sorted() == Array(0..<503))
        for part in [training, validation] {
            #expect(part.numbers.map { $0 % 10 } == (0..<part.count).map { part.label(at: $0) })
            #expect(part.numbers != part.numbers.sorted())
        }
    }

    /// Random class sizes and fractions: parts as large as without stratification, classes within one of their share.
    @Test(arguments: 0..<200 as Range<UInt64>) func stratifiedPartsKeepProportions(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        // Twenty samples at least: of fewer, a small fraction has none.
        let counts = [20] + (0..<random.below(12)).map { _ in random.below(41) }
        let weights = (0..<Int.random(in: 2...5, using: &random)).map { _ in Double.random(in: 1...4, using: &random) }
        let total = weights.reduce(0, +)
        let fractions = weights.map { $0 / total }
        let labels = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        let data = try numbered(labels, classNames: counts.indices.map { "\($0)" })
        let parts = try data.split(fractions, stratified: true, seed: seed)
        #expect(try parts.map(\.count) == data.split(fractions, seed: seed).map(\.count))
        #expect(parts.flatMap(\.numbers).sorted() == Array(0..<data.count))
        for (part, fraction) in zip(parts, fractions) {
            #expect(part.classCounts.count == counts.count)
            for (count, expected) in zip(part.classCounts, counts.map { Double($0) * fraction }) {
                #expect(abs(Double(count) - expected) < 1, "\(count) of \(expected) for \(counts), \(fractions)")
            }
        }
    }

    /// Both middle parts need one more of the second class, which has only one to give: sizes come first.
    @Test func sizesComeBeforeProportions() throws {
        let labels = Array(repeating: 0, count: 15) + Array(repeating: 1, count: 7)
        let fractions = [3, 4, 4, 3, 3, 3].map { $0 / 20.0 }
        let parts = try numbered(labels).split(fractions, stratified: true, seed: 1)
        #expect(parts.map(\.count) == [3, 5, 5, 3, 3, 3])
        #expect(parts.flatMap(\.numbers).sorted() == Array(0..<22))
        for (part, fraction) in zip(parts, fractions) {
            #expect(abs(Double(part.classCounts[0]) - 15 * fraction) < 1.5)
            #expect(abs(Double(part.classCounts[1]) - 7 * fraction) < 1.5)
        }
    }

    @Test(arguments: [(false, 10, 10), (true, 10, 10), (false, 503, 5), (true, 503, 5), (true, 97, 2)])
    func foldsCoverTheData(stratified: Bool, count: Int, k: Int) throws {
        let data = try numbered(count)
        let folds = try data.folds(k, stratified: stratified, seed: 3)
        #expect(folds.count == k)
        #expect(folds.flatMap(\.validation.numbers).sorted() == Array(0..<count))
        for (training, validation) in folds {
            #expect((training.numbers + validation.numbers).sorted() == Array(0..<count))
            #expect([count / k, (count + k - 1) / k].contains(validation.count))
            for label in 0..<10 where stratified {
                let share = Double(data.classCounts[label]) / Double(k)
                #expect(abs(Double(validation.classCounts[label]) - share) < 1)
            }
        }
    }

    @Test func partsAreAFunctionOfTheSeed() throws {
        let data = try numbered(20)
        let numbers = try data.split(validation: 0.2, seed: 7).validation.numbers
        #expect(try data.split(validation: 0.2, seed: 7).validation.numbers == numbers)
        #expect(try data.split(validation: 0.2, seed: 8).validation.numbers != numbers)
        #expect(numbers == Array(RandomKey(seed: 7).child("split").permutation(20).suffix(4)))
    }

    @Test func splitsOfSplits() throws {
        let half = try numbered(100).split(validation: 0.5, seed: 1).validation
        let parts = try half.split(validation: 0.5, stratified: true, seed: 1)
        #expect((parts.training.numbers + parts.validation.numbers).sorted() == half.numbers.sorted())
        #expect(parts.validation.count == 25)
    }

    @Test func viewsKeepTheirOrder() throws {
        let data = try numbered(30)
        #expect(data.prefix(3).numbers == [0, 1, 2])
        #expect(data.prefix(99).count == 30)
        #expect(data.prefix(0).isEmpty)
        let shuffled = data.shuffled(seed: 5)
        #expect(shuffled.numbers.sorted() == Array(0..<30))
        #expect(shuffled.numbers != data.numbers)
        #expect(shuffled.numbers == data.shuffled(seed: 5).numbers)
        #expect(shuffled.prefix(4).numbers == Array(shuffled.numbers.prefix(4)))
    }

    // MARK: Errors

    private static let outOfRange: [([Double], String)] = [
        ([0.5, 0.6], "[0.5, 0.6] with the sum 1.1"), ([-0.1, 0.6], "[-0.1, 0.6] with the sum 0.5"), ([.nan], "[nan]"),
    ]

    @Test(arguments: outOfRange) func wrongFractions(fractions: [Double], received: String) throws {
        let data = try numbered(10)
        let error = #expect(throws: DatasetError.self) { try data.split(fractions, seed: 1) }
        #expect(error?.kind == .impossible)
        #expect(
            error?.description
                == "the data can't be split into these fractions. Expected numbers in 0...1 with a sum of at "
                + "most 1; received \(received). Give fractions such as [0.8, 0.1, 0.1].")
    }

    @Test func emptyPart() throws {
        let data = try numbered(10)
        let error = #expect(throws: DatasetError.self) { try data.split([0.99, 0.01], seed: 1) }
        #expect(
            error?.description
                == "a part would be empty. Expected at least one sample for the fraction 0.01; received 10 samples. "
                + "Give a greater fraction or more data.")
    }

    @Test(arguments: [1, 1.5, -0.1, .nan]) func impossibleValidation(fraction: Double) throws {
        let data = try numbered(10)
        let error = #expect(throws: DatasetError.self) { try data.split(validation: fraction, seed: 1) }
        #expect(
            error?.description
                == "the validation part can't be this fraction of the data. Expected at least 0, less than 1; "
                + "received \(fraction). Give a fraction such as 0.1.")
    }

    @Test func impossibleFolds() throws {
        let data = try numbered(10)
        var error = #expect(throws: DatasetError.self) { try data.folds(11, seed: 1) }
        #expect(
            error?.description
                == "the data can't be split into 11 folds. Expected at least 2, and at most one for each of "
                + "10 samples; received 11. Give a number such as 5.")
        error = #expect(throws: DatasetError.self) { try data.prefix(1).folds(1, seed: 1) }
        #expect(
            error?.description
                == "the data can't be split into 1 fold. Expected at least 2, and at most one for each of "
                + "1 sample; received 1. Give more data.")
    }

    @Test func numbersHaveNoStrata() throws {
        let data = try Dataset(inputs: Tensor([1, 2] as [Float]), targets: Tensor([1, 2] as [Float]))
        let error = #expect(throws: DatasetError.self) { try data.split(validation: 0.5, stratified: true, seed: 1) }
        #expect(
            error?.description
                == "numeric targets can't be stratified. Expected labels of classes; received float32[]. "
                + "Split without stratification.")
    }
}
