import Apus
import ApusOptimizers
import ApusTestKit
import Foundation
import Testing

/// Walks down functions of two numbers, and averages of series.
@Suite struct DescentTests {
    /// Plain descent and momentum against the same steps in Double.
    @Test func pathsAsByHand() throws {
        let ravine: @Sendable (Tensor, Tensor) -> Tensor = { x, y in x * x / 20 + y * y }
        for momentum in [0.0, 0.9] {
            let path = try DescentPath(
                of: .sgd(learningRate: 0.1, momentum: momentum), on: ravine, from: (-7, 2), steps: 30)
            var (x, y, vx, vy) = (-7.0, 2.0, 0.0, 0.0)
            var length = 0.0
            #expect(path.x.count == 31 && path.y.count == 31 && path.values.count == 31)
            for step in 0...30 {
                #expect(abs(path.x[step] - x) < 1e-4 && abs(path.y[step] - y) < 1e-4)
                #expect(abs(path.values[step] - (x * x / 20 + y * y)) < 1e-4)
                guard step < 30 else { break }
                (vx, vy) = (momentum * vx - 0.1 * x / 10, momentum * vy - 0.1 * 2 * y)
                (x, y) = (x + vx, y + vy)
                length += (vx * vx + vy * vy).squareRoot()
            }
            #expect(abs(path.length - length) < 1e-3)
        }
    }

    /// Several rates at once are the same walks as one by one.
    @Test func ratesAtOnce() throws {
        let bowl: @Sendable (Tensor, Tensor) -> Tensor = { x, y in x * x + 3 * y * y }
        for optimizer in [Optimizer.sgd(learningRate: 1), .adam(learningRate: 1), .rmsprop(learningRate: 1)] {
            let rates = [0.01, 0.1, 0.2]
            let paths = try DescentPath.paths(of: optimizer, learningRates: rates, on: bowl, from: (1, 2), steps: 10)
            for (rate, path) in zip(rates, paths) {
                let alone = try DescentPath.paths(
                    of: optimizer, learningRates: [rate], on: bowl, from: (1, 2), steps: 10)[0]
                #expect(path == alone)
            }
        }
        #expect(try DescentPath.paths(of: .adam(), learningRates: [], on: bowl, from: (1, 2), steps: 3).isEmpty)
    }

    @Test func noiseIsThatOfTheSeed() throws {
        let flat: @Sendable (Tensor, Tensor) -> Tensor = { x, y in 0 * x * y }
        func walk(_ seed: UInt64) throws -> DescentPath {
            try DescentPath(of: .sgd(learningRate: 1), on: flat, from: (0, 0), steps: 400, noise: 0.5, seed: seed)
        }
        let path = try walk(1)
        #expect(try walk(1) == path)
        #expect(try walk(2) != path)
        for places in [path.x, path.y] {
            let changes = zip(places.dropFirst(), places).map { $0 - $1 }
            let deviation = (changes.reduce(0) { $0 + $1 * $1 } / Double(changes.count)).squareRoot()
            #expect(abs(deviation - 0.5) < 0.06)
        }
        #expect(abs(zip(path.x, path.y).reduce(0) { $0 + $1.0 * $1.1 } / 400) != 0)
    }

    /// Against the sums that define them.
    @Test func averages() throws {
        let series = [3.0, -1, 4, 1, -5, 9]
        for decay in [0, 0.5, 0.9] {
            let raw = try ExponentialAverage.averages(of: series, decay: decay, correctsBias: false)
            let corrected = try ExponentialAverage.averages(of: series, decay: decay)
            for t in series.indices {
                let sum = (0...t).reduce(0) { $0 + (1 - decay) * pow(decay, Double(t - $1)) * series[$1] }
                #expect(abs(raw[t] - sum) < 1e-12)
                #expect(abs(corrected[t] - sum / (1 - pow(decay, Double(t + 1)))) < 1e-12)
            }
        }
        #expect(try ExponentialAverage.averages(of: [], decay: 0.5).isEmpty)
        #expect(try ExponentialAverage(decay: 0.5).value.isNaN)
        for decay in [-0.1, 1, .nan] {
            #expect(
                message { try ExponentialAverage(decay: decay) }
                    == "expected a decay of at least 0 and below 1 but received \(decay)")
        }
    }

    /// A long wave comes β/(1 − β) steps late, a short one less.
    @Test func lagOfWaves() {
        #expect(ExponentialAverage.lag(decay: 0.9, frequency: 0) == 0.9 / (1 - 0.9))
        #expect(abs(ExponentialAverage.lag(decay: 0.9, frequency: 1e-5) - 9) < 1e-4)
        #expect(abs(ExponentialAverage.lag(decay: 0.98, frequency: 2 * .pi / 365.25) - 40.505) < 1e-3)
    }
}

/// What keeps its value from the first step to the last.
@Suite struct FrozenThroughoutTests {
    @Test func whatAnEpochUnfreezesIsNotFrozenThroughout() {
        let frozen = Optimizer.adam().freezing("0.*").freezing("1.*")
        #expect(frozen.freezesThroughout("0.dense/kernel") && !frozen.freezesThroughout("2.dense/kernel"))
        let later = frozen.unfreezing("1.*", epoch: 3)
        #expect(later.freezesThroughout("0.dense/kernel") && !later.freezesThroughout("1.dense/kernel"))
        #expect(frozen.unfreezingGradually().freezesThroughout("1.dense/kernel"))
    }
}
