import ApusSearch
import Testing

@Suite struct PrunerTests {
    /// Losses of five complete trials at steps 0, 1, 2; at step 1 their median is 0.5.
    private let others: [[Int: Double]] = [
        [0: 1.0, 1: 0.3, 2: 0.1], [0: 0.9, 1: 0.4, 2: 0.2], [0: 0.8, 1: 0.5, 2: 0.3], [0: 0.7, 1: 0.6, 2: 0.4],
        [0: 0.6, 1: 0.7, 2: 0.5],
    ]

    @Test(
        arguments: [
            // The best value so far counts, against the median at the same step.
            (Pruner.median(startupTrials: 5, warmupSteps: 0), 1, [0: 0.9, 1: 0.51], true),
            (.median(startupTrials: 5, warmupSteps: 0), 1, [0: 0.9, 1: 0.5], false),
            (.median(startupTrials: 5, warmupSteps: 0), 1, [0: 0.4, 1: 0.9], false),
            (.median(startupTrials: 5, warmupSteps: 0), 2, [0: 0.4, 1: 0.9, 2: 0.9], true),
            // A later value than the step is of an earlier attempt.
            (.median(startupTrials: 5, warmupSteps: 0), 0, [0: 0.9, 1: 0.1], true),
            (.median(startupTrials: 6, warmupSteps: 0), 1, [1: 9], false),
            (.median(startupTrials: 5, warmupSteps: 2), 1, [1: 9], false),
            (.median(startupTrials: 5, warmupSteps: 2), 2, [1: 9, 2: 9], true),
            // Nobody else has got so far.
            (.median(startupTrials: 5, warmupSteps: 0), 3, [3: 9], false),
            (.median(startupTrials: 5, warmupSteps: 0), 1, [1: .nan], true),
            (.median(startupTrials: 5, warmupSteps: 0), 1, [1: .infinity], true),
            // The best quarter at step 1 reaches to 0.4.
            (.percentile(percentile: 25, startupTrials: 5, warmupSteps: 0), 1, [1: 0.4], false),
            (.percentile(percentile: 25, startupTrials: 5, warmupSteps: 0), 1, [1: 0.41], true),
            (.percentile(percentile: 100, startupTrials: 5, warmupSteps: 0), 1, [1: 0.7], false),
            (.percentile(percentile: 0, startupTrials: 5, warmupSteps: 0), 1, [1: 0.31], true),
            (.none, 1, [1: 9], false),
        ] as [(Pruner, Int, [Int: Double], Bool)])
    func decisions(_ pruner: Pruner, _ step: Int, _ values: [Int: Double], _ expected: Bool) {
        #expect(pruner.prunes(at: step, values: values, others: others) == expected)
    }

    @Test func quantilesAreInterpolated() {
        let pruner = Pruner.percentile(percentile: 10, startupTrials: 0, warmupSteps: 0)
        // Between 0.3 and 0.4, four tenths of the way.
        #expect(!pruner.prunes(at: 1, values: [1: 0.3399], others: others))
        #expect(pruner.prunes(at: 1, values: [1: 0.3401], others: others))
        #expect(!pruner.prunes(at: 1, values: [1: 9], others: []))
        #expect(!pruner.prunes(at: 1, values: [1: 9], others: [[1: .nan]]))
        #expect(!pruner.prunes(at: 1, values: [1: .infinity], others: [[1: .infinity], [1: .infinity]]))
    }
}
