import ApusGraph
import ApusNN
import ApusTensor
import Testing

/// Layers that draw random numbers, by their distributions; `DropoutTests` has the plain one.
@Suite struct NoiseTests {
    /// The output and the gradient to the input.
    private func run(
        _ layer: some Layer, _ x: Tensor, mode: Mode = .training, step: Int = 0
    ) throws -> (y: [Double], dx: [Double]) {
        let y = TracedModel(layer, Values(x), mode: mode, key: Tensor([7, step])).output
        let gradients = gradient(of: y.sum(), withRespectTo: [x])
        try evaluate([y] + gradients)
        return (y.scalars(as: Double.self), gradients[0].scalars(as: Double.self))
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return (mean, variance.squareRoot())
    }

    private let ones = Tensor.ones([200, 100])
    private let normal = Tensor.normal([200, 100], key: RandomKey(seed: 3))

    /// Mean 0 and variance 1 stay so, and what is dropped is the same number everywhere.
    @Test(arguments: [0.1, 0.3, 0.6]) func alphaDropout(rate: Double) throws {
        let (y, dx) = try run(AlphaDropout(rate), normal)
        let (mean, deviation) = moments(y)
        #expect(abs(mean) < 0.04, "\(mean)")
        #expect(abs(deviation - 1) < 0.04, "\(deviation)")
        let dropped = y.indices.filter { dx[$0] == 0 }
        let share = Double(dropped.count) / 20_000
        #expect(abs(share - rate) < 5 * (rate * (1 - rate) / 20_000).squareRoot())
        // a · α′ + b with α′ = −1.7581, a = 1 / √((1 − r)(1 + r α′²)), b = −a r α′.
        let saturation = -1.758_099_340_847_376_6
        let factor = 1 / ((1 - rate) * (1 + rate * saturation * saturation)).squareRoot()
        let constant = factor * saturation * (1 - rate)
        #expect(dropped.allSatisfy { abs(y[$0] - constant) < 1e-5 })
        let x = normal.scalars(as: Double.self)
        for index in y.indices where dx[index] != 0 {
            guard abs(dx[index] - factor) < 1e-5, abs(y[index] - factor * (x[index] - rate * saturation)) < 1e-4 else {
                Issue.record("element \(index): \(y[index]) of \(x[index]), slope \(dx[index])")
                break
            }
        }
    }

    /// Factors with mean 1 and the variance r / (1 − r) of plain dropout; the gradient is the factor.
    @Test(arguments: [0.1, 0.3, 0.6]) func gaussianDropout(rate: Double) throws {
        let (y, dx) = try run(GaussianDropout(rate), ones)
        let (mean, deviation) = moments(y)
        let expected = (rate / (1 - rate)).squareRoot()
        #expect(abs(mean - 1) < 5 * expected / 20_000.0.squareRoot())
        #expect(abs(deviation / expected - 1) < 5 / 40_000.0.squareRoot())
        #expect(y == dx)
        #expect(try run(GaussianDropout(rate), ones * 3).y == y.map { Double(Float($0) * 3) })
    }

    @Test(arguments: [0.1, 2]) func gaussianNoise(spread: Double) throws {
        let (y, dx) = try run(GaussianNoise(spread), ones * 4)
        let (mean, deviation) = moments(y)
        #expect(abs(mean - 4) < 5 * spread / 20_000.0.squareRoot())
        #expect(abs(deviation / spread - 1) < 5 / 40_000.0.squareRoot())
        #expect(dx.allSatisfy { $0 == 1 })
    }

    /// Whole samples stay, divided by what is kept, or become 0; so do their gradients.
    @Test func stochasticDepthDropsSamples() throws {
        let shape: Shape = [2000, 2, 3]
        let (values, gradients) = try run(StochasticDepth(0.25), .ones(shape))
        #expect(values == gradients)
        var kept = 0
        for sample in 0..<2000 {
            let elements = Set(values[(sample * 6)..<(sample * 6 + 6)])
            #expect(elements.count == 1 && (elements == [0] || abs(elements.first! - 4.0 / 3) < 1e-6))
            if elements != [0] { kept += 1 }
        }
        #expect(abs(Double(kept) / 2000 - 0.75) < 0.04, "\(kept)")
    }

    /// A channel of a sample is kept at all positions, or at none.
    @Test(arguments: [Shape([100, 6, 40]), [100, 2, 3, 40]]) func spatialDropout(_ shape: Shape) throws {
        let (y, dx) = try run(SpatialDropout(0.25), .ones(shape))
        #expect(y == dx)
        let kept = Double(Float(1 / 0.75))
        var share = 0.0
        for sample in 0..<100 {
            for channel in 0..<40 {
                let values = (0..<6).map { y[(sample * 6 + $0) * 40 + channel] }
                guard Set(values).count == 1, values[0] == 0 || abs(values[0] - kept) < 1e-6 else {
                    Issue.record("sample \(sample), channel \(channel): \(values)")
                    return
                }
                share += values[0] == 0 ? 1.0 / 4000 : 0
            }
        }
        #expect(abs(share - 0.25) < 5 * (0.25 * 0.75 / 4000).squareRoot())
    }

    static let layers: [any Layer] = [
        AlphaDropout(0.3), GaussianDropout(0.3), GaussianNoise(0.3), SpatialDropout(0.3), StochasticDepth(0.3),
    ]

    @Test(arguments: layers.indices) func offAtInferenceAndNewInEveryStep(_ index: Int) throws {
        let layer = NoiseTests.layers[index]
        let x = Tensor.normal([20, 5, 10], key: RandomKey(seed: 3))
        #expect(try run(layer, x, mode: .inference).y == x.scalars(as: Double.self))
        #expect(try run(layer, x, step: 1).y == run(layer, x, step: 1).y)
        #expect(try run(layer, x, step: 1).y != run(layer, x, step: 2).y)
    }
}
