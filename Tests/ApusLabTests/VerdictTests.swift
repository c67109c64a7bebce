import ApusLab
import Testing

/// Intervals against SciPy 1.x (`stats.t`, `binomtest(...).proportion_ci(method="wilson")`), and what they decide.
@Suite struct VerdictTests {
    private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-7 * max(1, abs(b)) }

    @Test func intervalOfAMean() {
        let estimate = Estimate(.mean([0.91, 0.93, 0.92]))
        #expect(isClose(estimate.value, 0.92))
        #expect(isClose(estimate.interval.lowerBound, 0.92 - 0.02484137711750332))
        #expect(isClose(estimate.interval.upperBound, 0.92 + 0.02484137711750332))
    }

    /// Many seeds: SciPy's `t.ppf(0.975, n - 1)`, and no time.
    @Test func intervalsOfManySeeds() {
        for (count, quantile) in [
            (1001, 1.9623390808264083), (1002, 1.9623367052808798), (100_001, 1.9599877075346095),
        ] {
            let half = (count % 2 == 1 ? 1 : 0) + count / 2
            let numbers = (0..<count).map { $0 < half ? 1.0 : 0.0 }
            let mean = Double(half) / Double(count)
            let deviation = (mean * (1 - mean) * Double(count) / Double(count - 1)).squareRoot()
            let width = Estimate(.mean(numbers)).interval.upperBound - mean
            #expect(abs(width * Double(count).squareRoot() / deviation - quantile) < 1e-8, "\(count)")
        }
        // A million seeds are thought of each time.
        for _ in 0..<20 {
            #expect(Criterion.atLeast(1.0001).decidingSeeds(Estimate(.mean([0, 2, 0, 2, 1]))) == nil)
        }
    }

    @Test func intervalOfAShare() {
        for (successes, count, low, high) in [
            (8, 10, 0.4901624715366418, 0.9433178485456248), (10, 10, 0.7224672001371109, 1),
            (0, 20, 0, 0.16112515805281935),
        ] {
            let interval = Estimate(.rate(successes, of: count)).interval
            #expect(isClose(interval.lowerBound, low) && isClose(interval.upperBound, high), "\(successes) of \(count)")
        }
    }

    @Test func numbersWithoutChance() {
        #expect(Estimate(.exact(3)).interval == 3...3)
        #expect(Estimate(.mean([2, 2, 2])).interval == 2...2)
    }

    /// One seed, or a number that is none, decides nothing.
    @Test(arguments: [
        Evidence.mean([1]), .mean([]), .mean([1, .nan, 1]), .mean([1, .infinity]), .exact(.nan), .rate(0, of: 0),
    ])
    func whatSaysNothing(_ evidence: Evidence) {
        let estimate = Estimate(evidence)
        for criterion in [Criterion.atLeast(0.5), .atMost(0.5), .within(0.4...0.6)] {
            #expect(criterion.verdict(estimate) == .undecided, "\(evidence), \(criterion)")
            #expect(criterion.decidingSeeds(estimate) == nil, "\(evidence), \(criterion)")
        }
    }

    @Test func sidesOfAThreshold() {
        let cases: [(Criterion, ClosedRange<Double>, Verdict)] = [
            (.atLeast(1), 1...2, .held), (.atLeast(1), 0.9...2, .undecided), (.atLeast(1), 0.5...0.9, .refuted),
            (.atMost(1), 0...1, .held), (.atMost(1), 0...1.1, .undecided), (.atMost(1), 1.1...2, .refuted),
            (.within(1...2), 1...2, .held), (.within(1...2), 0.9...1.5, .undecided),
            (.within(1...2), 0...3, .undecided),
            (.within(1...2), 2.1...3, .refuted), (.within(1...2), 0...0.9, .refuted),
            (.equal(to: 30), 30...30, .held), (.equal(to: 30), 29...29, .refuted),
            (.atLeast(1), -.infinity ... .infinity, .undecided),
        ]
        for (criterion, interval, verdict) in cases {
            #expect(criterion.verdict(interval) == verdict, "\(criterion), \(interval)")
        }
    }

    /// Of four numbers with the mean 2.5 and the standard deviation 1.29 it takes 29 to tell the mean from 2; of a share of 0.8 it takes
    /// 81 to tell it from 0.7.
    @Test func seedsThatWouldDecide() {
        #expect(Criterion.atLeast(2).decidingSeeds(Estimate(.mean([1, 2, 3, 4]))) == 29)
        #expect(Criterion.atLeast(0.7).decidingSeeds(Estimate(.rate(8, of: 10))) == 81)
        #expect(Criterion.atMost(3).decidingSeeds(Estimate(.mean([1, 2, 3, 4]))) == 29)
        #expect(Criterion.atLeast(2.5).decidingSeeds(Estimate(.mean([1, 2, 3, 4]))) == nil)
        #expect(Criterion.atLeast(-10).decidingSeeds(Estimate(.mean([1, 2, 3, 4]))) == nil)
    }
}
