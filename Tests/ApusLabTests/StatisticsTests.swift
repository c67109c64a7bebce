import Apus
import ApusLab
import Foundation
import Testing

/// The statistics of the lab against numbers of NumPy, or by hand.
@Suite struct StatisticsTests {
    /// 12 samples of 5 numbers, sin(1 + 0.37 i (j + 1)) + j cos(i) / 2.
    private static let rows: [[Double]] = (0..<12).map { i in
        (0..<5).map { j in
            let wave = sin(1 + 0.37 * Double(i * (j + 1)))
            return wave + 0.5 * Double(j) * cos(Double(i))
        }
    }

    @Test func ridge() {
        let targets = StatisticsTests.rows.enumerated().map { cos(0.9 * Double($0)) + $1[1] }
        for (lambda, prediction) in [(0.5, -0.06780085643644648), (10, 0.11560851694400148)] {
            let ridge = Ridge(StatisticsTests.rows, targets, lambda: lambda)
            #expect(abs(ridge([0.3, -0.2, 0.5, 1, -1]) - prediction) < 1e-9, "\(lambda)")
        }
    }

    /// An edge, a diagonal one, a spot, and numbers without a direction.
    @Test func selectivity() {
        let places = (0..<25).map { (x: Double($0 % 5), y: Double($0 / 5)) }
        func selectivity(_ filter: [Double]) -> Double { Gratings.selectivity(filter, side: 5) }
        #expect(abs(selectivity(places.map { $0.x - 2 }) - 0.42216388946710304) < 1e-9)
        #expect(abs(selectivity(places.map { $0.x + $0.y - 4 }) - 0.26097298551482045) < 1e-9)
        let spot = places.map { exp(-pow(hypot($0.x - 2, $0.y - 2), 2) / 2) }
        #expect(selectivity(spot) < 1e-9)
        #expect(abs(selectivity((0..<25).map { sin(1.7 * Double($0)) }) - 0.3602788445712575) < 1e-9)
        #expect(selectivity([Double](repeating: 0, count: 25)) == 0)
    }

    @Test func probabilities() {
        let probabilities = Probabilities(logits: Tensor([[1, 2, 0.5], [0, 0, 3], [2, 1, 1]]))
        #expect(abs(probabilities.values[1] - 0.62853172) < 1e-7)
        #expect(probabilities.labels == [1, 2, 0])
        #expect(abs(probabilities.accuracy([1, 2, 2]) - 2.0 / 3) < 1e-12)
        #expect(abs(probabilities.loss([1, 2, 2]) - 0.7035788181536522) < 1e-7)
        let (confidence, accuracy, counts) = probabilities.reliability([1, 2, 2])
        #expect(counts == [0, 0, 0, 0, 0, 1, 1, 0, 0, 1])
        #expect(accuracy[5] == 0 && accuracy[6] == 1 && accuracy[9] == 1 && accuracy[0].isNaN)
        #expect(abs(confidence[9] - 0.909443) < 1e-6)
        let mean = Probabilities(meanOf: [probabilities, Probabilities(logits: .zeros([3, 3]))])
        #expect(abs(mean.values[1] - (0.62853172 + 1.0 / 3) / 2) < 1e-7)
    }

    @Test func nearestNeighbors() {
        let points: [[Double]] = [[0, 0], [1, 0], [5, 5], [6, 5], [5, 6]]
        let nearest = NearestNeighbors(points, [0, 1, 2, 2, 2])
        #expect(nearest([0.4, 0]) == 0 && nearest([0.6, 0]) == 1 && nearest([9, 9]) == 2)
        // Three votes: at the first two points one of the third class joins them, and the lower class wins.
        #expect(NearestNeighbors(points, [0, 1, 2, 2, 2], k: 3)([0, 0]) == 0)
        #expect(NearestNeighbors(points, [0, 1, 2, 2, 2], k: 5)([0, 0]) == 2)
        #expect(nearest.accuracy([[0, 0], [6, 6]], [0, 1]) == 0.5)
    }
}
