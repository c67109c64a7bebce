import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

@Suite struct GroupSplitTests {
    /// Random groups of 1 to 9 samples, in random order.
    private func groups(_ count: Int, _ seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        var groups: [String] = []
        while groups.count < count {
            let size = min(Int.random(in: 1...9, using: &random), count - groups.count)
            groups += Array(repeating: "group \(groups.count)", count: size)
        }
        return RandomKey(seed: seed).permutation(count).map { groups[$0] }
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func noGroupIsInBothParts(seed: UInt64) throws {
        let (data, groups) = (try numbered(200), groups(200, seed))
        let parts = try data.split(validation: 0.2, groups: groups, seed: seed)
        #expect((parts.training.numbers + parts.validation.numbers).sorted() == Array(0..<200))
        let (left, right) = (
            Set(parts.training.numbers.map { groups[$0] }), Set(parts.validation.numbers.map { groups[$0] })
        )
        #expect(left.isDisjoint(with: right))
        #expect(abs(parts.validation.count - 40) <= 4)
        #expect(
            try data.split(validation: 0.2, groups: groups, seed: seed).validation.numbers == parts.validation.numbers)
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func foldsKeepGroupsTogether(seed: UInt64) throws {
        let (data, groups) = (try numbered(211), groups(211, seed))
        let folds = try data.folds(5, groups: groups, seed: seed)
        #expect(folds.count == 5)
        #expect(folds.flatMap(\.validation.numbers).sorted() == Array(0..<211))
        for (training, validation) in folds {
            #expect((training.numbers + validation.numbers).sorted() == Array(0..<211))
            #expect(Set(training.numbers.map { groups[$0] }).isDisjoint(with: validation.numbers.map { groups[$0] }))
            // The largest group has 9 samples.
            #expect(abs(Double(validation.count) - 42.2) < 9)
        }
        let others = try data.folds(5, groups: groups, seed: seed + 1000)
        #expect(others.map(\.validation.numbers) != folds.map(\.validation.numbers))
        #expect(
            try data.folds(5, groups: groups, seed: seed).map(\.validation.numbers)
                == folds.map(\.validation.numbers))
    }

    @Test func groupsOfOneSampleGiveEvenFolds() throws {
        let folds = try numbered(23).folds(4, groups: Array(0..<23), seed: 1)
        #expect(folds.map(\.validation.count).sorted() == [5, 6, 6, 6])
    }

    /// 4 and 3, then 2 to the smaller fold, 2 to the other one, and 1: six and six. With the smallest groups first there would be
    /// five and seven.
    @Test(arguments: 0..<10 as Range<UInt64>) func largestGroupsComeFirst(seed: UInt64) throws {
        let groups = [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5]
        let folds = try numbered(12).folds(2, groups: groups, seed: seed)
        #expect(folds.map(\.validation.count) == [6, 6])
        #expect(folds[0].validation.numbers.filter { $0 >= 8 } == [8, 9, 10, 11])
        #expect(folds[1].validation.numbers.filter { $0 >= 5 } == [5, 6, 7])
    }

    /// Plain and stratified folds: sizes and counts of classes differ by one at most, every sample is in one.
    @Test(arguments: 0..<60 as Range<UInt64>) func foldsAreEven(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let k = Int.random(in: 2...7, using: &random)
        let labels = (0..<Int.random(in: k...150, using: &random)).map { _ in Int.random(in: 0..<5, using: &random) }
        let data = try numbered(labels, classNames: (0..<5).map { "\($0)" })
        for stratified in [false, true] {
            let folds = try data.folds(k, stratified: stratified, seed: seed)
            #expect(folds.flatMap(\.validation.numbers).sorted() == Array(0..<data.count))
            let sizes = folds.map(\.validation.count)
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            for label in 0..<5 where stratified {
                let counts = folds.map { $0.validation.classCounts[label] }
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    // MARK: Given numbers

    @Test func givenNumbers() throws {
        let data = try numbered(10)
        let parts = try data.split(validationIndices: [7, 2])
        #expect(parts.validation.numbers == [7, 2])
        #expect(parts.training.numbers == [0, 1, 3, 4, 5, 6, 8, 9])
        #expect(try data.subset([3, 3, 0]).numbers == [3, 3, 0])
        #expect(try parts.training.subset([2]).numbers == [3])
    }

    @Test func givenByAFile() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/held.txt"
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
            let data = try numbered(10)
            try write("# held back\n7 2\r\n\n4, 5 # two more\n")
            #expect(try data.split(validationFile: path).validation.numbers == [7, 2, 4, 5])
            try write("1\ntwo\n")
            #expect(
                message { try data.split(validationFile: path) }
                    == "\(path): line 2 is no list of numbers. Expected whole numbers from 0; received two. Write one number a "
                    + "line.")
            try write("1 10")
            #expect(
                message { try data.split(validationFile: path) }
                    == "\(path): there is no sample 10. Expected 0..<10; received 10. Count the samples from 0.")
        }
    }

    // MARK: Errors

    @Test func whatIsWrong() throws {
        let data = try numbered(6)
        #expect(
            message { try data.split(validation: 0.5, groups: [1, 2], seed: 1) }
                == "samples and groups differ in number. Expected 6, one for each sample; received 2 groups. Give the group "
                + "of every sample.")
        #expect(
            message { try data.folds(3, groups: [1, 1, 1, 2, 2, 2], seed: 1) }
                == "the data can't be split into 3 folds. Expected at least 2, and at most one for each of 2 groups; "
                + "received 3. Give another number, or smaller groups.")
        #expect(
            message { try data.split(validation: 0.1, groups: [1, 1, 1, 2, 2, 2], seed: 1) }
                == "no group is small enough for the validation part. Expected a group of about 1 sample; received 2 groups, "
                + "the smallest of 3 samples. Give a greater fraction, or smaller groups.")
        #expect(
            message { try data.split(validation: 1, groups: [1, 1, 1, 2, 2, 2], seed: 1) }
                == "the validation part can't be this fraction of the data. Expected at least 0, less than 1; received 1.0. "
                + "Give a fraction such as 0.1.")
        #expect(
            message { try data.split(validationIndices: [1, 1]) }
                == "the sample 1 is named twice. Name each sample once.")
        #expect(
            message { try data.split(validationIndices: []) }
                == "a part would be empty. Expected some of 6 samples, not all of them; received 0. Name the samples of the "
                + "validation part.")
        #expect(
            message { try data.subset([-1]) }
                == "there is no sample -1. Expected 0..<6; received -1. Count the samples from 0.")
    }
}
