import Testing

import ApusSearch
import ApusTestKit

/// Against numbers of scikit-learn, SciPy and Optuna, which `Fixtures/make_numbers.py` makes.
@Suite struct NumbersTests {
    private func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
        abs(a - b) <= tolerance * max(1e-6, abs(b))
    }

    private func process(_ variance: Double? = 1.7) throws -> GaussianProcess {
        try #require(
            GaussianProcess(
                [[0.1, 0.2], [0.4, 0.9], [0.5, 0.5], [0.8, 0.3], [0.95, 0.7]], [0.3, -1.2, 0.5, 1.1, -0.4],
                lengths: [0.3, 0.8], variance: variance, noise: 1e-3))
    }

    @Test(arguments: [
        ([0.1, 0.2], 0.299367800232749, 0.0016980304802660664, 0.00010830363460545964),
        ([0.3, 0.4], 0.007645814219581326, 0.359812180418801, 0.3476796242044421),
        ([0.6, 0.6], 0.584458492803195, 0.19649655314023584, 0.04725026779248128),
        ([1.0, 0.0], 0.44151036358441664, 0.857125604400182, 0.261086035376741),
    ])
    func gaussianProcess(_ point: [Double], mean: Double, variance: Double, improvement: Double) throws {
        let prediction = try process().prediction(at: point)
        #expect(isClose(prediction.mean, mean))
        #expect(isClose(prediction.variance, variance))
        let found = ImprovementSearch.improvement(
            mean: prediction.mean, deviation: prediction.variance.squareRoot(), best: 0.2)
        #expect(isClose(found, improvement))
    }

    @Test func likelihood() throws {
        #expect(isClose(try process().logLikelihood, -7.5035862242616025))
        // No other variance is more likely than the one that is chosen.
        let chosen = try process(nil)
        for factor in [0.9, 1.1] {
            #expect(try process(chosen.variance * factor).logLikelihood < chosen.logLikelihood)
        }
    }

    @Test(arguments: [
        (0.975, 1, 12.706204736174694), (0.975, 4, 2.7764451051977934), (0.9, 9, 1.3830287383966329),
        (0.995, 29, 2.756385903670605), (0.975, 1000, 1.9623390808264083), (0.025, 4, -2.7764451051977934),
        (0.5, 7, 0),
    ])
    func studentT(_ share: Double, _ freedom: Int, _ expected: Double) {
        #expect(isClose(StudentT(degreesOfFreedom: freedom).quantile(share), expected))
    }

    struct Density: Sendable {
        let domain: Domain
        let observed: [Double]
        let at: [Double]
        let expected: [Double]
    }

    @Test(arguments: [
        Density(
            domain: .real(0...1), observed: [0.2, 0.25, 0.9], at: [0, 0.22, 0.5, 1],
            expected: [-0.016505540582067546, 0.27583121569550184, -0.010368959784871734, -0.3605158418909874]),
        Density(
            domain: .real(0...1), observed: [0.7], at: [0.1, 0.7],
            expected: [-0.13932167972091136, 0.06989616347219396]),
        Density(
            domain: .log(1e-4...1e-1), observed: [1e-3, 2e-3, 5e-2], at: [1e-4, 1.5e-3, 1e-1],
            expected: [-2.4189105256823233, -1.69206095907148, -2.2203306309744977]),
        Density(
            domain: .integer(16...256, step: 16), observed: [16, 64, 48], at: [16, 64, 256],
            expected: [-2.07348545466966, -2.078511994985096, -4.224766262452337]),
        Density(
            domain: .integer(1...128, log: true), observed: [2, 3, 100], at: [1, 3, 128],
            expected: [-1.5652024428598308, -2.564160149263424, -6.87867593303823]),
        Density(
            domain: .real(0...0.5, step: 0.1), observed: [0.1, 0.3], at: [0, 0.3, 0.5],
            expected: [-1.8636761998595568, -1.6733328729165664, -2.185602568392759]),
        Density(
            domain: .real(0...1), observed: (0..<40).map { Double($0 * 7 % 40) / 40 }, at: [0.1, 0.5, 0.9],
            expected: [0.10559593531842171, -0.0036969641301802803, -0.021767156385245734]),
    ])
    func parzenEstimator(_ density: Density) {
        let observed = density.observed.map { Assignment(["x": density.domain.canonical(.real($0)) ?? 0]) }
        let estimator = ParzenEstimator(observed, in: ["x": density.domain], priorWeight: 1)
        for (value, expected) in zip(density.at, density.expected) {
            #expect(isClose(estimator.logDensity(["x": .real(value)]), expected, 1e-7))
        }
    }

    @Test func parzenEstimatorOfChoices() {
        let estimator = ParzenEstimator(
            ["a", "a", "c"].map { ["x": .text($0)] }, in: ["x": .choice(["a", "b", "c"])], priorWeight: 1)
        for (value, expected) in [("a", -0.7419373447293773), ("b", -1.6582280766035324), ("c", -1.0986122886681098)] {
            #expect(isClose(estimator.logDensity(["x": .text(value)]), expected))
        }
    }

    @Test func parzenEstimatorOfSeveralPaths() {
        let space: SearchSpace = ["c": .choice(["a", "b"]), "i": .integer(0...8), "r": .log(0.01...1)]
        let estimator = ParzenEstimator(
            [
                ["c": "b", "i": 3, "r": 0.02], ["c": "b", "i": 4, "r": 0.05], ["c": "a", "i": 8, "r": 0.7],
            ], in: space, priorWeight: 1)
        let expected: [(Assignment, Double)] = [
            (["c": "b", "i": 3, "r": 0.03], -3.3762296262373472), (["c": "a", "i": 3, "r": 0.03], -4.43172498539694),
            (["c": "a", "i": 8, "r": 1.0], -4.2188633758329726),
        ]
        for (assignment, density) in expected { #expect(isClose(estimator.logDensity(assignment), density, 1e-7)) }
    }

    @Test func paired() throws {
        let (first, second) = ([0.91, 0.93, 0.90, 0.94, 0.92], [0.89, 0.92, 0.90, 0.91, 0.90])
        let comparison = try PairedComparison(first, second)
        #expect(isClose(comparison.difference, 0.016))
        #expect(isClose(comparison.differences.standardDeviation, 0.011401754250991356))
        #expect(isClose(comparison.interval.lowerBound, 0.0018428522301773033))
        #expect(isClose(comparison.interval.upperBound, 0.030157147769822683))
        #expect(comparison.isSignificant)
        // Folds overlap: s² (1/5 + 1/4) in place of s²/5 makes the interval 1.5 times as wide.
        let corrected = try PairedComparison(first, second, testShare: 0.25)
        #expect(isClose(corrected.interval.upperBound, 0.016 + 1.5 * 0.014157147769822683))
        #expect(!corrected.isSignificant)
    }

    @Test func summary() throws {
        let summary = try #require(ScoreSummary([2, 4, 4, 4, 5, 5, 7, 9]))
        #expect(isClose(summary.mean, 5))
        #expect(isClose(summary.standardDeviation, (32.0 / 7).squareRoot()))
        #expect(isClose(summary.standardError, (4.0 / 7).squareRoot()))
        #expect(ScoreSummary([3])?.standardError == 0)
        #expect(ScoreSummary([]) == nil)
    }

    @Test func pairedErrors() {
        #expect(
            message { try PairedComparison([1, 2], [1]) }
                == "expected scores of the same folds but received 2 and 1 scores")
        #expect(
            message { try PairedComparison([1], [1]) }
                == "expected scores of at least two folds but received 1")
        #expect(
            message { try PairedComparison([1, 2], [1, 2], confidence: 1) }
                == "expected a confidence between 0 and 1 but received 1.0")
        #expect(
            message { try PairedComparison([1, .nan], [1, 2]) }
                == "expected finite scores but their differences are not")
    }
}
